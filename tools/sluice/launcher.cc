#include "tools/sluice/launcher.h"

#include "actors/process/child_process.h"
#include "actors/supervisor.h"
#include "runtime/error.h"
#include "tools/sluice/text.h"

#include <caf/atom.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <fstream>
#include <utility>

namespace sluice::tools {

namespace admin = actors::admin;
namespace process = actors::process;
using namespace std::chrono_literals;

namespace {

using poll_atom = caf::atom_constant<caf::atom("poll")>;
using look_atom = caf::atom_constant<caf::atom("look")>;
using late_atom = caf::atom_constant<caf::atom("late")>;
using end_atom = caf::atom_constant<caf::atom("end")>;

// How often nodes are asked until they are members; and after how many times as
// long then, so that it is known when one was last heard of.
constexpr auto poll_interval = 100ms;
constexpr unsigned polls_skipped = 10;
constexpr auto poll_deadline = 1'000ms;

constexpr auto top_name = "cluster";

caf::behavior run_node(process::child_process* self, const caf::actor& keep,
                       launcher* home, std::size_t index) {
  return {
      [=](const process::process_started& x) {
        home->on_started(index, caf::actor{self}, x.pid);
      },
      [=, keep = keep](const process::process_output& x) {
        home->on_output(index, x.bytes.view());
      },
      [=](const process::process_ended& x) { home->on_ended(index, x); },
  };
}

bool is(const caf::error& x, runtime::errc code) {
  return x && x.category() == runtime::error_category
         && x.code() == static_cast<std::uint8_t>(code);
}

std::string end_text(const process::process_ended& x) {
  switch (x.how) {
  case process::process_end::exited:
    return "exited with status " + std::to_string(x.status);
  case process::process_end::killed:
    return "was killed by " + signal_name(x.status);
  case process::process_end::unknown:
    break;
  }
  return "ended, and nobody knows how";
}

} // namespace

bool is_stopped(pid_t pid) {
  std::ifstream in{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text;
  std::getline(in, text);
  auto at = text.rfind(')');
  return at != text.npos && at + 2 < text.size() && text[at + 2] == 'T';
}

launcher::launcher(caf::actor_config& cfg, runtime::event_loop& loop,
                   launcher_setup setup)
    : runtime::loop_actor(cfg, loop),
      options_(std::move(setup.options)),
      dir_(std::move(setup.dir)),
      hooks_(std::move(setup.hooks)) {
  for (auto& x : setup.nodes)
    nodes_.push_back(std::make_unique<node>(x));
}

caf::behavior launcher::make_behavior() {
  began_ = loop().now();
  set_down_handler([this](const caf::down_msg&) { finish(); });
  start_all();
  delayed_send(this, std::chrono::seconds{options_.wait_s}, late_atom::value);
  return {
      [this](control_request& x) { execute(x); },
      [this](stop_cluster) { begin_stop(exit_code::ok, {}); },
      [this](poll_atom) { poll(); },
      [this](look_atom) { look_at_states(); },
      [this](late_atom) {
        if (stage_ == stage::starting)
          fail_start("not all nodes are members after "
                     + std::to_string(options_.wait_s) + " s");
      },
      [this](end_atom) {
        hooks_.done(code_, why_);
        quit();
      },
      [this](const actors::child_started& x) {
        if (auto found = find(x.name); found && x.supervisor == top_name)
          found->listed = true;
      },
      [this](const actors::child_down& x) { on_child_down(x); },
      [this](const actors::child_restarting& x) {
        auto ms =
            std::chrono::duration_cast<std::chrono::milliseconds>(x.delay);
        say(x.name + " starts again in " + duration_text(ms));
        if (auto found = find(x.name))
          found->returns = true;
      },
      [this](const actors::supervisor_gave_up& x) {
        say(x.name + " failed too often and is not started again");
        if (auto found = find(x.name))
          found->returns = false;
      },
      [](const actors::child_stuck&) {},
  };
}

void launcher::start_all() {
  std::vector<actors::child_spec> children;
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    children.push_back(spec_of(i));
  actors::supervisor_options how{.name = top_name};
  how.observers = {self()};
  supervisor_ = system().spawn<actors::supervisor>(how, std::move(children));
  monitor(supervisor_);
  delayed_send(this, poll_interval, poll_atom::value);
}

actors::child_spec launcher::spec_of(std::size_t index) {
  if (!options_.restart)
    return process_of(index, actors::restart::temporary);
  auto& name = nodes_[index]->plan.name;
  actors::supervisor_options how;
  how.observers = {self()};
  auto result = actors::nested(name, how,
                               {process_of(index, actors::restart::transient)});
  result.type = actors::restart::temporary;
  return result;
}

actors::child_spec launcher::process_of(std::size_t index,
                                        actors::restart type) {
  auto& plan = nodes_[index]->plan;
  process::process_options how{.program = options_.program,
                               .arguments = plan.arguments};
  how.framing = process::output_framing::lines;
  return {
      .name = plan.name,
      .start =
          [this, keep = self(), index, how](auto*) {
            return process::spawn_process(loop(), how, run_node, keep, this,
                                          index);
          },
      .type = type,
  };
}

launcher::node* launcher::find(std::string_view name) {
  auto found = std::ranges::find_if(
      nodes_, [&](auto& x) { return x->plan.name == name; });
  return found == nodes_.end() ? nullptr : found->get();
}

void launcher::say(std::string_view line) {
  hooks_.say("sluice", line);
}

// -- what becomes of a node ---------------------------------------------------

void launcher::on_started(std::size_t index, const caf::actor& child,
                          pid_t pid) {
  auto& x = *nodes_[index];
  x.child = child;
  x.pid = pid;
  x.since = x.last_answer = loop().now();
  x.gone = x.returns = x.member = x.expected = false;
  hooks_.started(index, pid);
  if (++x.starts > 1)
    say(x.plan.name + " was started again, pid " + std::to_string(pid));
  x.log.line("-- " + x.plan.name + " started, pid " + std::to_string(pid));
}

void launcher::on_output(std::size_t index, std::string_view line) {
  auto& x = *nodes_[index];
  x.log.line(line);
  hooks_.say(x.plan.name, line);
}

void launcher::on_ended(std::size_t index, const process::process_ended& how) {
  auto& x = *nodes_[index];
  x.child = nullptr;
  x.end = end_text(how);
  x.since = loop().now();
  x.member = false;
  auto orderly = how.how == process::process_end::exited && how.status == 0;
  auto last_words =
      orderly || x.log.last().starts_with("-- ") ? "" : ": " + x.log.last();
  x.log.line("-- " + x.plan.name + " " + x.end);
  if (stage_ == stage::starting)
    fail_start(x.plan.name + " " + x.end + " before it was a member"
               + last_words);
  else if (stage_ == stage::up && !how.asked)
    say(x.plan.name + " " + x.end
        + (x.expected || options_.restart
               ? ""
               : "; `sluice start " + x.plan.name + "` starts it again"));
}

void launcher::on_child_down(const actors::child_down& x) {
  auto found = find(x.name);
  if (!found)
    return;
  auto outer = x.supervisor == top_name;
  if (outer)
    found->listed = false;
  auto failed_start = is(x.reason, runtime::errc::child_start_failed);
  if (failed_start && (outer != options_.restart)) {
    found->end = "was not started: " + runtime::to_text(x.reason);
    found->since = loop().now();
    say(found->plan.name + " " + found->end);
    if (stage_ == stage::starting)
      fail_start(found->plan.name + " " + found->end);
  }
  if (outer != options_.restart)
    on_gone(*found);
}

/// Now it may be started again.
void launcher::on_gone(node& x) {
  x.gone = true;
  for (auto& asker : std::exchange(x.until_gone, {}))
    asker.ok({{"pid", x.pid}, {"end", x.end}});
  for (auto& asker : std::exchange(x.until_member, {}))
    asker.fail(x.plan.name + " " + x.end);
  if (auto wait = std::exchange(x.until_state, {}))
    wait->answer.fail(x.plan.name + " " + x.end);
}

// -- how they are -------------------------------------------------------------

void launcher::poll() {
  if (stage_ == stage::stopping)
    return;
  auto all = ++polls_ % polls_skipped == 0;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    auto& x = *nodes_[i];
    if (x.child && !x.polled && (all || !x.member))
      poll(i);
  }
  delayed_send(this, poll_interval, poll_atom::value);
}

void launcher::poll(std::size_t index) {
  auto& x = *nodes_[index];
  x.polled = true;
  auto err = admin::ask(
      loop(), x.plan.admin, {{"do", "status"}}, poll_deadline,
      [this, keep = self(), index, starts = x.starts](
          admin::outcome how, const caf::error&, const json& answer) {
        auto& asked = *nodes_[index];
        asked.polled = false;
        // What an earlier process of this node said does not count.
        if (how == admin::outcome::answered && starts == asked.starts
            && asked.child)
          on_status(asked, answer);
      });
  if (err)
    fail_start(runtime::to_text(err));
}

void launcher::on_status(node& x, const json& answer) {
  x.last_answer = loop().now();
  auto state = answer.find("state");
  x.member = state != answer.end() && *state == "member";
  auto page = answer.find("page");
  x.page =
      page != answer.end() && page->is_string() ? page->get<std::string>() : "";
  if (x.member)
    for (auto& asker : std::exchange(x.until_member, {}))
      asker.ok({{"pid", x.pid}});
  if (stage_ != stage::starting || !x.member)
    return;
  // A node may be a member before all others are.
  auto members = answer.find("members");
  if (members != answer.end() && members->size() < nodes_.size())
    x.member = false;
  if (!all_members())
    return;
  stage_ = stage::up;
  auto with_page =
      std::ranges::find_if(nodes_, [](auto& y) { return !y->page.empty(); });
  hooks_.ready(with_page != nodes_.end() ? (*with_page)->page : "");
}

bool launcher::all_members() const {
  return std::ranges::all_of(nodes_, [](auto& x) { return x->member; });
}

// -- the end ------------------------------------------------------------------

void launcher::fail_start(const std::string& why) {
  if (stage_ == stage::starting)
    begin_stop(exit_code::failed, why);
}

void launcher::begin_stop(exit_code code, const std::string& why) {
  if (stage_ == stage::stopping)
    return;
  stage_ = stage::stopping;
  code_ = code;
  why_ = why;
  send_exit(supervisor_, caf::exit_reason::user_shutdown);
}

void launcher::finish() {
  if (stage_ != stage::stopping) {
    code_ = exit_code::failed;
    why_ = "the supervisor of the nodes has ended";
    stage_ = stage::stopping;
  }
  for (auto& x : nodes_)
    on_gone(*x);
  for (auto& asker : std::exchange(until_down_, {}))
    asker.ok({{"nodes", nodes_.size()}});
  // The loop may be stopped when the connections have written the answers: each
  // has its turn before the actor that is spawned now.
  runtime::spawn_on(loop(), [me = self()](runtime::loop_actor*) {
    caf::anon_send(me, end_atom::value);
  });
}

} // namespace sluice::tools
