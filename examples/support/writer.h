#pragma once

// writer: writes what it gets to a descriptor, at most so many bytes a
// second, and says what is written. It waits for nothing: when a pipe or a
// terminal takes no more, the rest stays in its queue until *writable*. Queue
// and mailbox are bounded by its sender, which counts what it has on its way
// (write_budget).
//
// Thread rule and lifetime: a broker's; ends when everything is written.

#include "examples/support/descriptor.h"
#include "examples/support/transfer.h"
#include "net/fd_broker.h"

#include <deque>

namespace sluice::examples::support {

/// Slices gathered into one writev; as for a connection.
inline constexpr std::size_t write_gather_slices = 64;

class writer final : public net::fd_broker {
public:
  writer(caf::actor_config& cfg, net::event_loop& loop, int fd,
         net::ownership whose, const descriptor& output, double rate,
         transfer& shared);

protected:
  caf::behavior make_behavior() override;

private:
  void put(net::byte_slice bytes);
  void write_some();
  std::size_t allowed();
  void took(std::size_t size);
  void finish();

  descriptor output_;
  double rate_; // bytes a second, 0: no limit
  transfer& shared_;
  std::deque<net::byte_slice> queue_;
  std::size_t queued_ = 0;
  caf::strong_actor_ptr sender_;
  double saved_ = 0; // bytes that may be written now
  runtime::time_point saved_at_;
  bool under_way_ = false; // somebody will call `write_some`
  bool ending_ = false;
};

/// Spawns a writer to `output`.
caf::actor spawn_writer(net::event_loop& loop, const descriptor& output,
                        double rate, transfer& shared);

} // namespace sluice::examples::support
