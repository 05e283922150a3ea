#pragma once

// lease: what a batch holds of its channel's window. The destructor of the last
// copy gives it back to the inlet, on whatever thread that happens.
//
// Internal; a part of batch. Thread rule: any thread. Lifetime: keeps the
// inlet's port alive.

#include <cstddef>
#include <cstdint>
#include <memory>

namespace sluice::actors::channel {

class inlet_port;

class lease {
public:
  lease(std::shared_ptr<inlet_port> port, std::uint64_t first,
        std::uint32_t count, std::size_t bytes) noexcept;
  ~lease();

  lease(const lease&) = delete;
  lease& operator=(const lease&) = delete;

private:
  std::shared_ptr<inlet_port> port_;
  std::uint64_t first_;
  std::uint32_t count_;
  std::size_t bytes_;
};

using lease_ptr = std::shared_ptr<const lease>;

} // namespace sluice::actors::channel
