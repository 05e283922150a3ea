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
  if (admit(*what))
    broker::enqueue(std::move(what), host);
  else
    return_write(*what, reject_reason::overflow);
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

bool stream_broker::admit(const caf::mailbox_element& x) noexcept {
  auto charge = charge_of(x);
  if (charge == 0)
    return true;
  auto before = in_mailbox_.fetch_add(charge, std::memory_order_relaxed);
  // Alone it may pass whatever its size: then it is refused by its size.
  if (before == 0 || before + charge <= options_->write_cap_bytes)
    return true;
  in_mailbox_.fetch_sub(charge, std::memory_order_relaxed);
  return false;
}

void stream_broker::admitted(const caf::mailbox_element& x) noexcept {
  if (auto charge = charge_of(x); charge > 0)
    in_mailbox_.fetch_sub(charge, std::memory_order_relaxed);
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
