#include "examples/support/reader.h"

#include "examples/support/chunk.h"
#include "runtime/error.h"

#include <cerrno>

#include <unistd.h>

namespace sluice::examples::support {

using net::interest;

reader::reader(caf::actor_config& cfg, net::event_loop& loop, int fd,
               net::ownership whose, const descriptor& input, caf::actor next,
               transfer& shared)
    : pinned_flow(cfg, loop, fd, whose),
      input_(input),
      next_(std::move(next)),
      shared_(shared) {
}

caf::behavior reader::make_behavior() {
  send(this, go_on{});
  return {
      [this](go_on) {
        if (input_.waits)
          want(interest::read);
        else
          read_some();
      },
      [this](net::readable) {
        want(interest::none); // until the next "go on"
        read_some();
      },
      [this](const net::closed& why) {
        if (why.error)
          shared_.end(runtime::to_text(why.error));
        else if (why.reason == net::close_reason::peer_closed)
          send(next_, end_of_input{});
      },
  };
}

void reader::read_some() {
  auto memory = runtime::slab::make(chunk_bytes);
  auto count = ::read(input_.fd, memory->data(), chunk_bytes);
  if (count == 0)
    return finish();
  if (count < 0) {
    if (errno != EINTR && errno != EAGAIN)
      return shared_.end(errno_text(input_, errno));
  } else {
    auto size = static_cast<std::size_t>(count);
    shared_.bytes_read += size;
    // A pipe may bring little at a time: that shall not pin a whole chunk.
    send(next_, chunk{byte_slice{std::move(memory), 0, size}.compact()});
  }
  send(this, go_on{});
}

void reader::finish() {
  send(next_, end_of_input{});
  quit();
}

caf::actor spawn_reader(net::event_loop& loop, const descriptor& input,
                        caf::actor next, transfer& shared) {
  return net::spawn_fd_broker<reader>(loop, input.waits ? input.fd : -1,
                                      net::ownership::borrowed, input,
                                      std::move(next), shared);
}

} // namespace sluice::examples::support
