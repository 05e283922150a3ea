#include "tests/support/sim_network.h"

#include "runtime/panic.h"
#include "tests/support/sim_world.h"

namespace sluice::testing {

sim_host& sim_network::add_host(const std::vector<std::string>& addresses) {
  std::vector<sim_address> own;
  for (const auto& text : addresses) {
    own.push_back(sim_address::from(at(text, 0)));
    for (const auto& other : hosts_)
      runtime::check(!other->owns(own.back()), "two hosts with one address");
  }
  hosts_.push_back(
      std::make_unique<sim_host>(world_, hosts_.size(), std::move(own)));
  return *hosts_.back();
}

sim_host* sim_network::host_of(const sim_host& from,
                               const sim_address& address) const {
  for (const auto& host : hosts_)
    if (host->owns(address)
        || (host.get() == &from && (address.is_loopback() || address.is_any())))
      return host.get();
  return nullptr;
}

void sim_network::set_absence(const std::string& address, absence what) {
  absences_[sim_address::from(at(address, 0)).host] = what;
}

absence sim_network::absence_of(const sim_address& address) const {
  auto i = absences_.find(address.host);
  return i == absences_.end() ? absence::unreachable : i->second;
}

void sim_network::cut(const sim_host& a, const sim_host& b) {
  cut_one_way(a, b);
  cut_one_way(b, a);
}

void sim_network::cut_one_way(const sim_host& from, const sim_host& to) {
  world_.note("cut", static_cast<std::int64_t>(from.index()),
              static_cast<std::int64_t>(to.index()));
  cuts_.insert({from.index(), to.index()});
}

void sim_network::heal(const sim_host& a, const sim_host& b) {
  world_.note("heal", static_cast<std::int64_t>(a.index()),
              static_cast<std::int64_t>(b.index()));
  cuts_.erase({a.index(), b.index()});
  cuts_.erase({b.index(), a.index()});
  world_.network_changed();
}

void sim_network::stall(const sim_host& a, const sim_host& b,
                        runtime::duration length) {
  cut(a, b);
  world_.after(length, [this, &a, &b] { heal(a, b); });
}

runtime::duration sim_network::latency() {
  const auto& range = world_.settings().latency;
  return world_.kernel_random().between(range.min, range.max);
}

} // namespace sluice::testing
