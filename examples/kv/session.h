#pragma once

// server and session: what a command knows besides its arguments. The server
// is what all connections share; a session is one connection.
//
// Thread rule: one server, its sessions and its store belong to one thread.
// Lifetime: a session enters itself in its server and leaves it when it is
// destroyed; the server outlives its sessions.

#include "examples/kv/store.h"

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::examples::kv {

struct command;
struct session;

struct server {
  explicit server(time_ms now) : started(now) {}

  server(const server&) = delete;
  server& operator=(const server&) = delete;

  store own;
  /// What commands work on. One whose keys lie in several stores points here
  /// to the one that the next command is about.
  store* keys = &own;
  /// What INFO sums up.
  std::vector<const store*> all{&own};
  time_ms started;
  /// For INFO; whoever listens fills them in.
  int process_id = 0;
  int port = 0;

  std::uint64_t connections = 0; // ever accepted
  std::uint64_t commands = 0;    // ever executed
  std::uint64_t hits = 0;        // look-ups of reading commands
  std::uint64_t misses = 0;

  /// Open sessions, oldest first.
  std::map<std::uint64_t, session*> sessions;
  std::minstd_rand dice;
};

struct session {
  /// `peer` and `local` are addresses for people to read in CLIENT LIST.
  session(server& shared, std::string_view peer, std::string_view local,
          time_ms now)
      : home(shared),
        id(++shared.connections),
        peer_address(peer),
        local_address(local),
        opened(now),
        last_active(now) {
    home.sessions.emplace(id, this);
  }

  session(const session&) = delete;
  session& operator=(const session&) = delete;

  ~session() { home.sessions.erase(id); }

  server& home;
  std::uint64_t id;
  std::string peer_address;
  std::string local_address;
  time_ms opened;
  time_ms last_active;
  const command* last = nullptr;
  std::string name;            // CLIENT SETNAME
  std::string library;         // CLIENT SETINFO
  std::string library_version; // CLIENT SETINFO

  /// Set by QUIT, and by what only an HTTP client sends: write what is in the
  /// reply, then close. Commands behind it are not to be executed.
  bool closing = false;
};

} // namespace sluice::examples::kv
