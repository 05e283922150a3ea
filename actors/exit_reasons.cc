#include "actors/exit_reasons.h"

#include "runtime/limits.h"

#include <caf/exit_reason.hpp>

namespace sluice::actors {

using runtime::errc;
using runtime::make_error;

namespace {

std::string quoted(std::string_view x) {
  return "'" + std::string{x} + "'";
}

std::string in_ms(runtime::duration x) {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  return std::to_string(duration_cast<milliseconds>(x).count()) + " ms";
}

} // namespace

bool is_orderly(const caf::error& reason) {
  return !reason || reason == caf::exit_reason::user_shutdown;
}

bool is(const caf::error& reason, errc code) {
  // An error that is none has neither category nor code.
  return reason && reason.category() == runtime::error_category
         && reason.code() == static_cast<std::uint8_t>(code);
}

caf::error gave_up(std::string_view supervisor, std::string_view child,
                   std::size_t restarts, runtime::duration window,
                   const caf::error& last_reason) {
  return make_error(errc::supervisor_gave_up,
                    "supervisor " + quoted(supervisor) + " gave up on child "
                        + quoted(child) + " after " + std::to_string(restarts)
                        + " restarts in " + in_ms(window)
                        + "; last reason: " + runtime::to_text(last_reason));
}

caf::error start_failed(std::string_view supervisor, std::string_view child,
                        std::string_view why) {
  auto excerpt = why.substr(0, runtime::limits::error_excerpt_bytes);
  return about_child(errc::child_start_failed, supervisor, child,
                     "was not started: " + std::string{excerpt});
}

caf::error stuck(std::string_view supervisor, std::string_view child,
                 runtime::duration since_kill) {
  return about_child(errc::child_stuck, supervisor, child,
                     "has not ended " + in_ms(since_kill)
                         + " after it was killed");
}

caf::error about_child(errc code, std::string_view supervisor,
                       std::string_view child, std::string_view what) {
  return make_error(code, "supervisor " + quoted(supervisor) + ": child "
                              + quoted(child) + " " + std::string{what});
}

} // namespace sluice::actors
