#include "net/framer.h"

#include "runtime/error.h"
#include "runtime/limits.h"
#include "runtime/panic.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace sluice::net {

using runtime::byte_slice;
using runtime::errc;
using runtime::slab;
using status = decoded::status;
namespace limits = runtime::limits;

namespace {

void check_frame(const decoded& found, std::size_t size) {
  runtime::check(found.consumed > 0 && found.consumed <= size
                     && found.offset <= found.consumed
                     && found.size <= found.consumed - found.offset,
                 "a codec found a frame outside of its input");
}

byte_slice joined(const byte_slice& first, const byte_slice& second) {
  auto both = slab::make(first.size() + second.size());
  std::memcpy(both->data(), first.data(), first.size());
  std::memcpy(both->data() + first.size(), second.data(), second.size());
  auto size = both->capacity();
  return {std::move(both), 0, size};
}

} // namespace

framer::framer(std::unique_ptr<net::codec> codec) : codec_(std::move(codec)) {
  runtime::check(codec_ != nullptr, "framer without a codec");
  checked_frame_bound(codec_->frame_bytes_max());
}

void framer::feed(byte_slice bytes) {
  if (error_ || bytes.empty())
    return;
  if (input_.empty()) {
    input_ = std::move(bytes);
  } else if (input_.adjoins(bytes)) {
    input_.extend(bytes);
  } else if (starved_) {
    // A partial frame that `park` left where it was.
    gather(input_.size());
    input_ = std::move(bytes);
  } else {
    input_ = joined(input_, bytes);
  }
  starved_ = false;
}

bool framer::next(byte_slice& frame) {
  if (starved_)
    return false;
  return gathered_ == 0 ? next_in_input(frame) : next_in_gathered(frame);
}

bool framer::next_in_input(byte_slice& frame) {
  if (input_.empty()) {
    starved_ = true;
    return false;
  }
  auto found = codec_->decode(input_.view());
  if (found.what == status::frame) {
    check_frame(found, input_.size());
    frame = take_frame(found);
    return true;
  }
  if (found.what == status::need_more)
    park(found);
  else
    fail(found);
  return false;
}

/// The frame that was found in the input, without it.
byte_slice framer::take_frame(const decoded& found) {
  if (found.consumed < input_.size()) {
    auto frame =
        found.size > 0 ? input_.sub(found.offset, found.size) : byte_slice{};
    input_.remove_prefix(found.consumed);
    return frame;
  }
  // The last one takes the input's reference to the slab along.
  auto last = std::exchange(input_, {});
  if (found.size == 0)
    return {};
  if (found.offset + found.size < found.consumed)
    return last.sub(found.offset, found.size);
  last.remove_prefix(found.offset);
  return last;
}

bool framer::next_in_gathered(byte_slice& frame) {
  while (!input_.empty()) {
    std::size_t before = gathered_;
    gather(std::min(chunk_bytes(), input_.size()));
    auto found = codec_->decode({gather_->data(), gathered_});
    if (found.what == status::frame) {
      check_frame(found, gathered_);
      // The codec had asked for more, so that the frame ends in the new bytes.
      // Those behind it are still in the input, where they need no copy.
      runtime::check(found.consumed > before, "a codec found a frame late");
      drop_input(found.consumed - before);
      auto whole = std::exchange(gather_, {});
      gathered_ = 0;
      expected_ = 0;
      frame = found.size > 0
                  ? byte_slice{std::move(whole), found.offset, found.size}
                  : byte_slice{};
      return true;
    }
    drop_input(gathered_ - before);
    if (found.what != status::need_more) {
      fail(found);
      return false;
    }
    park(found);
    if (error_)
      return false;
  }
  starved_ = true;
  return false;
}

void framer::drop_input(std::size_t count) {
  if (count == input_.size())
    input_ = {}; // lets go of the slab
  else
    input_.remove_prefix(count);
}

std::size_t framer::wire_bytes_max() const noexcept {
  return codec_->frame_bytes_max() + envelope::bytes_max;
}

/// How much of the input to gather next: what the frame lacks or, as long as
/// nobody knows that, as much again.
std::size_t framer::chunk_bytes() const noexcept {
  if (expected_ > gathered_)
    return expected_ - gathered_;
  return std::min(std::max<std::size_t>(gathered_, limits::gather_min_bytes),
                  wire_bytes_max() - gathered_);
}

/// Copies the first `count` bytes of the input behind what is gathered.
void framer::gather(std::size_t count) {
  auto size = gathered_ + count;
  if (!gather_ || size > gather_->capacity()) {
    auto enough = expected_ > 0 ? expected_ : wire_bytes_max();
    auto capacity = std::max(2 * size, limits::gather_min_bytes);
    auto larger = slab::make(std::max(std::min(capacity, enough), size));
    if (gathered_ > 0)
      std::memcpy(larger->data(), gather_->data(), gathered_);
    gather_ = std::move(larger);
  }
  std::memcpy(gather_->data() + gathered_, input_.data(), count);
  gathered_ = static_cast<std::uint32_t>(size);
}

/// The codec needs more than there is. A few bytes are not worth a whole slab;
/// many stay where they are, since the next read may well adjoin them.
void framer::park(const decoded& found) {
  auto partial = gathered_ > 0 ? gathered_ : input_.size();
  if (partial >= wire_bytes_max()) {
    fail(decoded::too_long("frame is over the limit of its codec"));
    return;
  }
  auto known = found.expected <= wire_bytes_max();
  expected_ = known ? static_cast<std::uint32_t>(found.expected) : 0;
  if (gathered_ > 0)
    return;
  if (input_.size() < input_.pinned() / limits::compact_ratio) {
    gather(input_.size());
    input_ = {};
  }
  starved_ = true;
}

void framer::fail(const decoded& why) {
  auto code = why.what == status::too_long ? errc::frame_too_long
                                           : errc::malformed_frame;
  error_ = runtime::make_error(code, why.detail);
  input_ = {};
  gather_ = {};
  gathered_ = 0;
  expected_ = 0;
  starved_ = true;
}

caf::error framer::at_end() const {
  if (error_ || buffered() == 0)
    return error_;
  auto text = "the stream ended inside a frame, after "
              + std::to_string(buffered()) + " bytes";
  if (expected_ > 0)
    text += " of " + std::to_string(expected_);
  return runtime::make_error(errc::truncated_frame, std::move(text));
}

byte_slice framer::take_rest() {
  auto start = std::exchange(gather_, {});
  auto size = std::exchange(gathered_, 0);
  auto rest = std::exchange(input_, {});
  expected_ = 0;
  starved_ = true;
  if (size == 0)
    return rest;
  byte_slice gathered{std::move(start), 0, size};
  return rest.empty() ? gathered : joined(gathered, rest);
}

void framer::compact() {
  input_ = input_.compact();
}

} // namespace sluice::net
