#pragma once

// bundle: requests of one node to another, or the answers, as many as there
// were in one turn of the loop.
//
// Thread rule: values.

#include "actors/cluster/shard_table.h"
#include "examples/kv_cluster/fields.h"

#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::examples::kv_cluster {

struct request_bundle {
  actors::cluster::holder from;
  /// By which the sender takes the receiver for the primary.
  actors::cluster::table_version at;
  std::string entries;
};

struct answer_bundle {
  std::string entries;
};

/// A command for one shard; the answer has its number.
struct request_entry {
  std::uint64_t number = 0;
  std::uint32_t shard = 0;
  std::uint8_t writes = 0;
  std::string_view command;
};

enum class answer_kind : std::uint8_t {
  done,  // the command ran: here is its reply
  moved, // it did not: ask who has the shard now
};

struct answer_entry {
  std::uint64_t number = 0;
  answer_kind what = answer_kind::done;
  std::string_view reply;
};

inline void append(std::string& out, const request_entry& x) {
  append_field(out, x.number);
  append_field(out, x.shard);
  append_field(out, x.writes);
  append_text(out, x.command);
}

inline void append(std::string& out, const answer_entry& x) {
  append_field(out, x.number);
  append_field(out, x.what);
  append_text(out, x.reply);
}

inline bool take(std::string_view& rest, request_entry& x) {
  return take_field(rest, x.number) && take_field(rest, x.shard)
         && take_field(rest, x.writes) && take_text(rest, x.command);
}

inline bool take(std::string_view& rest, answer_entry& x) {
  return take_field(rest, x.number) && take_field(rest, x.what)
         && take_text(rest, x.reply);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, request_bundle& x) {
  return f(caf::meta::type_name("kv_cluster.request_bundle"), x.from, x.at,
           x.entries);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, answer_bundle& x) {
  return f(caf::meta::type_name("kv_cluster.answer_bundle"), x.entries);
}

} // namespace sluice::examples::kv_cluster
