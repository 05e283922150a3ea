#include "actors/metrics/collector.h"

#include "actors/metrics/families.h"
#include "actors/metrics/process_families.h"
#include "runtime/error.h"
#include "runtime/loop_actor.h"

#include <caf/actor_system.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/response_promise.hpp>
#include <caf/send.hpp>
#include <caf/typed_response_promise.hpp>

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace sluice::actors::metrics {

namespace limits = runtime::limits;
using runtime::errc;
using runtime::make_error;

namespace {

/// Somebody waits for the text.
struct wish {
  collector::callback done;
};

/// A loop answers.
struct figures {
  std::size_t loop;
  std::shared_ptr<const loop_sample> sample;
};

/// The time of a round is over.
struct round_over {
  std::uint64_t round;
};

} // namespace

} // namespace sluice::actors::metrics

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::actors::metrics::wish)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::actors::metrics::figures)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::actors::metrics::round_over)

namespace sluice::actors::metrics {

namespace {

/// Gathers in rounds: each begins when somebody wants the text, and ends when
/// all have answered, or in time.
class collector_actor final : public caf::event_based_actor {
public:
  collector_actor(caf::actor_config& cfg, collector_options options)
      : caf::event_based_actor(cfg), options_(std::move(options)) {
    for (auto loop : options_.loops)
      loops_.push_back({{label_of(loop->name()), false, {}, {}}, {}, false});
  }

  const char* name() const override { return "metrics"; }

  caf::behavior make_behavior() override {
    return {
        [this](wish& x) { add(std::move(x.done)); },
        [this](collect_metrics) {
          auto promise = make_response_promise<std::string>();
          add([promise](const caf::expected<std::string>& text) mutable {
            if (text)
              promise.deliver(*text);
            else
              promise.deliver(text.error());
          });
          return promise;
        },
        [this](const figures& x) { on_figures(x); },
        [this](const round_over& x) {
          if (x.round == round_ && under_way_)
            finish();
        },
    };
  }

  void on_exit() override {
    auto err = make_error(errc::connection_closed, "the collector has ended");
    for (auto& tell : std::exchange(waiting_, {}))
      tell(err);
    // Handles that would keep others alive.
    options_ = {};
  }

private:
  struct asked_loop {
    loop_answer answer;
    caf::actor_clock::time_point since; // of the question
    bool asked = false;                 // and not answered yet
  };

  /// No two series may have the same labels, and loops of two groups, or made
  /// by themselves, have the same names.
  std::string label_of(const std::string& name) const {
    auto is_taken = [this](const std::string& x) {
      return std::ranges::any_of(
          loops_, [&](auto& loop) { return loop.answer.name == x; });
    };
    auto result = name;
    for (int i = 2; is_taken(result); ++i)
      result = name + " (" + std::to_string(i) + ")";
    return result;
  }

  void add(collector::callback tell) {
    if (waiting_.size() >= limits::metrics_waiting_max)
      return tell(make_error(errc::too_many_waiting,
                             std::to_string(waiting_.size())
                                 + " wait for the metrics already"));
    waiting_.push_back(std::move(tell));
    if (!std::exchange(under_way_, true))
      begin();
  }

  void begin() {
    ++round_;
    missing_ = loops_.size();
    for (std::size_t i = 0; i < loops_.size(); ++i)
      ask(i);
    ask_node();
    if (missing_ == 0)
      return finish();
    delayed_send(this, options_.answer, round_over{round_});
  }

  void ask(std::size_t index) {
    auto& loop = loops_[index];
    loop.answer.up = false;
    if (std::exchange(loop.asked, true))
      return; // it has a question to answer
    loop.since = clock_now();
    caf::actor me{this};
    runtime::spawn_on(
        *options_.loops[index], [index, me](runtime::loop_actor* self) {
          auto sample =
              std::make_shared<loop_sample>(loop_sample::of(self->loop()));
          --sample->actors; // this one
          caf::anon_send(me, figures{index, std::move(sample)});
        });
  }

  void on_figures(const figures& x) {
    auto& loop = loops_[x.loop];
    loop.asked = false;
    loop.answer.last = *x.sample;
    loop.answer.took = clock_now() - loop.since;
    if (under_way_ && !std::exchange(loop.answer.up, true))
      one_less();
  }

  void ask_node() {
    membership_.reset();
    if (!options_.node)
      return;
    ++missing_;
    auto arrived = [this, round = round_] {
      if (under_way_ && round == round_)
        one_less();
    };
    request(options_.node, options_.answer, cluster::report_membership{})
        .then(
            [this, arrived](cluster::membership_report& x) {
              membership_ = std::move(x);
              arrived();
            },
            [arrived](const caf::error&) { arrived(); });
  }

  void one_less() {
    if (--missing_ == 0)
      finish();
  }

  void finish() {
    under_way_ = false;
    auto text = render();
    for (auto& tell : std::exchange(waiting_, {}))
      tell(text);
  }

  std::string render() {
    sample all;
    for (auto& x : loops_)
      all.loops.push_back(x.answer);
    all.refused_at_door = net::net_totals::refused_at_door.load();
    all.pressure = runtime::pressure_table::instance().totals();
    all.mailboxes = mailbox_table::instance().totals();
    for (auto& report : options_.channels)
      all.channels.push_back(report());
    all.membership = membership_;
    family_list families;
    add_sample(families, all);
    add_process(families);
    std::uint64_t failed = 0;
    for (auto& x : options_.registries) {
      try {
        families.append(x->Collect());
      } catch (...) {
        ++failed;
      }
    }
    families.gauge("sluice_metrics_sources_failed",
                   "Registries of the program that failed in this collection.",
                   number(failed));
    return prometheus::TextSerializer{}.Serialize(families.take());
  }

  caf::actor_clock::time_point clock_now() { return clock().now(); }

  collector_options options_;
  std::vector<asked_loop> loops_;
  std::optional<cluster::membership_report> membership_;
  std::vector<collector::callback> waiting_;
  std::uint64_t round_ = 0;
  std::size_t missing_ = 0; // answers of this round
  bool under_way_ = false;
};

} // namespace

collector::collector(caf::actor_system& system, collector_options options)
    : actor_(system.spawn<collector_actor>(std::move(options))) {
}

collector::~collector() {
  caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown);
}

void collector::collect(callback done) const {
  caf::anon_send(actor_, wish{std::move(done)});
}

} // namespace sluice::actors::metrics
