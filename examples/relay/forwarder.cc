#include "examples/relay/forwarder.h"

#include "runtime/error.h"

namespace sluice::examples::relay {

using actors::channel::end_reason;
using actors::channel::outlet_closed;
using actors::channel::outlet_opened;
using std::chrono::steady_clock;

namespace {

using again = caf::atom_constant<caf::atom("again")>;

/// Whether the next process may be back in a moment. Or not be there yet: the
/// processes of a relay are started in any order.
bool may_come_back(end_reason x) {
  return x == end_reason::link_lost || x == end_reason::peer_silent
         || x == end_reason::connect_failed || x == end_reason::nobody_listens
         || x == end_reason::unknown_name;
}

} // namespace

forwarder::forwarder(actors::flow_actor* self, actors::channel::host& channels,
                     const std::string& to, status& shared)
    : self_(self), shared_(shared), last_good_(steady_clock::now()) {
  auto out = channels.open_outlet<part>(self, to, channel_name);
  if (out)
    out_ = std::move(*out);
  else
    shared_.end(runtime::to_text(out.error()));
}

void forwarder::push(const part& x) {
  if (auto err = out_.push(x))
    return shared_.end(runtime::to_text(err));
  shared_.bytes_pushed += x.bytes.size();
  look();
}

void forwarder::finish() {
  out_.close();
}

void forwarder::look() {
  auto bytes = out_.pending_bytes();
  shared_.bytes_pending = bytes;
  if (bytes > shared_.bytes_pending_peak)
    shared_.bytes_pending_peak = bytes;
}

// [events]
caf::message_handler forwarder::events() {
  return {
      [this](const outlet_opened&) {
        shared_.connected = true;
        last_good_ = steady_clock::now();
      },
      [this](const outlet_closed& x) { on_closed(x); },
      [this](again) { retry(); },
  };
}

void forwarder::on_closed(const outlet_closed& x) {
  if (shared_.connected.exchange(false))
    last_good_ = steady_clock::now();
  if (x.reason == end_reason::finished)
    return shared_.end();
  if (!may_come_back(x.reason)
      || steady_clock::now() - last_good_ > shared_.patience)
    return shared_.end(runtime::to_text(x.error) + "; "
                       + std::to_string(x.unconfirmed)
                       + " messages were not confirmed");
  self_->delayed_send<caf::message_priority::high>(
      self_, std::chrono::milliseconds{retry_ms}, again::value);
}

void forwarder::retry() {
  ++shared_.reopened;
  if (auto err = out_.reopen())
    shared_.end(runtime::to_text(err));
}
// [/events]

} // namespace sluice::examples::relay
