#include "tests/support/sim_host.h"

#include "runtime/panic.h"
#include "tests/support/sim_world.h"

#include <algorithm>
#include <utility>

namespace sluice::testing {

sim_host::sim_host(sim_world& world, std::size_t index,
                   std::vector<sim_address> own)
    : world_(world), index_(index), own_(std::move(own)) {
}

bool sim_host::owns(const sim_address& address) const {
  return std::ranges::find(own_, address.host, &sim_address::host)
         != own_.end();
}

bool sim_host::has(const sim_address& address) const {
  return address.is_loopback() || owns(address);
}

sim_address sim_host::source_for(const sim_address& destination) const {
  if (destination.is_any())
    return {destination.family,
            destination.family == AF_INET ? "127.0.0.1" : "::1", 0};
  // A host speaks to itself from the address that it speaks to (ip(7)).
  if (has(destination))
    return {destination.family, destination.host, 0};
  auto i = std::ranges::find(own_, destination.family, &sim_address::family);
  return i == own_.end() ? sim_address{} : *i;
}

void sim_host::start_shortage(int error, runtime::time_point end) noexcept {
  shortage_error_ = error;
  shortage_end_ = end;
}

int sim_host::shortage() const noexcept {
  if (open_ >= limit_)
    return EMFILE;
  return world_.now() < shortage_end_ ? shortage_error_ : 0;
}

int sim_host::add_descriptor(socket_id id) {
  while (lowest_free_ < descriptors_.size()
         && descriptors_[lowest_free_].id != 0)
    ++lowest_free_;
  if (lowest_free_ == descriptors_.size())
    descriptors_.emplace_back();
  descriptors_[lowest_free_].id = id;
  ++open_;
  return first_descriptor + static_cast<int>(lowest_free_++);
}

socket_id sim_host::remove_descriptor(int fd) {
  auto id = socket_of(fd);
  if (id == 0)
    runtime::panic("close of descriptor " + std::to_string(fd)
                   + ", which is not open");
  if (slot(fd).watchers != 0)
    runtime::panic("close of descriptor " + std::to_string(fd)
                   + ", which a poller still watches");
  slot(fd) = {};
  --open_;
  auto index = static_cast<std::size_t>(fd - first_descriptor);
  if (index < lowest_free_)
    lowest_free_ = index;
  return id;
}

socket_id sim_host::socket_of(int fd) const noexcept {
  auto index = static_cast<std::size_t>(fd - first_descriptor);
  return fd >= first_descriptor && index < descriptors_.size()
             ? descriptors_[index].id
             : 0;
}

} // namespace sluice::testing
