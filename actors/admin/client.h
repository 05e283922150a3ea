#pragma once

// The other end of an admin interface: one connection, one request, one answer.
//
//   ask(loop, "unix:///run/app/n1.sock", {{"do", "status"}}, 1s,
//       [](outcome how, const caf::error& why, const nlohmann::json& answer) {
//         ...
//       });
//
// For users; those who ask include <nlohmann/json.hpp>. Thread rule: any
// thread; the handler is called on the loop. Lifetime: the handler lives until
// it was called.

#include "runtime/clock.h"
#include "runtime/event_loop.h"

#include <nlohmann/json_fwd.hpp>

#include <caf/error.hpp>

#include <cstdint>
#include <functional>
#include <string_view>

namespace sluice::actors::admin {

enum class outcome : std::uint8_t {
  answered,    // `answer` is an object that has "ok", true or false
  late,        // the deadline passed: somebody listens there, or did
  unreachable, // nobody listens there, the connection ended, or what came is no
               // answer
};

/// `why` is empty if it was answered; else it names the endpoint and says what
/// happened. Must not throw.
using answer_handler = std::function<void(outcome how, const caf::error& why,
                                          const nlohmann::json& answer)>;

/// Sends `request`, an object, to `where` and hands what comes within
/// `deadline` to `f`, which is called once, whatever happens. Returns an error,
/// and calls nobody, if `where` is no endpoint to connect to:
/// errc::bad_endpoint, errc::bad_setting.
caf::error ask(runtime::event_loop& loop, std::string_view where,
               const nlohmann::json& request, runtime::duration deadline,
               answer_handler f);

} // namespace sluice::actors::admin
