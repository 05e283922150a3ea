#include "actors/process/child_process.h"
#include "net/writers.h"
#include "runtime/limits.h"

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

// A child_process' writes, from the mailbox to the pipe.

namespace sluice::actors::process {

using net::reject_reason;
using net::rejected;
using runtime::byte_slice;
namespace limits = runtime::limits;

namespace {

/// The write that `x` is, if somebody waits for it.
const net::write* write_in(const caf::mailbox_element& x) {
  auto& content = x.content();
  if (!x.sender || content.size() != 1 || !content.match_element<net::write>(0))
    return nullptr;
  return &content.get_as<net::write>(0);
}

/// One number for both caps: a write's bytes, and its share of the entries.
std::size_t charge_of(const net::write& x) noexcept {
  return x.bytes.size() + limits::write_cap_bytes / limits::write_cap_entries
         + 1;
}

} // namespace

// -- the mailbox --------------------------------------------------------------

void child_process::enqueue(caf::mailbox_element_ptr what,
                            caf::execution_unit* host) {
  using passage = net::mailbox_door::passage;
  auto command = write_in(*what);
  auto how = command == nullptr
                 ? passage::free
                 : door_.enter(charge_of(*command), limits::write_high_bytes,
                               limits::write_cap_bytes);
  if (how == passage::free)
    return broker::enqueue(std::move(what), host);
  auto writer = what->sender;
  if (how == passage::refused)
    return net::tell_writer(
        writer,
        rejected{command->bytes, reject_reason::overflow, command->token},
        host);
  // The actor may end as soon as it has the message.
  auto me = self();
  broker::enqueue(std::move(what), host);
  if (writer != me)
    valve_.mailbox_rose(door_.inside(), writer, me, host);
}

/// After it has joined the queue: it waits there or nowhere.
void child_process::admitted(const caf::mailbox_element& x) {
  auto command = write_in(x);
  if (command == nullptr)
    return;
  door_.leave(charge_of(*command));
  valve_.mailbox_fell(door_.inside(), self(), &loop());
}

/// A write that crossed with the end comes back, too.
void child_process::on_undelivered(caf::mailbox_element& x) const {
  auto command = write_in(x);
  if (command == nullptr || x.sender == ctrl())
    return;
  net::tell_writer(
      x.sender, rejected{command->bytes, reject_reason::closed, command->token},
      nullptr);
}

// -- the queue ----------------------------------------------------------------

bool child_process::write_input(byte_slice bytes, std::uint64_t token) {
  return submit(held(), std::move(bytes), token);
}

bool child_process::write_input(std::string_view text, std::uint64_t token) {
  auto small = text.size() <= limits::write_slab_bytes / limits::compact_ratio;
  return write_input(
      small ? loop().write_slab().copy(text) : byte_slice::copy(text), token);
}

void child_process::close_input() {
  input_ended_ = true;
  settle_later();
}

bool child_process::submit(const caf::strong_actor_ptr& from, byte_slice bytes,
                           std::uint64_t token) {
  auto size = bytes.size();
  if (auto why = refuses(size)) {
    net::give_back(*this, from, {std::move(bytes), *why, token});
    if (*why == reject_reason::overflow)
      net::press(*this, valve_, input_, input_.bytes(), from);
    return false;
  }
  if (size == 0) { // nothing to write is written
    if (token != 0)
      tell(from ? from : self(), net::written{token});
    return true;
  }
  input_.push(from ? from : self(), {{}, std::move(bytes), {}}, token,
              blocked_);
  if (!blocked_ && input_.bytes() >= limits::write_high_bytes)
    flush_input();
  if (blocked_)
    net::press(*this, valve_, input_, input_.bytes(), from);
  settle_later();
  return true;
}

std::optional<reject_reason> child_process::refuses(std::size_t size) {
  if (input_ended_)
    return reject_reason::shut_down;
  if (!input_end_.fd.is_open())
    return reject_reason::closed;
  if (size > limits::write_cap_bytes)
    return reject_reason::too_large;
  if (!fits(size))
    flush_input();
  if (!input_end_.fd.is_open())
    return reject_reason::closed;
  if (!fits(size))
    return reject_reason::overflow;
  return std::nullopt;
}

bool child_process::fits(std::size_t size) const noexcept {
  return input_.bytes() + size <= limits::write_cap_bytes
         && input_.entries() < limits::write_cap_entries;
}

// -- the pipe -----------------------------------------------------------------

void child_process::on_input_ready(pipe_end&) {
  blocked_ = false; // or broken, which the next write finds
}

void child_process::flush_input() {
  auto tell_writer = [this](const caf::strong_actor_ptr& from,
                            std::uint64_t token) {
    tell(from, net::written{token});
  };
  std::array<iovec, limits::write_gather_slices> parts;
  while (!blocked_ && input_end_.fd.is_open() && !input_.empty()) {
    auto count = input_.gather(parts);
    auto result = api_.write(input_end_.fd.fd(), std::span{parts}.first(count));
    if (result == -EINTR)
      continue;
    if (result == -EAGAIN) {
      blocked_ = true;
      input_.compact();
    } else if (result < 0) {
      return end_input(static_cast<int>(-result));
    } else {
      input_.taken(static_cast<std::size_t>(result), tell_writer);
    }
  }
  if (valve_.closed())
    valve_.fall(input_.bytes(), self(), &loop());
  if (input_ended_ && input_.empty())
    close_end(input_end_);
}

/// Nobody reads it any more: what is queued comes back.
void child_process::end_input(int os_error) {
  close_end(input_end_);
  blocked_ = false;
  std::vector<std::pair<caf::strong_actor_ptr, rejected>> unsent;
  input_.drain([&](const caf::strong_actor_ptr& from, byte_slice x,
                   std::uint64_t token, bool) {
    unsent.push_back(
        {from, {std::move(x), reject_reason::closed, token, {}, os_error}});
  });
  if (valve_.closed())
    valve_.release(self(), &loop());
  // Our own behavior may do anything when it gets something back.
  for (auto& [from, what] : unsent)
    net::give_back(*this, from, std::move(what));
}

} // namespace sluice::actors::process
