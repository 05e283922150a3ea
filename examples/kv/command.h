#pragma once

// command: one row of the command table, and the call that a handler works on.
//
// Internal to the example: the files that hold handlers include it, users of
// the core include commands.h.
//
// Thread rule: tables are constant; a call lives on one thread, for as long as
// `execute` runs.

#include "examples/kv/session.h"
#include "net/resp.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sluice::examples::kv {

/// The version of Redis whose commands and messages these are.
inline constexpr std::string_view redis_version = "7.0.15";

/// Errors that several commands share, as Redis words them.
namespace message {

inline constexpr std::string_view syntax = "ERR syntax error";
inline constexpr std::string_view not_an_integer =
    "ERR value is not an integer or out of range";
inline constexpr std::string_view no_such_key = "ERR no such key";
inline constexpr std::string_view too_long =
    "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
/// Ours: Redis has no such limit.
inline constexpr std::string_view reply_too_long =
    "ERR reply exceeds maximum allowed size";

} // namespace message

/// A command on its way: arguments in, reply out. Handlers write one reply.
struct call {
  session& self;
  server& home;
  std::span<const std::string_view> args; // the command's name included
  time_ms now;
  std::string& reply;

  void simple(std::string_view text) { net::append_simple(reply, text); }
  void ok() { simple("OK"); }
  void integer(std::int64_t n) { net::append_integer(reply, n); }
  void bulk(std::string_view text) { net::append_bulk(reply, text); }
  void null() { net::append_null(reply); }
  void array(std::size_t elements) { net::append_array(reply, elements); }

  /// `text` starts with its code, `ERR` mostly.
  void error(std::string_view text) { net::append_error(reply, text); }

  /// The value, or null.
  void value_or_null(const store::entry* x) { x ? bulk(x->value) : null(); }

  /// Looks a key up on behalf of a command that reads, for the statistics.
  store::entry* read(std::string_view key);

  /// Looks a key up on behalf of a command that writes.
  store::entry* find(std::string_view key) { return home.keys->find(key, now); }

  /// The integer that is argument `i`; replies with an error and returns false
  /// if it is none.
  bool integer_argument(std::size_t i, std::int64_t& result);

  /// Replies that the arguments do not fit the command `name`.
  void wrong_arity(std::string_view name);
};

/// What COMMAND INFO says of a command.
namespace flag {

inline constexpr unsigned write = 1;
inline constexpr unsigned readonly = 2;
inline constexpr unsigned fast = 4; // time does not depend on sizes

} // namespace flag

/// Which arguments are keys, as COMMAND INFO counts them.
struct key_range {
  int first = 0;
  int last = 0;
  int step = 0;
};

inline constexpr key_range no_key{0, 0, 0};
inline constexpr key_range one_key{1, 1, 1};
inline constexpr key_range two_keys{1, 2, 1};
inline constexpr key_range all_keys{1, -1, 1};
inline constexpr key_range every_other_key{1, -1, 2};

struct command {
  /// In lower case; of a subcommand `parent|name`.
  std::string_view name;
  /// Number of arguments, the name included; -n means n or more.
  int arity;
  void (*run)(call&);
  unsigned flags;
  key_range keys;
  std::string_view summary;
  std::span<const command> subcommands = {};

  bool accepts(std::size_t arguments) const noexcept {
    auto n = static_cast<std::ptrdiff_t>(arguments);
    return arity < 0 ? n >= -arity : n == arity;
  }
};

/// The handlers of one file.
struct command_group {
  std::string_view name;
  std::span<const command> commands;
};

command_group string_commands();     // string_commands.cc
command_group key_commands();        // key_commands.cc
command_group expiry_commands();     // expiry_commands.cc
command_group connection_commands(); // connection_commands.cc
command_group server_commands();     // server_commands.cc
command_group command_commands();    // command_commands.cc

/// Every group, in the order in which COMMAND lists them.
std::span<const command_group> command_groups();

/// The command called `name`, in any case; null if there is none.
const command* find_command(std::string_view name);

/// An integer exactly as Redis writes one: no plus sign, no leading zeros, no
/// blanks. False if `text` is none or does not fit.
bool parse_integer(std::string_view text, std::int64_t& result);

/// An argument as it stands in error messages: Redis prints it as a C string.
inline std::string_view quotable(std::string_view argument) {
  return argument.substr(0, argument.find('\0'));
}

/// Compares in any case; `lower` is in lower case already.
bool equals(std::string_view text, std::string_view lower);

} // namespace sluice::examples::kv
