#include "actors/process/child_process.h"
#include "runtime/limits.h"

#include <algorithm>
#include <cerrno>

// A child_process' pipes to events.

namespace sluice::actors::process {

using runtime::byte_slice;
using runtime::delivery;
namespace limits = runtime::limits;

void child_process::on_output_ready(pipe_end& x) {
  read_some(static_cast<output_end&>(x));
}

ssize_t child_process::read_once(output_end& x, std::span<char> room) {
  for (;;)
    if (auto count = api_.read(x.fd.fd(), room); count != -EINTR)
      return count;
}

void child_process::read_some(output_end& x) {
  std::size_t total = 0;
  while (x.fd.is_open() && gate_.open() && !x.pending
         && total < limits::read_turn_bytes) {
    auto room = loop().read_slab().room(limits::read_room_min_bytes);
    auto count = read_once(x, room);
    if (count == -EAGAIN)
      return;
    if (count <= 0) // an error, too: there is no more to be had
      return on_end(x);
    auto size = static_cast<std::size_t>(count);
    total += size;
    on_bytes(x, loop().read_slab().take(size));
    // A short read has most likely emptied the pipe; if not, the poller says so
    // again.
    if (size < room.size())
      return;
  }
}

/// What was in the pipe when the wait was over.
void child_process::read_rest(output_end& x) {
  while (x.fd.is_open() && gate_.open() && !x.pending) {
    auto room = loop().read_slab().room(limits::read_room_min_bytes);
    auto size = std::min(room.size(), *x.left);
    // With nothing left a read tells whether that was the end.
    auto count = read_once(x, room.first(std::max<std::size_t>(size, 1)));
    x.cut = count == -EAGAIN || (count > 0 && size == 0);
    if (count <= 0 || x.cut)
      return on_end(x);
    size = static_cast<std::size_t>(count);
    *x.left -= size;
    on_bytes(x, loop().read_slab().take(size));
  }
}

void child_process::on_bytes(output_end& x, byte_slice bytes) {
  if (!x.lines) {
    deliver_output(x, std::move(bytes), false);
    return;
  }
  x.lines->feed(std::move(bytes));
  pump(x);
}

void child_process::on_end(output_end& x) {
  close_end(x);
  if (!x.lines)
    return;
  x.lines->end();
  pump(x);
}

/// Delivers the lines that have come, as far as the behavior wants them.
void child_process::pump(output_end& x) {
  if (!x.lines)
    return;
  line_cutter::piece piece;
  while (gate_.open()) {
    if (!x.lines->next(piece)) {
      x.pending = false;
      return;
    }
    if (!deliver_output(x, std::move(piece.bytes), piece.more))
      return;
  }
  x.pending = x.lines->buffered() > 0;
  x.lines->compact();
}

/// False if the actor is dead by that.
bool child_process::deliver_output(output_end& x, byte_slice bytes, bool more) {
  gate_.spend();
  process_output event{x.stream, std::move(bytes), more};
  auto result = deliver(event);
  if (result == delivery::skipped)
    gate_.awaiting(true); // do not fill the mailbox
  return result != delivery::terminated;
}

// -- what steers the reading --------------------------------------------------

void child_process::read_credit(std::uint64_t count) {
  gate_.credit(count);
  settle_later();
}

void child_process::read_flowing() {
  gate_.flow();
  settle_later();
}

void child_process::read_paused() {
  gate_.pause();
  settle_later();
}

} // namespace sluice::actors::process
