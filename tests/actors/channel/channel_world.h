#pragma once

// channel_world: two hosts on a simulated kernel, and actors that own the ends
// of channels between them and write down what they are told.
//
// For tests. Thread rule: one thread; so a test may use the ends of its actors
// as their handlers would. Lifetime: outlives its ends.

#include "actors/channel/host.h"
#include "runtime/backpressure.h"
#include "runtime/error.h"
#include "tests/support/sim_runtime.h"

#include <caf/all.hpp>

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::actors::channel::testing {

using sluice::testing::sim_runtime;
using sluice::testing::sim_settings;
using sluice::testing::sim_world;

inline constexpr auto endpoint = "tcp://127.0.0.1:7000";

inline bool is(const caf::error& x, runtime::errc code) {
  return x && x.category() == runtime::error_category
         && x.code() == static_cast<std::uint8_t>(code);
}

inline bool says(const caf::error& x, std::string_view part) {
  return runtime::to_text(x).find(part) != std::string::npos;
}

/// What an owner was told.
struct notes {
  std::vector<outlet_opened> opened;
  std::vector<outlet_closed> closed;
  std::vector<runtime::pressure> pressure;
  std::vector<inlet_opened> in_opened;
  std::vector<inlet_interrupted> interrupted;
  std::vector<inlet_ended> ended;
  std::vector<inlet_closed> in_closed;

  std::vector<std::string> items;
  bool keep = false; // the batches, instead of freeing them
  std::vector<batch<std::string>> kept;
};

using notes_ptr = std::shared_ptr<notes>;

/// The behavior of an owner.
template <class Self>
caf::behavior owner(Self*, notes_ptr log) {
  return {
      [=](const outlet_opened& x) { log->opened.push_back(x); },
      [=](const outlet_closed& x) { log->closed.push_back(x); },
      [=](const runtime::backpressure& x) { log->pressure.push_back(x.state); },
      [=](const inlet_opened& x) { log->in_opened.push_back(x); },
      [=](const inlet_interrupted& x) { log->interrupted.push_back(x); },
      [=](const inlet_ended& x) { log->ended.push_back(x); },
      [=](const inlet_closed& x) { log->in_closed.push_back(x); },
      [=](const batch<int>&) {},
      [=](batch<std::string>& x) {
        EXPECT_EQ(x.first + x.size(), x.next());
        log->items.insert(log->items.end(), x.begin(), x.end());
        if (log->keep)
          log->kept.push_back(std::move(x));
      },
  };
}

inline caf::local_actor* self_of(const caf::actor& x) {
  return dynamic_cast<caf::local_actor*>(
      caf::actor_cast<caf::abstract_actor*>(x));
}

class channel_world : public ::testing::Test {
protected:
  explicit channel_world(host_options options = {.instance = 1})
      : run_(world_, 2) {
    near_.emplace(run_.loop(0), options);
    options.instance = 2;
    far_.emplace(run_.loop(1), options);
    auto where = far_->listen(endpoint);
    EXPECT_TRUE(where);
    sender_ = spawn(sent_);
    receiver_ = spawn(got_);
  }

  ~channel_world() override {
    // Ends whose owners are told nothing that matters.
    outs_.clear();
    in_ = {};
    near_.reset();
    far_.reset();
    for (auto& x : owners_)
      caf::anon_send_exit(x, caf::exit_reason::kill);
    sender_ = receiver_ = nullptr;
    owners_.clear();
  }

  caf::actor spawn(const notes_ptr& log) {
    owners_.push_back(run_.system().spawn(owner<caf::event_based_actor>, log));
    return owners_.back();
  }

  void open_inlet(inlet_options options = {}) {
    auto made =
        far_->open_inlet<std::string>(self_of(receiver_), "lines", options);
    ASSERT_TRUE(made);
    in_ = std::move(*made);
  }

  outlet<std::string>& open_outlet(outlet_options options = {},
                                   const std::string& name = "lines",
                                   const caf::actor& owner = {}) {
    auto made = near_->open_outlet<std::string>(
        self_of(owner ? owner : sender_), endpoint, name, options);
    EXPECT_TRUE(made);
    outs_.push_back(std::move(*made));
    return outs_.back();
  }

  /// Pushes the messages `from` to `to - 1`, of `size` bytes each.
  static caf::error push(outlet<std::string>& out, std::uint64_t from,
                         std::uint64_t to, std::size_t size = 0) {
    for (; from < to; ++from)
      if (auto err = out.push(text(from, size)))
        return err;
    return {};
  }

  static std::string text(std::uint64_t number, std::size_t size = 0) {
    auto result = std::to_string(number);
    result.resize(std::max(size, result.size()), '.');
    return result;
  }

  /// Everything from 0 to `count - 1` has arrived, once and in order.
  void expect_items(std::uint64_t count, std::size_t size = 0) {
    ASSERT_EQ(got_->items.size(), count);
    for (std::uint64_t i = 0; i < count; ++i)
      ASSERT_EQ(got_->items[i], text(i, size));
  }

  template <class F>
  bool until(F done) {
    return run_.until(done, 200'000);
  }

  /// Long enough for what travels to arrive, and no timeout.
  void settle() { run_.during(std::chrono::milliseconds{100}); }

  sim_world world_{1, sim_settings::calm()};
  sim_runtime run_;
  std::optional<host> near_;
  std::optional<host> far_;
  std::vector<caf::actor> owners_;
  notes_ptr sent_ = std::make_shared<notes>();
  notes_ptr got_ = std::make_shared<notes>();
  caf::actor sender_;
  caf::actor receiver_;
  std::deque<outlet<std::string>> outs_;
  inlet<std::string> in_;
};

} // namespace sluice::actors::channel::testing
