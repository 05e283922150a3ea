#include "actors/observe/event_log.h"

#include <utility>

namespace sluice::actors::observe {

const char* to_string(event_kind x) noexcept {
  switch (x) {
  case event_kind::joined:
    return "joined";
  case event_kind::suspected:
    return "suspected";
  case event_kind::trusted:
    return "trusted";
  case event_kind::left:
    return "left";
  case event_kind::down:
    return "down";
  case event_kind::applied:
    return "applied";
  case event_kind::released:
    return "released";
  case event_kind::stalled:
    return "stalled";
  case event_kind::closed:
    return "closed";
  case event_kind::link_lost:
    return "link_lost";
  case event_kind::link_open:
    return "link_open";
  case event_kind::control:
    break;
  }
  return "control";
}

const char* to_string(severity x) noexcept {
  switch (x) {
  case severity::info:
    return "info";
  case severity::warn:
    return "warn";
  case severity::bad:
    break;
  }
  return "bad";
}

severity severity_of(event_kind x) noexcept {
  switch (x) {
  case event_kind::suspected:
  case event_kind::applied:
  case event_kind::closed:
  case event_kind::link_lost:
    return severity::warn;
  case event_kind::down:
  case event_kind::stalled:
    return severity::bad;
  default:
    return severity::info;
  }
}

const event& event_log::add(std::int64_t at_ms, std::string node,
                            event_kind kind, std::string text) {
  return add(at_ms, std::move(node), kind, severity_of(kind), std::move(text));
}

const event& event_log::add(std::int64_t at_ms, std::string node,
                            event_kind kind, severity how_bad,
                            std::string text) {
  events_.push_back(
      {++last_, at_ms, std::move(node), kind, how_bad, std::move(text)});
  if (events_.size() > most_)
    events_.pop_front();
  return events_.back();
}

} // namespace sluice::actors::observe
