#include "actors/channel/lease.h"

#include "actors/channel/inlet_port.h"

#include <utility>

namespace sluice::actors::channel {

lease::lease(std::shared_ptr<inlet_port> port, std::uint64_t first,
             std::uint32_t count, std::size_t bytes) noexcept
    : port_(std::move(port)), first_(first), count_(count), bytes_(bytes) {
}

lease::~lease() {
  port_->freed(first_, count_, bytes_);
}

} // namespace sluice::actors::channel
