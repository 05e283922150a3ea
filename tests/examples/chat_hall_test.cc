#include "examples/chat/hall.h"
#include "examples/chat/limits.h"
#include "net/config.h"
#include "runtime/loop_group.h"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace sluice::examples::chat {
namespace {

using namespace std::chrono_literals;
using std::to_string;

/// Somebody who stands in for a connection.
class visitor {
public:
  visitor(caf::actor_system& sys, caf::actor hall) : self_(sys), hall_(hall) {
    self_->send(hall_, arrived{});
  }

  void say(const std::string& text) {
    self_->send(hall_, said{std::make_shared<const line>(
                           net::byte_slice::copy(text), caf::actor{})});
  }

  /// Waits for the next text that begins with `start`, or the end.
  std::string hear(const std::string& start) {
    std::string result;
    auto over = false;
    while (!over && !result.starts_with(start))
      self_->receive([&](const heard& x) { result = x.text.str(); },
                     [&](const net::close&) { over = true; },
                     caf::after(30s) >>
                         [&] {
                           ADD_FAILURE() << "nobody says " << start;
                           over = true;
                         });
    return over ? "" : result;
  }

  /// True once the hall has closed the connection.
  bool is_sent_away() {
    auto result = false;
    self_->receive([&](const net::close&) { result = true; },
                   caf::after(30s) >> [] {});
    return result;
  }

private:
  caf::scoped_actor self_;
  caf::actor hall_;
};

class chat_hall_test : public testing::Test {
protected:
  std::unique_ptr<visitor> come() {
    return std::make_unique<visitor>(sys, where);
  }

  net::config cfg;
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys, {.loops = 1}};
  caf::actor where = runtime::spawn_on<hall>(loops.at(0));
};

TEST_F(chat_hall_test, rooms_and_members_are_bounded) {
  std::vector<std::unique_ptr<visitor>> all;
  for (std::size_t i = 0; i < members_max; ++i) {
    all.push_back(come());
    auto& last = *all.back();
    EXPECT_TRUE(last.hear("* you are in lobby").ends_with("with 0 others\n"));
    auto room = "room" + to_string(i % (rooms_max - 1));
    last.say("/join " + room);
    EXPECT_NE(last.hear("* you are in " + room), "");
  }

  auto late = come();
  EXPECT_NE(late->hear("! the house is full"), "");
  EXPECT_TRUE(late->is_sent_away());

  all.pop_back();
  auto next = come();
  EXPECT_NE(next->hear("* you are in lobby"), "");
  // With the lobby there are as many rooms as there may be, but a room that
  // its last guest leaves counts no more.
  next->say("/join attic");
  EXPECT_NE(next->hear("* you are in attic"), "");
  all.front()->say("/join cellar");
  EXPECT_EQ(all.front()->hear("! there are"), "! there are too many rooms\n");
}

TEST_F(chat_hall_test, long_list_of_names_is_cut_short) {
  std::vector<std::unique_ptr<visitor>> all;
  for (std::size_t i = 0; i <= listed_names_max; ++i) {
    all.push_back(come());
    EXPECT_NE(all.back()->hear("* you are in lobby"), "");
  }
  all.front()->say("/who");
  auto list = all.front()->hear("* " + to_string(listed_names_max + 1));
  EXPECT_TRUE(list.ends_with(" ...\n")) << list;
  EXPECT_EQ(std::count(list.begin(), list.end(), ' '),
            static_cast<std::ptrdiff_t>(listed_names_max + 4));
}

TEST_F(chat_hall_test, line_is_held_until_the_last_one_has_dealt_with_it) {
  auto ada = come();
  auto bob = come();
  EXPECT_NE(bob->hear("* you are in lobby"), "");
  caf::scoped_actor speaker{sys};
  {
    caf::scoped_actor eve{sys};
    eve->send(where, arrived{});
    eve->send(where, said{std::make_shared<const line>(
                         net::byte_slice::copy("hello"), speaker)});
    EXPECT_NE(bob->hear("guest3: hello"), "");
    // Still in the mailbox of ada, who has not looked.
    speaker->receive([](net::read_credit) { ADD_FAILURE() << "too early"; },
                     caf::after(0s) >> [] {});
    EXPECT_NE(ada->hear("guest3: hello"), "");
  }
  std::uint64_t credit = 0;
  speaker->receive([&](net::read_credit x) { credit = x.count; },
                   caf::after(30s) >> [] {});
  EXPECT_EQ(credit, 1u);
}

} // namespace
} // namespace sluice::examples::chat
