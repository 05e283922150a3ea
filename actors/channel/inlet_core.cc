#include "actors/channel/inlet_core.h"

#include "runtime/error.h"

#include <string>

namespace sluice::actors::channel {

using runtime::errc;
using runtime::make_error;

inlet_core::inlet_core(std::uint64_t start, std::uint64_t window_messages,
                       std::uint64_t window_bytes) noexcept
    : window_messages_(window_messages),
      window_bytes_(window_bytes),
      position_(start),
      confirmed_(start),
      freed_(start) {
}

void inlet_core::advance_limits() noexcept {
  message_limit_ = freed_ + window_messages_;
  byte_limit_ = freed_bytes_ + window_bytes_;
  said_confirmed_ = confirmed_;
  blocked_ = false;
}

wire::opened inlet_core::open(std::uint32_t channel) {
  advance_limits();
  return {channel,        position_,   bytes_,           confirmed_,
          message_limit_, byte_limit_, window_messages_, window_bytes_};
}

caf::error inlet_core::receive(std::uint64_t first, std::uint32_t count,
                               std::size_t bytes) {
  if (first != position_)
    return make_error(errc::malformed_frame,
                      "frame \"data\": begins at position "
                          + std::to_string(first) + " instead of "
                          + std::to_string(position_));
  auto alone = count == 1 && freed_ == position_;
  if (position_ + count > message_limit_
      || (bytes_ + bytes > byte_limit_ && !alone))
    return make_error(errc::malformed_frame,
                      "frame \"data\": goes over the credit");
  position_ += count;
  bytes_ += bytes;
  return {};
}

void inlet_core::free(std::uint64_t first, std::uint32_t count,
                      std::size_t bytes) {
  freed_ += count;
  freed_bytes_ += bytes;
  if (first != confirmed_) {
    early_.emplace(first, first + count);
    return;
  }
  confirmed_ += count;
  for (auto at = early_.begin(); at != early_.end() && at->first == confirmed_;
       at = early_.erase(at))
    confirmed_ = at->second;
}

bool inlet_core::grant_useful() const noexcept {
  return freed_ + window_messages_ > message_limit_
         || confirmed_ > said_confirmed_;
}

bool inlet_core::grant_due() const noexcept {
  auto messages = freed_ + window_messages_ - message_limit_;
  auto bytes = freed_bytes_ + window_bytes_ - byte_limit_;
  return messages > 0
         && (blocked_ || 2 * messages >= window_messages_
             || 2 * bytes >= window_bytes_);
}

wire::grant inlet_core::grant(std::uint32_t channel) {
  advance_limits();
  return {channel, confirmed_, message_limit_, byte_limit_};
}

} // namespace sluice::actors::channel
