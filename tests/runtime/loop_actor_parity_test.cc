// One random script, played to an actor of CAF and to one of ours: both must
// do and say the same, line by line. What the two do differently on purpose is
// not in the script; the tests beside this one have it: urgent messages that
// are skipped, after(0), the reason of an exception.

#include "tests/runtime/on_both_kinds.h"
#include "tests/support/random_source.h"
#include "tests/support/seeds.h"

#include <caf/response_promise.hpp>

#include <array>
#include <stdexcept>

namespace sluice::runtime {
namespace {

using testing::for_each_seed;
using testing::random_source;

/// What a message asks the actor under test to do.
enum class order : int {
  note,
  ask_then,
  ask_await,
  ask_with_deadline,
  await_with_deadline,
  ask_the_dead,
  ask_itself,
  send_itself,
  send_later,
  promise,
  delegate,
  answer_with_error,
  become,
  unbecome,
  start_idling,
  stop_idling,
  open,
  close,
  monitor,
  link,
  unlink,
  trap_exits,
  let_exits_pass,
  answer_the_rest,
  ignore_the_rest,
  count, // those above come often, those below seldom
  quit,
  fail,
  become_nothing,
};

template <class Self>
class stage final : public on_both_kinds<Self> {
public:
  using base = on_both_kinds<Self>;

  stage() {
    server_ = this->sys.spawn([](caf::event_based_actor*) -> behavior {
      return {[](order, int x) -> caf::result<int> {
        if (x % 4 == 0)
          return caf::sec::invalid_argument;
        return x + 1'000;
      }};
    });
    // Answers when it is told to.
    slow_ = this->sys.spawn([](caf::event_based_actor* self) -> behavior {
      auto waiting = std::make_shared<std::vector<caf::response_promise>>();
      return {[=](order, int) {
                waiting->push_back(self->make_response_promise());
                return waiting->back();
              },
              [=](int) {
                for (auto& x : *waiting)
                  x.deliver(2'000);
                waiting->clear();
              }};
    });
    dead_ = spawn_peer();
    caf::anon_send_exit(dead_, caf::exit_reason::kill);
    for (auto& x : peers_)
      x = spawn_peer();
    enter();
  }

  /// Plays one scene and returns what was noted.
  void play(random_source& random) {
    if (ended_)
      enter();
    for (auto i = random.below(4) + 1; i > 0; --i)
      stimulate(random);
    rest();
    if (random.below(8) == 0) {
      auto by = random.between(1ms, 30ms);
      this->note("time passes");
      this->scheduler().advance_time(by);
      rest();
    }
  }

  /// Ends the actor. While it awaits something it does not see the end; and
  /// what it skipped may make it await more.
  lines finish() {
    if (ended_)
      enter();
    caf::anon_send_exit(subject_, caf::exit_reason::kill);
    rest();
    for (int i = 0; i < 1'000 && !ended_; ++i) {
      caf::anon_send(slow_, 0);
      rest();
    }
    EXPECT_TRUE(ended_);
    caf::anon_send(slow_, 0); // an open promise would keep it for ever
    rest();
    auto result = this->noted();
    result.push_back("answers:");
    result.insert(result.end(), answers_.begin(), answers_.end());
    return result;
  }

private:
  void TestBody() override {}

  /// First everybody else, then the actor under test until it is idle, and so
  /// on: the same order for both.
  void rest() {
    auto subject = dynamic_cast<caf::resumable*>(
        caf::actor_cast<caf::abstract_actor*>(subject_));
    auto& jobs = this->scheduler().jobs;
    do {
      this->scheduler().run_jobs_filtered(
          [=](caf::resumable* x) { return x != subject; });
      while (this->loop->run_once(false) || this->loop->has_ready())
        ;
      while (!jobs.empty() && jobs.front() == subject)
        take_turn(subject);
    } while (!jobs.empty());
  }

  /// A turn as in a scheduler that is not for tests; those have one message.
  void take_turn(caf::resumable* subject) {
    struct worker final : caf::execution_unit {
      explicit worker(caf::scheduler::test_coordinator& x)
          : caf::execution_unit(&x.system()), jobs(x.jobs) {}
      void exec_later(caf::resumable* x) override { jobs.push_back(x); }
      std::deque<caf::resumable*>& jobs;
    } here{this->scheduler()};
    here.jobs.pop_front();
    if (subject->resume(&here, limits::actor_turn_messages)
        == caf::resumable::resume_later)
      here.jobs.push_front(subject);
    else
      caf::intrusive_ptr_release(subject);
  }

  void enter() {
    ended_ = false;
    subject_ = this->spawn_kind([this](Self* self) { return start(self); });
    subject_->attach_functor([this](const caf::error& x) {
      ended_ = true;
      this->note("ended: " + this->text(x));
    });
    rest();
  }

  caf::actor spawn_peer() {
    return this->sys.spawn([](caf::event_based_actor* self) -> behavior {
      return {[self](int) { self->quit(caf::exit_reason::user_shutdown); }};
    });
  }

  static order draw(random_source& random) {
    if (random.below(150) == 0)
      return static_cast<order>(static_cast<int>(order::quit)
                                + static_cast<int>(random.below(3)));
    return static_cast<order>(random.below(static_cast<int>(order::count)));
  }

  void stimulate(random_source& random) {
    auto x = static_cast<int>(random.below(100));
    switch (random.below(20)) {
    case 0:
      caf::anon_send(subject_, caf::make_error(caf::sec::invalid_argument));
      break;
    case 1:
      if (x < 10)
        caf::anon_send_exit(subject_, caf::exit_reason::user_shutdown);
      else
        caf::anon_send_exit(subject_, caf::exit_reason::normal);
      break;
    case 2:
      caf::anon_send(slow_, 0);
      break;
    case 3:
      caf::anon_send(random.pick(peers_), 0);
      break;
    case 4:
    case 5:
      caf::anon_send(subject_, x + 0.5); // is skipped while closed
      break;
    case 6:
      caf::anon_send(subject_, "a text that nobody handles");
      break;
    case 7:
      random.pick(peers_) = spawn_peer();
      break;
    case 8:
    case 9:
    case 10:
      caf::anon_send(subject_, draw(random), x);
      break;
    default:
      ask(draw(random), x);
    }
  }

  /// Answers are noted apart: when the asker sees one depends on who has the
  /// next turn, what it sees must not.
  void ask(order what, int x) {
    answers_.emplace_back("none");
    auto number = answers_.size() - 1;
    this->sys.spawn([=, this](caf::event_based_actor* self) {
      self->request(subject_, caf::infinite, what, x)
          .then([=, this](int y) { answers_[number] = to_string(y); },
                [=, this](caf::error& e) { answers_[number] = this->text(e); });
    });
    this->scheduler().run_once_lifo(); // it, and nobody else
  }

  behavior start(Self* self) {
    trapping_ = false;
    self->set_default_handler(caf::skip);
    self->set_error_handler(
        [this](caf::error& x) { this->note("error " + this->text(x)); });
    self->set_down_handler([this](caf::down_msg& x) {
      this->note("down " + this->text(x.reason));
    });
    self->set_exception_handler([](std::exception_ptr&) -> caf::error {
      return caf::sec::runtime_error;
    });
    return first(self);
  }

  behavior first(Self* self) {
    return {[=, this](order what, int x) { return obey(self, what, x); },
            [=, this](double x) { return maybe(x); }};
  }

  behavior first_idling(Self* self) {
    return {[=, this](order what, int x) { return obey(self, what, x); },
            [=, this](double x) { return maybe(x); },
            caf::after(10ms) >> [this] { this->note("idle"); }};
  }

  behavior second(Self* self) {
    return {[=, this](order what, int x) -> caf::result<int> {
      this->note("second " + to_string(x));
      if (what == order::unbecome || what == order::become)
        self->unbecome();
      return -x;
    }};
  }

  caf::result<void> maybe(double x) {
    if (!open_)
      return caf::skip();
    this->note("let in " + to_string(x));
    return caf::unit;
  }

  auto taker(int x) {
    return [=, this](int y) {
      this->note("for " + to_string(x) + " got " + to_string(y));
    };
  }

  auto refuser(int x) {
    return [=, this](caf::error& e) {
      this->note("for " + to_string(x) + " got " + this->text(e));
    };
  }

  caf::result<int> obey(Self* self, order what, int x) {
    this->note("order " + to_string(static_cast<int>(what)) + " "
               + to_string(x));
    auto& peer = peers_[static_cast<std::size_t>(x) % peers_.size()];
    switch (what) {
    case order::ask_then:
      self->request(x % 2 ? server_ : slow_, caf::infinite, order::note, x)
          .then(taker(x), refuser(x));
      break;
    case order::ask_await:
      self->request(server_, caf::infinite, order::note, x)
          .await(taker(x), refuser(x));
      break;
    case order::ask_with_deadline:
      self->request(slow_, 15ms, order::note, x).then(taker(x), refuser(x));
      break;
    case order::await_with_deadline:
      self->request(slow_, 15ms, order::note, x).await(taker(x), refuser(x));
      break;
    case order::ask_the_dead:
      self->request(dead_, caf::infinite, x).then(taker(x), refuser(x));
      break;
    case order::ask_itself:
      self->request(caf::actor{self}, caf::infinite, order::note, x)
          .then(taker(x), refuser(x));
      break;
    case order::send_itself:
      self->send(self, order::note, x + 10'000);
      break;
    case order::send_later:
      self->delayed_send(self, 5ms, order::note, x + 20'000);
      break;
    case order::promise: {
      auto promise = self->template make_response_promise<int>();
      self->request(server_, caf::infinite, order::note, x)
          .then([promise](int y) mutable { promise.deliver(y); },
                [promise](caf::error& e) mutable { promise.deliver(e); });
      return promise;
    }
    case order::delegate:
      self->delegate(server_, order::note, x);
      return caf::delegated<int>{};
    case order::answer_with_error:
      return caf::sec::invalid_argument;
    case order::become:
      self->become(caf::keep_behavior, second(self));
      break;
    case order::unbecome:
      self->become(first(self));
      break;
    case order::start_idling:
      self->become(first_idling(self));
      break;
    case order::stop_idling:
      self->become(first(self));
      break;
    case order::open:
    case order::close:
      open_ = what == order::open;
      break;
    case order::monitor:
      self->monitor(peer);
      break;
    case order::link:
      if (trapping_) // else nobody would live long
        self->link_to(peer);
      break;
    case order::unlink:
      self->unlink_from(peer);
      break;
    case order::trap_exits:
      trapping_ = true;
      self->set_exit_handler([this](caf::exit_msg& e) {
        this->note("exit " + this->text(e.reason));
      });
      break;
    case order::let_exits_pass:
      if (x % 10 == 0) {
        trapping_ = false;
        self->set_exit_handler(typename Self::exit_handler{});
      }
      break;
    case order::answer_the_rest:
      this->set_default_handler(
          self, [this](caf::message_view& m) -> caf::result<caf::message> {
            this->note("rest " + m.content().stringify());
            // Not its own answers to itself: it would never come to rest.
            if (m.content().match_elements<int>())
              return caf::message{};
            return caf::make_message(-1);
          });
      break;
    case order::ignore_the_rest:
      self->set_default_handler(caf::skip);
      break;
    case order::quit:
      self->quit(caf::exit_reason::user_shutdown);
      break;
    case order::fail:
      throw std::runtime_error("as ordered");
    case order::become_nothing:
      self->unbecome();
      break;
    default:
      break;
    }
    return x;
  }

  caf::actor server_;
  caf::actor slow_;
  caf::actor dead_;
  std::array<caf::actor, 3> peers_;
  caf::actor subject_;
  bool ended_ = false;
  bool open_ = false;
  bool trapping_ = false;
  lines answers_;
};

template <class Self>
lines perform(std::uint64_t seed) {
  random_source random{seed};
  stage<Self> on_stage;
  for (int scene = 0; scene < 60; ++scene)
    on_stage.play(random);
  return on_stage.finish();
}

TEST(loop_actor_parity_test, same_script_same_play) {
  std::size_t total = 0;
  for_each_seed(500, [&](std::uint64_t seed) {
    auto right = perform<caf::event_based_actor>(seed);
    auto ours = perform<loop_actor>(seed);
    for (std::size_t i = 0; i < right.size() && i < ours.size(); ++i)
      ASSERT_EQ(ours[i], right[i])
          << "line " << i << " after\n"
          << ::testing::PrintToString(
                 lines(right.begin() + static_cast<long>(i - std::min(i, 9ul)),
                       right.begin() + static_cast<long>(i)));
    ASSERT_EQ(ours.size(), right.size());
    total += right.size();
  });
  if (!testing::replayed_seed()) {
    EXPECT_GT(total, 10'000u) << "the scripts are too dull";
  }
}

} // namespace
} // namespace sluice::runtime
