#pragma once

// observer_actor: the two halves of an observer in one actor: what it tells
// other nodes of this one (watchers), and what it hears of others for its pages
// (lines, the board).
//
// Internal; the rules stand in observer.h. Thread rule: the loop's thread.
// Lifetime: an actor's.

#include "actors/admin/client.h"
#include "actors/channel/host.h"
#include "actors/cluster/node.h"
#include "actors/observe/board.h"
#include "actors/observe/command.h"
#include "actors/observe/messages.h"
#include "actors/observe/meter.h"
#include "actors/observe/observer.h"
#include "actors/observe/page_texts.h"
#include "actors/observe/survey.h"
#include "runtime/limits.h"
#include "runtime/loop_actor.h"

#include <caf/atom.hpp>
#include <caf/response_promise.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::actors::observe {

class observer_actor final : public runtime::loop_actor {
public:
  /// On the thread of who spawns it: opens the names of its channels, or says
  /// in `why` that it cannot, and ends at once then.
  observer_actor(caf::actor_config& cfg, runtime::event_loop& loop,
                 cluster::node* node, observer_options options,
                 caf::error* why);

  const char* name() const override { return "observer"; }

protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  using cut_atom = caf::atom_constant<caf::atom("cut")>;
  using late_atom = caf::atom_constant<caf::atom("late")>;

  /// Another node that gets this one's reports.
  struct watcher {
    cluster::member who;
    runtime::time_point until{};
    channel::outlet<note> out{};
    runtime::time_point pushed{}; // the last report; or `out` was made
    /// It was slow: its reports are short.
    runtime::time_point short_until{};
  };

  /// The way to another node that is watched.
  struct line {
    cluster::member who;
    channel::outlet<order> out{};
  };

  /// What a page asked for, until all nodes that it takes have answered.
  struct control {
    command what;
    caf::actor page;
    std::string asker;
    std::set<std::string> missing{};
    std::string done{};  // the sentence if nothing fails
    std::string wrong{}; // the sentences of those that failed
    /// What this node itself does when the others have: cutting itself off
    /// from the page's node would cut off the answers.
    bool last_here = false;
  };

  // observer_actor.cc: its frame, members, time
  void on_event(const channel::outlet_closed& x);
  void watch();
  void wake();
  void on_tick();
  void finish_round();
  bool is_watching() const;
  moment at() const;
  static channel::outlet_options own_link();
  std::string name_of(const std::string& endpoint) const;

  // observer_watchers.cc: for other nodes
  void on_order(const order& x);
  watcher* admit(const order& x);
  void obey(const order& x, watcher* to);
  bool follow(const order& x, std::string& text);
  bool execute(const command& x, std::string& text);
  void tell_watchers(const node_report& x);

  // observer_lines.cc: from other nodes
  void watch_all();
  line* line_to(const cluster::member& x);
  void on_note(const note& x);

  // observer_pages.cc: for browsers
  caf::result<void> open(const open_page& x);
  caf::result<state_text> state();
  void make_frame();
  void send_events();
  static void tell_page(const caf::actor& page, text_kind what,
                        std::string_view text);
  void tell_pages(text_kind what, std::string_view text);

  // observer_controls.cc: what they ask for
  void on_said(const page_said& x);
  void begin(const page_said& by, const command& x);
  std::string objection(const command& x) const;
  void ask_nodes(std::uint64_t id, control x);
  void ask_launcher(std::uint64_t id, control x);
  void ask_through_launcher(std::uint64_t id, control x);
  void on_launcher(std::uint64_t id, admin::outcome how, const caf::error& why,
                   const nlohmann::json& said);
  void on_answers(std::uint64_t id, const nlohmann::json& rows);
  void fail(std::uint64_t id, const std::string& why);
  void add_order(std::uint64_t id, const control& x, const std::string& node);
  void on_part(std::uint64_t id, const std::string& node, bool ok,
               const std::string& text);
  void on_late(std::uint64_t id);
  void finish(std::uint64_t id);
  void answer(const control& x, bool ok, const std::string& text);

  cluster::node& node_;
  const observer_options options_;
  std::vector<std::string> verbs_; // that pages may use
  std::optional<cluster::member> self_;

  survey survey_;
  meter meter_;
  bool ticking_ = false;

  channel::inlet_group<order> orders_;
  channel::inlet_group<note> notes_;
  std::map<std::string, watcher> watchers_; // by name
  std::map<std::string, line> lines_;       // by name
  runtime::time_point renewed_{};
  runtime::time_point watch_until_{}; // though there is no page

  board board_;
  page_texts::history history_;
  std::uint64_t events_sent_ = 0;
  std::set<caf::actor> pages_;
  std::vector<caf::response_promise> state_waiters_;

  std::uint64_t last_control_ = 0;
  std::map<std::uint64_t, control> controls_;
};

} // namespace sluice::actors::observe
