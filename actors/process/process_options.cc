#include "actors/process/process_options.h"

#include "runtime/error.h"

#include <string_view>

namespace sluice::actors::process {

namespace limits = runtime::limits;

caf::error process_options::check() const {
  auto bad = [](std::string text) {
    return runtime::make_error(runtime::errc::bad_setting, std::move(text));
  };
  // What the system would take for the end of the text.
  auto has_zero = [](std::string_view x) {
    return x.find('\0') != std::string_view::npos;
  };
  if (program.empty())
    return bad("program is empty");
  if (has_zero(program))
    return bad("program has a byte 0");
  for (auto& x : arguments)
    if (has_zero(x))
      return bad("arguments: one has a byte 0");
  for (auto& [name, value] : environment) {
    if (name.empty() || name.find('=') != std::string::npos || has_zero(name))
      return bad("environment: '" + name.substr(0, limits::error_excerpt_bytes)
                 + "' is no name of a variable");
    if (has_zero(value))
      return bad("environment: the value of '"
                 + name.substr(0, limits::error_excerpt_bytes)
                 + "' has a byte 0");
  }
  if (has_zero(working_directory))
    return bad("working_directory has a byte 0");
  if (line_bytes_max == 0 || line_bytes_max > limits::process_line_bytes_max)
    return bad("line_bytes_max (" + std::to_string(line_bytes_max)
               + ") is not between 1 and "
               + std::to_string(limits::process_line_bytes_max));
  if (stop_wait < runtime::duration::zero())
    return bad("stop_wait is negative");
  if (drain_wait < runtime::duration::zero())
    return bad("drain_wait is negative");
  return {};
}

} // namespace sluice::actors::process
