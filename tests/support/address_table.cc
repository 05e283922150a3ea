#include "tests/support/address_table.h"

#include "runtime/panic.h"

#include <algorithm>

namespace sluice::testing {

namespace {

constexpr std::uint16_t first_port = 32768;
constexpr std::uint16_t last_port = 60999;

} // namespace

bool address_table::overlap(const sim_address& a, const sim_address& b) {
  return a.family == b.family && (a.host == b.host || a.is_any() || b.is_any());
}

bool address_table::bind(const sim_address& address, socket_id id, bool reuse) {
  auto& there = entries_[address.port];
  for (const auto& x : there)
    if (overlap(x.address, address) && !(reuse && x.reuse && !x.listening))
      return false;
  there.push_back({address, id, reuse, false});
  return true;
}

bool address_table::listen(const sim_address& address, socket_id id) {
  auto& there = entries_[address.port];
  for (const auto& x : there)
    if (x.listening && x.id != id && overlap(x.address, address))
      return false;
  for (auto& x : there)
    if (x.id == id)
      x.listening = true;
  return true;
}

void address_table::unbind(const sim_address& address, socket_id id) {
  auto port = entries_.find(address.port);
  if (port == entries_.end())
    return;
  auto& there = port->second;
  auto i = std::ranges::find(there, id, &entry::id);
  if (i == there.end())
    return;
  if (i->address.is_file())
    *i = {i->address, 0, false, false};
  else
    there.erase(i);
  if (there.empty())
    entries_.erase(port);
}

bool address_table::unlink(const sim_address& path) {
  auto port = entries_.find(path.port);
  return port != entries_.end()
         && std::erase_if(port->second, [&](const entry& x) {
              return x.address == path;
            }) != 0;
}

std::vector<socket_id>
address_table::bound_to(const sim_address& address) const {
  std::vector<socket_id> result;
  auto port = entries_.find(address.port);
  if (port == entries_.end())
    return result;
  for (const auto& x : port->second)
    if (x.address == address)
      result.push_back(x.id);
  for (const auto& x : port->second)
    if (x.address != address && overlap(x.address, address))
      result.push_back(x.id);
  return result;
}

socket_id address_table::listener(const sim_address& address) const {
  auto port = entries_.find(address.port);
  if (port == entries_.end())
    return 0;
  socket_id wildcard = 0;
  for (const auto& x : port->second) {
    if (!x.listening)
      continue;
    if (x.address == address)
      return x.id;
    if (overlap(x.address, address))
      wildcard = x.id;
  }
  return wildcard;
}

std::uint16_t address_table::unused() {
  for (int tries = last_port - first_port; tries >= 0; --tries) {
    if (next_port_ < first_port || next_port_ > last_port)
      next_port_ = first_port;
    if (!entries_.contains(next_port_))
      return next_port_++;
    ++next_port_;
  }
  runtime::panic("the simulated host has no free port");
}

} // namespace sluice::testing
