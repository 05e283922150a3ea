#include "net/stream_broker.h"

// A stream_broker's mailbox: writes that wait in it are bounded like those that
// wait for the socket, and come back if the connection ends before their turn.

namespace sluice::net {

namespace {

/// The bytes of a write command; null for other messages.
const byte_slice* bytes_of(const caf::type_erased_tuple& content) {
  if (content.size() != 1)
    return nullptr;
  if (content.match_element<net::write>(0))
    return &content.get_as<net::write>(0).bytes;
  if (content.match_element<net::write_frame>(0))
    return &content.get_as<net::write_frame>(0).payload;
  return nullptr;
}

std::uint64_t token_of(const caf::type_erased_tuple& content) {
  return content.match_element<net::write>(0)
             ? content.get_as<net::write>(0).token
             : content.get_as<net::write_frame>(0).token;
}

} // namespace

void stream_broker::enqueue(caf::mailbox_element_ptr what,
                            caf::execution_unit* host) {
  using passage = mailbox_door::passage;
  auto charge = charge_of(*what);
  auto how = charge == 0 ? passage::free
                         : door_.enter(charge, options_->write_marks.high,
                                       options_->write_cap_bytes);
  if (how == passage::free)
    return broker::enqueue(std::move(what), host);
  if (how == passage::refused) {
    net_totals::refused_at_door.fetch_add(1, std::memory_order_relaxed);
    return_write(*what, reject_reason::overflow);
    return;
  }
  // The broker may end as soon as it has the message.
  auto me = self();
  auto writer = what->sender;
  broker::enqueue(std::move(what), host);
  if (writer != me)
    valve().mailbox_rose(door_.inside(), writer, me, host);
}

/// Each write costs its bytes and its share of the entries: so one number
/// stands for both caps.
std::size_t
stream_broker::charge_of(const caf::mailbox_element& x) const noexcept {
  auto bytes = x.sender ? bytes_of(x.content()) : nullptr;
  if (bytes == nullptr)
    return 0;
  return bytes->size() + options_->write_cap_bytes / options_->write_cap_entries
         + 1;
}

void stream_broker::admitted(const caf::mailbox_element& x) {
  auto charge = charge_of(x);
  if (charge == 0)
    return;
  door_.leave(charge);
  if (auto made = valve_.load(std::memory_order_seq_cst))
    made->mailbox_fell(door_.inside(), held(), &loop());
}

void stream_broker::refuse_write(const caf::mailbox_element& x,
                                 reject_reason why) {
  if (auto bytes = bytes_of(x.content()))
    give_back(x.sender, *bytes, why, token_of(x.content()));
  admitted(x);
}

/// The valve, made by whoever needs it first. Most connections never do.
runtime::valve& stream_broker::valve() {
  if (auto found = valve_.load(std::memory_order_acquire))
    return *found;
  auto made = std::make_unique<runtime::valve>(options_->write_marks);
  runtime::valve* there = nullptr;
  if (valve_.compare_exchange_strong(there, made.get()))
    return *made.release();
  return *there;
}

/// A write that crossed with the end of the connection comes back, too.
void stream_broker::on_undelivered(caf::mailbox_element& x) const {
  if (x.sender != ctrl())
    return_write(x, reject_reason::closed);
}

/// False if `x` is no write, or nobody's.
bool stream_broker::return_write(caf::mailbox_element& x, reject_reason why) {
  auto bytes = x.sender ? bytes_of(x.content()) : nullptr;
  if (bytes == nullptr)
    return false;
  x.sender->enqueue(
      caf::make_mailbox_element(nullptr, caf::make_message_id(), {},
                                rejected{*bytes, why, token_of(x.content())}),
      nullptr);
  return true;
}

} // namespace sluice::net
