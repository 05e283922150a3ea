// The example of docs/channels.md, and messages of a type of one's own.

#include "actors/channel/host.h"
#include "actors/config.h"
#include "actors/flow_actor.h"
#include "runtime/loop_group.h"

#include <caf/all.hpp>

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace sluice::actors {
namespace {

struct line {
  std::string text;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, line& x) {
  return f(caf::meta::type_name("line"), x.text);
}

using end_atom = caf::atom_constant<caf::atom("end")>;

std::vector<std::string> used;

void use(const line& x) {
  used.push_back(x.text);
}

// [receiver]
struct receiver_state {
  channel::inlet<line> in;
};

caf::behavior receiver(caf::stateful_actor<receiver_state>* self,
                       channel::host* channels) {
  auto in = channels->open_inlet<line>(self, "lines");
  if (!in)
    return self->quit(in.error()), caf::behavior{};
  self->state.in = std::move(*in); // dropped, it would cancel the stream
  return {
      [](const channel::inlet_opened&) {},
      [](const channel::batch<line>& lines) {
        for (auto& x : lines)
          use(x);
      },
      [=](const channel::inlet_ended&) { self->quit(); }, // all is there
      [](const channel::inlet_interrupted&) {}, // waits for the outlet
      [=](const channel::inlet_closed& x) { self->quit(x.error); },
  };
}
// [/receiver]

// [sender]
struct sender_state {
  channel::outlet<line> out;
};

caf::behavior sender(caf::stateful_actor<sender_state, flow_actor>* self,
                     channel::host* channels, const std::string& where) {
  auto out = channels->open_outlet<line>(self, where, "lines");
  if (!out)
    return self->quit(out.error()), caf::behavior{};
  self->state.out = std::move(*out);
  return {
      [](const channel::outlet_opened&) {},
      [=](const line& x) {
        if (auto err = self->state.out.push(x))
          self->quit(err);
      },
      [=](end_atom) { self->state.out.close(); }, // after all that was pushed
      [=](const channel::outlet_closed& x) { self->quit(x.error); },
  };
}
// [/sender]

/// Why the next one of `self`'s monitored actors has ended.
caf::error next_end(caf::scoped_actor& self) {
  caf::error result;
  self->receive([&](caf::down_msg& x) { result = std::move(x.reason); });
  return result;
}

TEST(channel_example_test, lines_go_from_one_host_to_another) {
  used.clear();
  // [hosts]
  config cfg;
  cfg.add_message_type<line>("line"); // under this name on both sides
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys};
  channel::host channels{loops};
  auto where = channels.listen("tcp://127.0.0.1:0"); // only the receiver's
  // [/hosts]
  ASSERT_TRUE(where);
  channel::host other{loops};
  caf::scoped_actor self{sys};
  std::promise<void> begun;
  self->spawn<caf::monitored>([&](caf::stateful_actor<receiver_state>* x) {
    auto behavior = receiver(x, &channels);
    begun.set_value();
    return behavior;
  });
  begun.get_future().wait();
  auto from = self->spawn<caf::monitored>(sender, &other, to_string(*where));
  std::vector<std::string> sent;
  for (int i = 0; i < 1'000; ++i) {
    sent.push_back(std::to_string(i));
    self->send(from, line{sent.back()});
  }
  self->send(from, end_atom::value);
  EXPECT_FALSE(next_end(self));
  EXPECT_FALSE(next_end(self));
  EXPECT_EQ(used, sent);
}

// -- a type that does not like every value ------------------------------------

struct even {
  int x = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, even& x) {
  if constexpr (!std::is_void_v<typename Inspector::result_type>)
    if (x.x % 2 != 0)
      return caf::sec::invalid_argument;
  return f(caf::meta::type_name("even"), x.x);
}

TEST(channel_example_test, message_that_its_type_does_not_write_is_not_taken) {
  config cfg;
  cfg.add_message_type<even>("even");
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys, {.loops = 1, .spin = {}}};
  channel::host channels{loops};
  caf::scoped_actor self{sys};
  auto out = channels.open_outlet<even>(self.ptr(), "tcp://127.0.0.1:1", "x");
  ASSERT_TRUE(out);
  EXPECT_FALSE(out->push({2}));
  auto before = out->pending_bytes();
  EXPECT_EQ(out->push({3}), caf::sec::invalid_argument);
  EXPECT_EQ(out->position(), 1u);
  EXPECT_EQ(out->pending_bytes(), before);
  EXPECT_FALSE(out->push({4}));
  EXPECT_EQ(out->pending_bytes(), 2 * before);
}

} // namespace
} // namespace sluice::actors
