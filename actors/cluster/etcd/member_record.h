#pragma once

// member_record: how a member stands in etcd. Its key is
// /sluice/<cluster>/members/<name>; the value is JSON:
//
//   {"endpoint":"tcp://10.0.0.1:7000","remote":"","roles":["kv"]}
//
// and has `"leaving":true` from the moment at which the member is about to go
// in order. The incarnation is the key's create_revision.
//
// Internal. Thread rule: values and pure functions.

#include "actors/cluster/member.h"

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace sluice::actors::cluster::etcd {

struct member_record {
  std::string endpoint;
  std::string remote;
  std::vector<std::string> roles;
  bool leaving = false;

  bool operator==(const member_record&) const = default;
};

/// Errors: errc::bad_setting if a name is empty, longer than
/// limits::name_bytes_max, or has a slash or a control character in it. `what`
/// says in the text whose name it is.
caf::error check_name(std::string_view name, std::string_view what);

/// What the keys of a cluster's members start with.
std::string member_prefix(std::string_view cluster);

/// Errors: errc::bad_setting if a text is not UTF-8, which JSON has to be, or
/// the record would be longer than what is read of one.
caf::expected<std::string> to_text(const member_record& x);

/// Nothing if the text is no such record.
std::optional<member_record> read_record(std::string_view text);

/// What the record of `x` says.
member_record record_of(const member& x);

member to_member(std::string name, std::uint64_t incarnation, member_record x);

} // namespace sluice::actors::cluster::etcd
