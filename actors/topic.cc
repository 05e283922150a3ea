#include "actors/topic.h"

#include "actors/pressure_tracker.h"
#include "actors/rejected_message.h"
#include "net/events.h"
#include "runtime/error.h"

#include <caf/result.hpp>
#include <caf/unit.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>

namespace sluice::actors {

using runtime::backpressure;
using runtime::errc;
using runtime::make_error;

std::string to_string(slow_policy x) {
  switch (x) {
  case slow_policy::pause:
    return "pause";
  case slow_policy::drop_oldest:
    return "drop_oldest";
  case slow_policy::drop_newest:
    return "drop_newest";
  case slow_policy::disconnect:
    return "disconnect";
  }
  return "invalid";
}

namespace {

struct subscriber {
  caf::strong_actor_ptr who;
  subscription how;
  std::deque<caf::message> queue; // while it is under pressure
  std::uint64_t delivered = 0;
  std::uint64_t dropped = 0;
};

class topic_state {
public:
  explicit topic_state(flow_actor* self) : self_(self) {}

  caf::result<void> add(const subscribe& x) {
    if (!x.who)
      return make_error(errc::bad_setting, "no actor to subscribe");
    if (x.how.queue_messages == 0)
      return make_error(errc::bad_setting,
                        "a subscription's queue_messages is 0: at least 1");
    auto who = caf::actor_cast<caf::strong_actor_ptr>(x.who);
    auto found = find(who);
    if (found == all_.end()) {
      self_->monitor(x.who);
      all_.push_back({who, x.how, {}, 0, 0});
      if (slow(all_.back()))
        wait_for(all_.back());
      return caf::unit;
    }
    // What holds the topic now does so by the old policy.
    stop_waiting_for(*found);
    found->how = x.how;
    // With `pause` nothing is kept: what was comes before what is published.
    if (x.how.policy == slow_policy::pause)
      catch_up(*found);
    if (slow(*found))
      wait_for(*found);
    trim(*found);
    return caf::unit;
  }

  /// It has ended.
  void forget(const caf::actor_addr& who) {
    pressure_.forget(who);
    if (auto living = caf::actor_cast<caf::strong_actor_ptr>(who))
      remove(living);
  }

  void remove(const caf::strong_actor_ptr& who) {
    auto found = find(who);
    if (found == all_.end())
      return;
    stop_waiting_for(*found);
    drop(*found, found->queue.size());
    all_.erase(found);
  }

  void publish(const caf::message& content) {
    ++counts_.published;
    // A dismissal takes a place out of the list.
    for (std::size_t i = 0; i < all_.size();) {
      auto& x = all_[i];
      if (!slow(x) || x.how.policy == slow_policy::pause)
        deliver(x, content);
      else if (!keep(x, content)) {
        dismiss(x);
        continue;
      }
      ++i;
    }
  }

  void heed(const backpressure& signal) {
    pressure_.heed(signal);
    auto found = find(signal.source);
    if (found == all_.end())
      return;
    if (found->how.policy == slow_policy::pause)
      self_->obey(signal);
    if (!slow(*found))
      catch_up(*found);
  }

  void rejected() { ++counts_.rejected; }

  topic_counts counts() const {
    auto result = counts_;
    for (auto& x : all_)
      result.subscribers.push_back({x.who->id(), x.how.policy, x.delivered,
                                    x.dropped, x.queue.size(), slow(x)});
    return result;
  }

private:
  using list = std::vector<subscriber>;

  bool slow(const subscriber& x) const {
    return pressure_.holds(caf::actor_cast<caf::actor_addr>(x.who));
  }

  list::iterator find(const caf::strong_actor_ptr& who) {
    return std::ranges::find(all_, who, &subscriber::who);
  }

  void drop(subscriber& x, std::uint64_t count) {
    x.dropped += count;
    counts_.dropped += count;
  }

  void deliver(subscriber& x, const caf::message& content) {
    ++x.delivered;
    ++counts_.delivered;
    x.who->enqueue(self_->ctrl(), caf::make_message_id(), content,
                   self_->context());
  }

  /// False if the subscriber is to be dismissed.
  bool keep(subscriber& x, const caf::message& content) {
    if (x.queue.size() < x.how.queue_messages) {
      x.queue.push_back(content);
      return true;
    }
    if (x.how.policy == slow_policy::disconnect)
      return false;
    drop(x, 1);
    if (x.how.policy == slow_policy::drop_oldest) {
      x.queue.pop_front();
      x.queue.push_back(content);
    }
    return true;
  }

  void dismiss(subscriber& x) {
    ++counts_.dismissed;
    drop(x, 1); // the one that did not fit
    self_->send<caf::message_priority::high>(caf::actor_cast<caf::actor>(x.who),
                                             unsubscribed{x.queue.size() + 1});
    remove(caf::strong_actor_ptr{x.who});
  }

  /// Sends what was kept. All of it: if that is too much again, the subscriber
  /// has it in its mailbox, and says so.
  void catch_up(subscriber& x) {
    for (auto& content : std::exchange(x.queue, {}))
      deliver(x, content);
  }

  /// After the queue became shorter.
  void trim(subscriber& x) {
    while (x.queue.size() > x.how.queue_messages) {
      drop(x, 1);
      if (x.how.policy == slow_policy::drop_newest)
        x.queue.pop_back();
      else
        x.queue.pop_front();
    }
  }

  void wait_for(const subscriber& x) {
    if (x.how.policy == slow_policy::pause)
      self_->obey({runtime::pressure::applied, x.who, 0, 0});
  }

  void stop_waiting_for(const subscriber& x) {
    if (x.how.policy == slow_policy::pause)
      self_->obey({runtime::pressure::released, x.who, 0, 0});
  }

  flow_actor* self_;
  list all_;
  pressure_tracker pressure_;
  topic_counts counts_; // without the subscribers
};

} // namespace

caf::behavior topic(flow_actor* self, const topic_options& options) {
  auto mailbox = options.mailbox;
  mailbox.pause = false;
  self->limit_mailbox(mailbox);
  auto state = std::make_shared<topic_state>(self);
  // A subscriber that does not know a message answers it with an error, which
  // by CAF's default would end the topic for everybody.
  self->set_error_handler([](const caf::error&) {});
  self->set_down_handler([=](caf::down_msg& x) { state->forget(x.source); });
  return {
      [=](const publish& x) { state->publish(x.content); },
      [=](const backpressure& x) { state->heed(x); },
      [=](const subscribe& x) { return state->add(x); },
      [=](const unsubscribe& x) {
        state->remove(caf::actor_cast<caf::strong_actor_ptr>(x.who));
        return caf::unit;
      },
      [=](const count_topic&) { return state->counts(); },
      [=](const rejected_message&) { state->rejected(); },
      [=](const net::rejected&) { state->rejected(); },
  };
}

} // namespace sluice::actors
