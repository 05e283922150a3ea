#include "examples/support/writer.h"

#include "examples/support/chunk.h"
#include "runtime/error.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <limits>

#include <sys/uio.h>
#include <unistd.h>

namespace sluice::examples::support {

using namespace std::chrono_literals;
using net::interest;

writer::writer(caf::actor_config& cfg, net::event_loop& loop, int fd,
               net::ownership whose, const descriptor& output, double rate,
               transfer& shared)
    : fd_broker(cfg, loop, fd, whose),
      output_(output),
      rate_(rate),
      shared_(shared),
      saved_at_(loop.now()) {
}

caf::behavior writer::make_behavior() {
  return {
      [this](net::write& x) {
        sender_ = current_sender();
        put(std::move(x.bytes));
      },
      [this](go_on) { write_some(); },
      [this](net::writable) {
        want(interest::none);
        write_some();
      },
      [this](net::timed_out) { write_some(); },
      [this](end_of_input) {
        ending_ = true;
        if (!under_way_)
          finish();
      },
      [this](const net::closed& why) {
        if (why.error)
          shared_.end(errno_text(output_, why.os_error));
      },
  };
}

/// What adjoins, as the lines of a chunk do, becomes one slice again.
void writer::put(net::byte_slice bytes) {
  queued_ += bytes.size();
  if (!queue_.empty() && queue_.back().adjoins(bytes))
    queue_.back().extend(bytes);
  else
    queue_.push_back(std::move(bytes));
  // Behind the lines that are in the mailbox already: they go together.
  if (!std::exchange(under_way_, true))
    send(this, go_on{});
}

void writer::write_some() {
  std::array<iovec, write_gather_slices> parts;
  std::size_t count = 0;
  auto left = allowed();
  if (left == 0)
    return;
  for (auto& x : queue_) {
    if (count == parts.size() || left == 0)
      break;
    auto size = std::min(x.size(), left);
    parts[count++] = {const_cast<char*>(x.data()), size};
    left -= size;
  }
  auto size = ::writev(output_.fd, parts.data(), static_cast<int>(count));
  if (size >= 0)
    took(static_cast<std::size_t>(size));
  else if (errno != EAGAIN && errno != EINTR)
    return shared_.end(errno_text(output_, errno));
  under_way_ = queued_ > 0;
  if (!under_way_) {
    if (ending_)
      finish();
  } else if (output_.waits) {
    want(interest::write);
  } else {
    send(this, go_on{});
  }
}

/// How many bytes the rate allows now: what was saved up, at most for a tenth
/// of a second. Less than a hundredth is not worth a system call: then 0, and a
/// timer is set.
std::size_t writer::allowed() {
  if (rate_ == 0)
    return std::numeric_limits<std::size_t>::max();
  std::chrono::duration<double> since = loop().now() - saved_at_;
  saved_at_ = loop().now();
  saved_ = std::min(saved_ + since.count() * rate_, std::max(rate_ / 10, 1.0));
  auto enough =
      std::min(static_cast<double>(queued_), std::max(rate_ / 100, 1.0));
  if (saved_ >= enough)
    return static_cast<std::size_t>(saved_);
  std::chrono::duration<double> wait{(enough - saved_) / rate_};
  set_timer(std::chrono::ceil<runtime::duration>(wait));
  return 0;
}

void writer::took(std::size_t size) {
  shared_.bytes_written += size;
  queued_ -= size;
  saved_ -= rate_ == 0 ? 0 : static_cast<double>(size);
  // With high priority: the sink may be paused.
  send<caf::message_priority::high>(caf::actor_cast<caf::actor>(sender_),
                                    taken{size});
  while (size > 0) {
    auto part = std::min(size, queue_.front().size());
    queue_.front().remove_prefix(part);
    size -= part;
    if (queue_.front().empty())
      queue_.pop_front();
  }
}

/// Some file systems tell only now that they had no room.
void writer::finish() {
  rewatch_fd(-1);
  shared_.end(::close(output_.fd) == 0 ? "" : errno_text(output_, errno));
}

caf::actor spawn_writer(net::event_loop& loop, const descriptor& output,
                        double rate, transfer& shared) {
  return net::spawn_fd_broker<writer>(loop, output.waits ? output.fd : -1,
                                      net::ownership::borrowed, output, rate,
                                      shared);
}

} // namespace sluice::examples::support
