#include "actors/observe/sentences.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace sluice::actors::observe::sentences {

using std::string;
using std::string_view;

namespace {

template <class... Parts>
string join(const Parts&... parts) {
  string result;
  (result.append(parts), ...);
  return result;
}

/// Up to three digits, without a fraction that is 0.
string short_number(double x) {
  char text[32];
  std::snprintf(text, sizeof text, x < 10 ? "%.1f" : "%.0f", x);
  string result{text};
  if (result.ends_with(".0"))
    result.resize(result.size() - 2);
  return result;
}

string bytes_text(std::uint64_t x) {
  static constexpr std::array units{" kB", " MB", " GB", " TB"};
  if (x < 10'000)
    return count_text(x) + (x == 1 ? " byte" : " bytes");
  auto value = static_cast<double>(x) / 1000;
  std::size_t i = 0;
  for (; value >= 1000 && i + 1 < units.size(); ++i)
    value /= 1000;
  return short_number(value) + units[i];
}

string amount(std::uint64_t x, pressure_unit unit) {
  if (unit == pressure_unit::bytes)
    return bytes_text(x);
  return count_text(x) + (x == 1 ? " message" : " messages");
}

const char* are(std::uint64_t count, pressure_unit unit) {
  return count == 1 && unit == pressure_unit::messages ? " is" : " are";
}

struct ending {
  string_view reason;
  string_view text;
  bool was_open = true;
};

/// What comes behind "n2 closed a connection: ".
constexpr std::array endings{
    ending{"aborted", "the program aborted it"},
    ending{"handler_failed", "its handler threw an exception"},
    ending{"peer_reset",
           "the peer reset it, as a process does that was killed"},
    ending{"connect_failed", "nobody listens there, or nothing leads there",
           false},
    ending{"lookup_failed", "the host's name was not found", false},
    ending{"connect_timeout", "nobody answered in time", false},
    ending{"handshake_timeout", "the handshake took too long"},
    ending{"drain_timeout", "the peer took too long to take the rest"},
    ending{"write_stall", "the peer has not taken a byte for too long"},
    ending{"slow_consumer", "the peer was too slow, and its queue was full"},
    ending{"frame_too_long", "the peer sent more at once than is allowed"},
    ending{"malformed_frame", "what the peer sent could not be read"},
    ending{"truncated_frame", "what the peer sent ended in the middle"},
    ending{"system_error", "the operating system reported an error"},
};

} // namespace

string count_text(std::uint64_t x) {
  auto result = std::to_string(x);
  for (auto at = result.size(); at > 3;)
    result.insert(at -= 3, 1, ',');
  return result;
}

string span_text(runtime::duration x) {
  using namespace std::chrono;
  auto seconds = duration<double>(x).count();
  if (seconds < 1)
    return std::to_string(duration_cast<std::chrono::milliseconds>(x).count())
           + " ms";
  if (seconds < 120)
    return short_number(seconds) + " s";
  if (seconds < 7200)
    return short_number(seconds / 60) + " min";
  return short_number(seconds / 3600) + " h";
}

string capital(string_view x) {
  string result{x};
  if (result.empty())
    return "Nobody says why.";
  // Names of nodes stay as they are.
  if (result.starts_with("there ") || result.starts_with("the "))
    result.front() = 'T';
  if (result.back() != '.')
    result += '.';
  return result;
}

string rate_text(std::uint64_t bytes_per_second) {
  return bytes_text(bytes_per_second) + " a second";
}

// -- membership ---------------------------------------------------------------

string joined(const cluster::member& x) {
  return join(x.name, " joined the cluster at ", x.endpoint, ".");
}

string suspected(const cluster::member& x) {
  return join(x.name, " is silent. It may be slow, stopped, cut off or dead; "
                      "if it stays silent it counts as down.");
}

string trusted(const cluster::member& x) {
  return join(x.name, " is heard again.");
}

string left(const cluster::member& x) {
  return join(x.name, " left the cluster, as it was asked to.");
}

string down(const cluster::member& x) {
  return join(x.name, " is down: the others go on without it. If it lives "
                      "after all, it has to join again.");
}

string membership_lost(string_view self, string_view why) {
  return join(self, " cannot be sure to be a member any more",
              why.empty() ? "" : " (", why, why.empty() ? "" : ")",
              ". What this page shows of the others may be old.");
}

string membership_gained(string_view self) {
  return join(self, " is a member of the cluster.");
}

// -- links --------------------------------------------------------------------

string applied(string_view from, const link_report& x) {
  return join(from, " waits for ", x.to, ": ", amount(x.queued, x.unit),
              are(x.queued, x.unit), " on the way and not taken yet. ",
              x.told ? join("Senders on ", from, " are told to slow down.")
                     : join(x.to, ", or the way to it, is slow."));
}

string stalled(string_view from, const link_report& x) {
  return join(from, " waits for ", x.to, ": ", amount(x.queued, x.unit),
              are(x.queued, x.unit), " on the way and ", x.to,
              " has not taken more for some seconds. Who sends there waits "
              "until it does, or until it counts as down.");
}

string released(string_view from, string_view to, runtime::duration lasted,
                std::uint64_t times) {
  auto often =
      times > 1 ? join(", with pauses, ", count_text(times), " times") : "";
  return join(from, " does not wait for ", to, " any more: ", to,
              " takes what is sent. It lasted ", span_text(lasted), often, ".");
}

string link_lost(string_view from, string_view to) {
  return join(from, " has lost its connection to ", to,
              ". What is sent waits until it is there again, or until ", to,
              " counts as down.");
}

string link_cut(string_view from, string_view to) {
  return join("The way from ", from, " to ", to,
              " is cut, as somebody asked for. Nothing passes until it is "
              "healed.");
}

string link_open(string_view from, string_view to, runtime::duration lasted) {
  return join(from, " is connected to ", to, " again, after ",
              span_text(lasted), ".");
}

// -- queues inside of a node --------------------------------------------------

string holds(string_view node, const hold_report& x) {
  return join("On ", node, ", ", x.held, " waits for ", x.holder, ": ",
              amount(x.queued, x.unit), are(x.queued, x.unit),
              " waiting there, which is its limit.");
}

string holds_no_more(string_view node, string_view held, string_view holder,
                     runtime::duration lasted) {
  return join("On ", node, ", ", held, " does not wait for ", holder,
              " any more, after ", span_text(lasted), ".");
}

// -- connections --------------------------------------------------------------

string closed(string_view node, std::uint64_t count, string_view reason) {
  string_view why = reason;
  auto was_open = true;
  for (auto& x : endings)
    if (x.reason == reason) {
      why = x.text;
      was_open = x.was_open;
    }
  auto many = count > 1;
  return join(node, was_open ? " closed " : " could not make ",
              many ? count_text(count) : "a",
              many ? " connections: " : " connection: ", why,
              why == reason ? "." : join(" (", reason, ")."));
}

bool is_bad_end(string_view reason) {
  for (auto& x : endings)
    if (x.reason == reason)
      return true;
  return false;
}

// -- controls -----------------------------------------------------------------

string slowed(string_view node, std::uint64_t bytes_per_second) {
  if (bytes_per_second == 0)
    return join(node, " reads as fast as it can.");
  return join(node, " reads at most ", rate_text(bytes_per_second),
              " from each other node now.");
}

string cut(string_view node, string_view peer) {
  return join(node, " and ", peer, " do not hear each other now.");
}

string healed(string_view node) {
  return join(node, " hears all others, and is as fast as it can.");
}

string healed_all(std::uint64_t nodes) {
  if (nodes == 1)
    return "The node hears all others, and is as fast as it can.";
  return join("All ", count_text(nodes),
              " nodes hear each other, and are as fast as they can.");
}

string stopped(string_view node) {
  return join(node, " is stopped: its process does nothing, but its "
                    "connections stay open.");
}

string continued(string_view node) {
  return join(node, " goes on.");
}

string killed(string_view node) {
  return join(node, " was killed. The others will notice.");
}

string started(string_view node) {
  return join(node, " was started, and is a member again.");
}

string asked(string_view who, string_view done) {
  return join(who, " asked: ", done);
}

string asked_in_vain(string_view who, string_view what, string_view why) {
  return join(who, " asked for `", what, "`, in vain: ", why);
}

// -- what a control can fail of -----------------------------------------------

string no_such_node(string_view name) {
  return join("There is no node ", name, ".");
}

string not_there(string_view name, string_view state) {
  return join(name, " is ", state, ", and cannot be asked.");
}

string no_answer(string_view name, runtime::duration waited) {
  return join(name, " did not answer within ", span_text(waited),
              ". Whether it has done it is not known.");
}

string no_launcher(string_view what) {
  return join("This node was started without a launcher, which would be the "
              "one to ",
              what, " nodes: `sluice up` starts them with one.");
}

string no_launcher_answer(string_view why) {
  return join("The launcher did not answer: ", why, ".");
}

string own_page(string_view name, string_view what) {
  return join(
      "This page comes from ", name, " itself, and would be dead: ", what,
      " it from another node's page, or with `sluice ", what, " ", name, "`.");
}

string too_many_controls(std::uint64_t most) {
  return join(count_text(most),
              " controls are under way already. Wait for their answers.");
}

} // namespace sluice::actors::observe::sentences
