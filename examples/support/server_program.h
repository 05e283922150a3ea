#pragma once

// server_program: what the programs that serve have in common: where they
// listen and for how long, and what they say about it.
//
// For the examples' main functions. Thread rule: the main thread. Lifetime: the
// options outlive the parsing of the command line.

#include "net/endpoint.h"

#include <caf/error.hpp>

#include <CLI/CLI.hpp>

#include <string>

namespace sluice::examples::support {

struct server_options {
  std::string where = "tcp://127.0.0.1:7000";
  long seconds = 0;
};

/// An option that is a number of seconds: 0, or up to 31 years.
void add_seconds(CLI::App& app, const std::string& name, long& seconds,
                 const std::string& meaning);

/// --listen and --seconds.
void add_server_options(CLI::App& app, server_options& options);

/// Says why it does not work; what main returns then.
int fail(const caf::error& why);

/// Says `listening PORT`, at once even if nobody reads it on a terminal.
void announce(const net::endpoint& local);

} // namespace sluice::examples::support
