#pragma once

// sentences: what the page says of what happens, in plain English: what it is,
// and where that is not obvious, what it means.
//
// Internal. Thread rule: pure functions.

#include "actors/cluster/member.h"
#include "actors/observe/report.h"
#include "runtime/clock.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::actors::observe::sentences {

/// 1,234,567
std::string count_text(std::uint64_t x);

/// "4 s", "1.5 s", "300 ms", "2 min"
std::string span_text(runtime::duration x);

/// What somebody else said, as a sentence.
std::string capital(std::string_view x);

/// "1,000 bytes a second", "2.5 MB a second"
std::string rate_text(std::uint64_t bytes_per_second);

// -- membership ---------------------------------------------------------------

std::string joined(const cluster::member& x);
std::string suspected(const cluster::member& x);
std::string trusted(const cluster::member& x);
std::string left(const cluster::member& x);
std::string down(const cluster::member& x);

/// This node cannot be sure to be a member any more.
std::string membership_lost(std::string_view self, std::string_view why);
std::string membership_gained(std::string_view self);

// -- links --------------------------------------------------------------------

/// Pressure on the way from one node to another.
std::string applied(std::string_view from, const link_report& x);
std::string stalled(std::string_view from, const link_report& x);

/// It is over, after so long; meanwhile it was applied so many times.
std::string released(std::string_view from, std::string_view to,
                     runtime::duration lasted, std::uint64_t times);

std::string link_lost(std::string_view from, std::string_view to);
std::string link_cut(std::string_view from, std::string_view to);
std::string link_open(std::string_view from, std::string_view to,
                      runtime::duration lasted);

// -- queues inside of a node --------------------------------------------------

std::string holds(std::string_view node, const hold_report& x);
std::string holds_no_more(std::string_view node, std::string_view held,
                          std::string_view holder, runtime::duration lasted);

// -- connections --------------------------------------------------------------

/// `count` connections ended with the reason of that name
/// (net::close_reason).
std::string closed(std::string_view node, std::uint64_t count,
                   std::string_view reason);

/// Whether such an end is worth an event: nobody asked for it.
bool is_bad_end(std::string_view reason);

// -- controls -----------------------------------------------------------------

/// What has been done, as the answer to who asked. `peer` is for cuts.
std::string slowed(std::string_view node, std::uint64_t bytes_per_second);
std::string cut(std::string_view node, std::string_view peer);
std::string healed(std::string_view node);
std::string healed_all(std::uint64_t nodes);
std::string stopped(std::string_view node);
std::string continued(std::string_view node);
std::string killed(std::string_view node);
std::string started(std::string_view node);

/// "127.0.0.1:4711 asked: ..."
std::string asked(std::string_view who, std::string_view done);
std::string asked_in_vain(std::string_view who, std::string_view what,
                          std::string_view why);

// -- what a control can fail of -----------------------------------------------

std::string no_such_node(std::string_view name);
std::string not_there(std::string_view name, std::string_view state);
std::string no_answer(std::string_view name, runtime::duration waited);
std::string no_launcher(std::string_view what);
std::string no_launcher_answer(std::string_view why);
std::string own_page(std::string_view name, std::string_view what);
std::string too_many_controls(std::uint64_t most);

} // namespace sluice::actors::observe::sentences
