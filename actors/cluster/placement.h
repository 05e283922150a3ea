#pragma once

// placement: which members of a role are for a key, the same on all machines.
// Rendezvous hashing (D. Thaler and C. Ravishankar, "Using Name-Based Mappings
// to Increase Hit Rates", 1998): each member has a weight for the key, and the
// heaviest are chosen. When a member comes or goes, only what it gains or had
// moves. The weight depends on the member's name only: a node that is started
// again gets back what it had.
//
// For users. Thread rule: functions of values.

#include "actors/cluster/member.h"
#include "actors/cluster/view.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice::actors::cluster {

/// XXH64 with seed 0, the same on every machine.
std::uint64_t hash_of(std::string_view key) noexcept;

/// How much the member of that name is for `key`: XXH64 of the name, with the
/// key's hash as the seed.
std::uint64_t weight_of(std::uint64_t key, std::string_view name) noexcept;

/// True if `x` has the role; every member has the empty one.
bool has_role(const member& x, std::string_view role) noexcept;

/// The members that have `role`, heaviest first, at most `count` of them.
/// Whatever the order of `members`, the result is the same.
std::vector<member> rank(std::uint64_t key, const std::vector<member>& members,
                         std::string_view role, std::size_t count);

/// The same, for a key that is a text, among the members of a view.
std::vector<member> rank(std::string_view key, const view& list,
                         std::string_view role, std::size_t count);

} // namespace sluice::actors::cluster
