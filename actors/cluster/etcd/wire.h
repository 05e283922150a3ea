#pragma once

// wire: what is asked of etcd and what it answers, as its JSON gateway has it
// (etcd 3.4, Documentation/dev-guide/api_grpc_gateway.md and
// api_reference_v3.md): keys and values are base64, 64-bit numbers are strings,
// and what is zero is left out.
//
// Internal. Thread rule: values and pure functions.

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::actors::cluster::etcd {

using lease_id = std::int64_t; // 0: none

/// In every answer.
struct header {
  std::uint64_t cluster = 0;
  std::uint64_t revision = 0;
};

struct key_value {
  std::string key;
  std::string value;
  std::uint64_t created = 0;  // revision
  std::uint64_t modified = 0; // revision; of a key that is gone: when it went
  lease_id lease = 0;
};

struct key_event {
  bool deleted = false;
  key_value what;
};

struct key_list {
  header head;
  std::vector<key_value> keys;
};

struct lease_answer {
  header head;
  lease_id lease = 0;
  /// 0: there is no such lease (any more).
  std::chrono::seconds ttl{0};
};

struct txn_answer {
  header head;
  bool succeeded = false;
  /// If not: who has the key, if anybody.
  std::optional<key_value> holder;
};

struct watch_answer {
  header head;
  bool created = false;
  bool canceled = false;
  /// What came before this revision is forgotten; 0 if that is not why.
  std::uint64_t compacted = 0;
  std::string reason;
  std::vector<key_event> events;
};

/// An answer that says no more than that it was done.
struct done_answer {
  header head;
};

struct question {
  const char* path;
  std::string body;
};

// -- questions ----------------------------------------------------------------

/// All keys that start with `prefix`, in the order in which they were created.
question ask_list(std::string_view prefix);

question ask_grant(std::chrono::seconds ttl);
question ask_renew(lease_id lease);
question ask_revoke(lease_id lease);

/// Puts the key, held by the lease, if there is none.
question ask_claim(std::string_view key, std::string_view value,
                   lease_id lease);

/// Replaces the value of the key, if it is still the one created then.
question ask_replace(std::string_view key, std::string_view value,
                     lease_id lease, std::uint64_t created);

/// Deletes the key, if it is still the one created then.
question ask_delete(std::string_view key, std::uint64_t created);

/// All changes to keys that start with `prefix`, from a revision on.
question ask_watch(std::string_view prefix, std::uint64_t from);

// -- answers ------------------------------------------------------------------

/// For an answer with another status than 200: errc::unknown_name if what was
/// asked for is not there (a lease, mostly), else errc::connection_closed; with
/// etcd's own words if they can be found.
caf::error read_error(long status, std::string_view text);

// Errors: errc::malformed_frame; and as above if the answer is an error in
// spite of its status, as the answer to a renewal or a watch may be.
caf::expected<key_list> read_list(std::string_view text);
caf::expected<lease_answer> read_grant(std::string_view text);
caf::expected<lease_answer> read_renewal(std::string_view text);
caf::expected<txn_answer> read_txn(std::string_view text);
caf::expected<done_answer> read_done(std::string_view text);
caf::expected<watch_answer> read_watch(std::string_view line);

} // namespace sluice::actors::cluster::etcd
