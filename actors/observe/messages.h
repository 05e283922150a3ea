#pragma once

// What the observers of two nodes say to each other, over channels of their
// own: a node that watches sends an order every now and then, and with a
// control; the other one sends its reports as notes, and the answers.
//
//   watching node                          node
//     order ... order ...   ------------->   limits::observe_renew apart
//     <-------------------   report, report, ... one under way at a time
//     order with a control  ------------->
//     <-------------------   the answer
//
// Nothing is repeated: an order that is lost is followed by the next one, and a
// control that is not answered has failed after limits::observe_control.
//
// Internal. Thread rule: values.

#include "actors/observe/report.h"

#include <caf/actor_system_config.hpp>
#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <string>

namespace sluice::actors::observe {

/// The names of the channels.
inline constexpr auto orders_name = "sluice.observe.orders";
inline constexpr auto notes_name = "sluice.observe.notes";

/// From a member in its life: report to it for the next limits::observe_lease.
struct order {
  std::string from{};
  std::uint64_t incarnation = 0;
  std::uint64_t id = 0;  // of the control; 0: there is none
  std::uint8_t what = 0; // a `verb`: slow, cut or heal
  std::string peer{};
  std::uint64_t bytes_per_second = 0;
  std::string asker{}; // the page's address, for the log
};

/// What breaks the bounds of an order, as a sentence, or an empty text.
std::string check(const order& x);

/// From a member in its life.
struct note {
  std::string from{};
  std::uint64_t incarnation = 0;
  std::uint64_t id = 0; // of the control that it answers; 0: it is a report
  bool ok = false;
  std::string text{}; // what was done, or why not
  node_report report{};
};

/// Makes the messages known to a system whose nodes are observed.
void add_observe_types(caf::actor_system_config& cfg);

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, order& x) {
  return f(caf::meta::type_name("sluice.observe.order"), x.from, x.incarnation,
           x.id, x.what, x.peer, x.bytes_per_second, x.asker);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, note& x) {
  return f(caf::meta::type_name("sluice.observe.note"), x.from, x.incarnation,
           x.id, x.ok, x.text, x.report);
}

} // namespace sluice::actors::observe
