#include "actors/admin/builtin.h"

#include "actors/pressure_graph.h"

#include <nlohmann/json.hpp>

#include <mutex>
#include <utility>

namespace sluice::actors::admin {

namespace {

using nlohmann::json;

json names_of(const verb_table& verbs) {
  auto result = json::array();
  for (auto& [name, f] : verbs)
    result.push_back(name);
  return result;
}

json to_json(const pressure_graph& graph) {
  auto edges = json::array();
  for (auto& x : graph.edges)
    edges.push_back({
        {"held", x.held_name},
        {"held_id", x.held},
        {"holder", x.holder_name},
        {"holder_id", x.holder},
        {"for_ms",
         std::chrono::duration_cast<std::chrono::milliseconds>(x.since)
             .count()},
        {"queued", x.queued},
        {"unit",
         x.unit == runtime::pressure_unit::bytes ? "bytes" : "messages"},
    });
  return {{"edges", std::move(edges)}, {"cycles", graph.cycles()}};
}

/// The figures of all loops, which each of them can read of itself alone. The
/// last one answers.
class loop_survey {
public:
  loop_survey(std::size_t loops, reply answer)
      : rows_(json::array()), left_(loops), answer_(std::move(answer)) {
    for (std::size_t i = 0; i < loops; ++i)
      rows_.push_back(nullptr);
  }

  void set(std::size_t index, json row) {
    std::unique_lock guard{mutex_};
    rows_[index] = std::move(row);
    if (--left_ > 0)
      return;
    guard.unlock();
    answer_.ok({{"loops", std::move(rows_)}});
  }

private:
  std::mutex mutex_;
  json rows_;
  std::size_t left_;
  reply answer_;
};

void survey(runtime::event_loop& loop, std::size_t index,
            const std::shared_ptr<loop_survey>& all) {
  runtime::spawn_on(loop, [index, all](runtime::loop_actor* self) {
    auto& here = self->loop();
    auto& stats = here.stats();
    all->set(index, {
                        {"name", here.name()},
                        {"actors", here.residents() - 1}, // but for this one
                        {"iterations", stats.iterations},
                        {"actor_turns", stats.actor_turns},
                        {"ready_events", stats.ready_events},
                        {"timers_fired", stats.timers_fired},
                    });
  });
}

} // namespace

void add_builtin_verbs(verb_table& verbs, caf::actor_system& system,
                       std::vector<runtime::event_loop*> loops) {
  verbs.try_emplace("pressure", [&system](const json&, const reply& done) {
    done.ok(to_json(list_pressure(system)));
  });
  verbs.try_emplace(
      "loops", [loops = std::move(loops)](const json&, const reply& done) {
        auto all = std::make_shared<loop_survey>(loops.size(), done);
        for (std::size_t i = 0; i < loops.size(); ++i)
          survey(*loops[i], i, all);
      });
  // The names as they are then, this one included.
  if (verbs.try_emplace("verbs", handler{}).second) {
    auto names = names_of(verbs);
    verbs["verbs"] = [names](const json&, const reply& done) {
      done.ok({{"verbs", names}});
    };
  }
}

} // namespace sluice::actors::admin
