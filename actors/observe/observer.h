#pragma once

// observer: how a node knows the whole cluster and tells browsers. One for each
// node, also for those that nobody looks at:
//
//   observe::add_observe_types(cfg);
//   auto seen = observe::start_observer(loop, &node, {.cluster = "kv"});
//
// 1. It reports on its node to other nodes that ask for it, and to itself:
//    twice a second while somebody watches, and not at all otherwise.
// 2. One report to a node is under way at a time: who is slow to take them gets
//    the newest one then, and short ones for a while. They have connections of
//    their own, so that they do not wait behind the data of a link.
// 3. While it has pages it watches all members, and tells each page what is so
//    (docs/page.md), as texts that are made once for all pages. When the last
//    one has gone it goes on for limits::observe_linger.
// 4. What a page asks for is done by the node it names, and by a launcher where
//    processes are concerned; the page is told what became of it, always.
//
// For users. Thread rule: messages, from any thread. Lifetime: an actor's,
// until it is told to exit; the node and the loops outlive its behavior.

#include "actors/cluster/node.h"
#include "actors/observe/survey.h"
#include "runtime/byte_slice.h"
#include "runtime/event_loop.h"
#include "runtime/limits.h"

#include <caf/actor.hpp>
#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace sluice::actors::observe {

using runtime::byte_slice;

struct observer_options {
  /// Shown on the page.
  std::string cluster = "sluice";
  /// Whose figures the report gives; the observer's own loop alone if there
  /// are none here.
  std::vector<runtime::event_loop*> loops{};
  /// Adds what the program alone knows: requests, their times, queues. Called
  /// on the observer's loop for each report; must not wait.
  std::function<void(node_counters&)> figures{};
  /// The high marks that most of the program's mailboxes and connections have;
  /// the page shows them beside what waits. 0: not shown.
  std::uint64_t mailbox_high_messages = runtime::limits::mailbox_high_messages;
  std::uint64_t write_high_bytes = runtime::limits::write_high_bytes;
  /// The control socket of the launcher of the nodes' processes
  /// (tools/sluice), as unix:///run/sluice/sluice.sock. Empty: there is none,
  /// and processes are neither stopped nor started by the page.
  std::string launcher{};
};

/// Errors: errc::bad_endpoint for the launcher's, errc::name_taken if the node
/// has an observer already, errc::bad_channel without add_observe_types,
/// errc::channel_closed if the node's channels have ended.
caf::expected<caf::actor> start_observer(runtime::event_loop& loop,
                                         cluster::node* node,
                                         observer_options options = {});

// -- messages to an observer, from within its process -------------------------

/// `page` gets page_text: the hello, and then what happens, until it ends.
/// Answered, without content. Errors: errc::bad_setting over
/// limits::observe_pages_max.
struct open_page {
  caf::actor page;
};

/// A text that a page sent, from a browser at `asker`. The page gets a result.
struct page_said {
  caf::actor page;
  std::string asker;
  std::string text;
};

/// Answered with state_text, when a report of this node is there: a moment
/// later, if nobody watches.
struct get_state {};

// -- what an observer says ----------------------------------------------------

enum class text_kind : std::uint8_t { hello, frame, event, result };

/// A text for a browser. Of frames, who is slow needs only the newest.
struct page_text {
  text_kind what = text_kind::frame;
  byte_slice bytes;
};

/// The last frame.
struct state_text {
  byte_slice bytes;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, open_page& x) {
  return f(caf::meta::type_name("sluice.observe.open_page"), x.page);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, page_said& x) {
  return f(caf::meta::type_name("sluice.observe.page_said"), x.page, x.asker,
           x.text);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, get_state&) {
  return f(caf::meta::type_name("sluice.observe.get_state"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, page_text& x) {
  return f(caf::meta::type_name("sluice.observe.page_text"), x.what, x.bytes);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, state_text& x) {
  return f(caf::meta::type_name("sluice.observe.state_text"), x.bytes);
}

} // namespace sluice::actors::observe
