#pragma once

// process_options: which program a child process runs, and how it is tied to
// its owner.
//
//   process_options{.program = "/usr/bin/tail",
//                   .arguments = {"-f", "log"},
//                   .framing = output_framing::lines}
//
// For users. Thread rule: a value. The environment and the search path of this
// process are read when the child is started; nobody may change them meanwhile
// (setenv(3)).

#include "runtime/clock.h"
#include "runtime/limits.h"

#include <caf/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sluice::actors::process {

/// What the child reads.
enum class input_mode : std::uint8_t {
  none,  // /dev/null
  piped, // what is written with `write_input`
};

/// Into what pieces its output is cut.
enum class output_framing : std::uint8_t {
  raw,   // what a read gave: at most limits::read_slab_bytes
  lines, // without their ending, LF or CR LF; also a last one that has none
};

struct process_options {
  /// A path; or a name without a slash, which is looked for in the directories
  /// of PATH. No shell is involved. A path that is not absolute counts from
  /// `working_directory`.
  std::string program;

  /// What follows the program's own name in its argument vector.
  std::vector<std::string> arguments{};

  /// Variables that are added to the environment of this process, or take the
  /// place of those of the same name. The last of two with the same name wins.
  std::vector<std::pair<std::string, std::string>> environment{};

  /// Where the child starts; empty: where this process is.
  std::string working_directory{};

  input_mode input = input_mode::none;

  output_framing framing = output_framing::raw;

  /// A longer line comes in pieces of this many bytes, see process_output.
  std::size_t line_bytes_max = runtime::limits::line_bytes_max;

  /// How long the child has to end after SIGTERM when its actor is told to exit
  /// or its loop stops; then it gets SIGKILL.
  runtime::duration stop_wait = runtime::limits::process_stop;

  /// How long the end is held back for others that have the child's output
  /// open, such as its own children, after the child itself has ended.
  runtime::duration drain_wait = runtime::limits::process_drain;

  /// Whether *backpressure* from an actor that this one sends to stops the
  /// reading of the output until it is released. Off: the behavior decides.
  bool pause_on_backpressure = true;

  /// errc::bad_setting, with its name, for a field that cannot be: an empty
  /// program, a name of a variable that is empty or has a '=', a byte 0
  /// anywhere, a line of no bytes or over limits::process_line_bytes_max, a
  /// negative wait.
  caf::error check() const;
};

} // namespace sluice::actors::process
