#pragma once

// event_log: what has happened in the cluster, as this node has seen it, in
// sentences. Bounded: the oldest go.
//
// Internal. Thread rule: one thread. Lifetime: the observer's.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

namespace sluice::actors::observe {

enum class event_kind : std::uint8_t {
  joined,
  suspected,
  trusted,
  left,
  down,
  applied,
  released,
  stalled,
  closed,
  link_lost,
  link_open,
  control,
};

enum class severity : std::uint8_t { info, warn, bad };

struct event {
  std::uint64_t number = 0; // from 1, without gaps
  std::int64_t at_ms = 0;   // since the epoch, by the clock of this node
  std::string node;         // whom it is about
  event_kind kind = event_kind::control;
  severity how_bad = severity::info;
  std::string text;
};

const char* to_string(event_kind x) noexcept;
const char* to_string(severity x) noexcept;

/// How a person would take it.
severity severity_of(event_kind x) noexcept;

class event_log {
public:
  explicit event_log(std::size_t most) : most_(most) {}

  /// The severity is that of the kind, unless another one is given.
  const event& add(std::int64_t at_ms, std::string node, event_kind kind,
                   std::string text);
  const event& add(std::int64_t at_ms, std::string node, event_kind kind,
                   severity how_bad, std::string text);

  /// The oldest first.
  const std::deque<event>& events() const noexcept { return events_; }

  /// The number of the newest; 0: there was none.
  std::uint64_t last() const noexcept { return last_; }

private:
  const std::size_t most_;
  std::uint64_t last_ = 0;
  std::deque<event> events_;
};

} // namespace sluice::actors::observe
