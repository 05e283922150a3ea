#pragma once

// operation: what a write has done to a shard, as bytes: for each key that it
// concerned its value and deadline as they are now, or that it is gone. So the
// copy of a shard need not run commands, and INCR or SET EX mean the same on
// both nodes.
//
// Thread rule: functions of values.

#include "examples/kv/store.h"

#include <string>
#include <string_view>

namespace sluice::examples::kv_cluster {

/// `key` has this value.
void append_put(std::string& out, const kv::store::entry& x);

/// `key` is gone.
void append_erase(std::string& out, std::string_view key);

/// All keys are gone.
void append_clear(std::string& out);

/// Does to `keys` what `operation` says. What makes no sense ends it.
void apply(kv::store& keys, std::string_view operation);

} // namespace sluice::examples::kv_cluster
