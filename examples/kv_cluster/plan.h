#pragma once

// plan: which shards a command is about, and what is to be made of their
// answers.
//
// Thread rule: functions of values.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::examples::kv_cluster {

/// How the answers of the parts make one.
enum class merge : std::uint8_t {
  one,    // there is one
  values, // MGET: an array of them
  sum,    // DEL, EXISTS, DBSIZE: of integers
  all_ok, // MSET, FLUSHALL
  arrays, // KEYS: one array of all
  any,    // RANDOMKEY: one that is not null
  cursor, // SCAN: its cursor says where it goes on
};

enum class plan_kind : std::uint8_t {
  local,   // not about keys
  single,  // about keys of one shard; the command as it came
  parts,   // a command for each of `parts`
  refused, // `error` says why
};

struct plan_part {
  std::uint32_t shard = 0;
  std::string command;
};

struct plan {
  plan_kind what = plan_kind::local;
  merge how = merge::one;
  bool writes = false;
  std::uint32_t shard = 0;
  std::vector<plan_part> parts;
  std::string error;
};

/// The shard of a key. As in Redis Cluster, of a key with a part in braces only
/// that part counts, so that keys can be kept together.
std::uint32_t shard_of_key(std::string_view key, std::uint32_t shards) noexcept;

/// What to do for the command `args`, which may be no command at all.
void make_plan(std::span<const std::string_view> args, std::uint32_t shards,
               plan& result);

/// The keys of a command, as its table of commands says.
void keys_of(std::span<const std::string_view> args,
             std::vector<std::string_view>& keys);

/// Makes one answer of those of the parts: the first error, if there is one.
std::string merge_answers(merge how, const std::vector<std::string>& answers,
                          std::uint32_t shards, std::uint32_t shard);

} // namespace sluice::examples::kv_cluster
