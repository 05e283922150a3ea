#include "actors/cluster/cluster_topic.h"

#include "actors/cluster/topic_control.h"
#include "actors/flow_actor.h"
#include "runtime/error.h"
#include "runtime/limits.h"

#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>
#include <caf/type_nr.hpp>

#include <typeindex>
#include <utility>

namespace sluice::actors::cluster {

using runtime::errc;
using runtime::make_error;
namespace limits = runtime::limits;
constexpr auto high = caf::message_priority::high;

namespace {

/// See rule 6. CAF itself says nothing when it cannot write an element.
caf::error unreadable(const caf::actor_system& system, const caf::message& x) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    auto type = x.type(i);
    switch (type.first) {
    case 0:
      if (!system.config().type_names_by_rtti.contains(
              std::type_index{*type.second}))
        return make_error(errc::bad_setting,
                          "element " + std::to_string(i)
                              + " of what was published is of a type that the "
                                "configuration does not know: "
                                "add_message_type is missing");
      break;
    case caf::type_nr<caf::actor>::value:
    case caf::type_nr<caf::actor_addr>::value:
    case caf::type_nr<caf::strong_actor_ptr>::value:
    case caf::type_nr<caf::weak_actor_ptr>::value:
      return make_error(errc::bad_setting,
                        "element " + std::to_string(i)
                            + " of what was published is the handle of an "
                              "actor, which does not go through channels");
    default:
      break;
    }
  }
  return {};
}

/// With the priority that it came with: by that the mailbox has counted it.
template <class T>
auto pass_on(flow_actor* self, const caf::actor& to, const T& x) {
  return self->current_mailbox_element()->mid.is_urgent_message()
             ? self->delegate<high>(to, x)
             : self->delegate(to, x);
}

/// What publishers and subscribers send to.
caf::behavior front(flow_actor* self, const topic_setup& setup) {
  auto mailbox = setup.options.mailbox;
  mailbox.pause = true;
  self->limit_mailbox(mailbox);
  self->set_error_handler([](const caf::error&) {});
  auto tally = setup.tally;
  auto local = setup.local;
  auto outward = setup.outward;
  auto control = std::make_shared<caf::actor>();
  return {
      [=](const publish& x) -> caf::result<void> {
        if (auto why = unreadable(self->system(), x.content)) {
          ++tally->refused;
          if (self->current_mailbox_element()->mid.is_request())
            return why;
          if (auto to = caf::actor_cast<caf::actor>(self->current_sender()))
            caf::anon_send<high>(to, publish_refused{x.content, why});
          return caf::unit;
        }
        ++tally->published;
        self->send(local, x);
        if (tally->outward)
          self->send(outward,
                     publish{caf::make_message(topic_item{x.content})});
        return caf::unit;
      },
      [=](const subscribe& x) { return pass_on(self, *control, x); },
      [=](const unsubscribe& x) { return pass_on(self, *control, x); },
      [=](count_topic x) { return pass_on(self, *control, x); },
      [=](count_cluster_topic x) { return pass_on(self, *control, x); },
      [=](caf::ok_atom, const caf::actor& x) { *control = x; },
  };
}

/// What comes from other nodes; the owner of the inlets.
class receiver final : public flow_actor {
public:
  receiver(caf::actor_config& cfg, const topic_setup& setup, caf::error* why)
      : flow_actor(cfg), local_(setup.local), tally_(setup.tally) {
    channel::inlet_options options;
    options.window_messages = limits::topic_window_messages;
    auto in = setup.channels->host->open_inlets<topic_item>(
        this, topic_inlet(setup.name), options);
    if (in)
      in_ = std::move(*in);
    else
      *why = in.error();
  }

  const char* name() const override { return "topic_receiver"; }

protected:
  caf::behavior make_behavior() override {
    set_error_handler([](const caf::error&) {});
    return {
        [this](const channel::batch<topic_item>& items) {
          for (auto& x : items)
            send(local_, publish{x.content});
          tally_->received += items.size();
        },
        [](const channel::inlet_opened&) {},
        [](const channel::inlet_interrupted&) {},
        [](const channel::inlet_ended&) {},
        [](const channel::inlet_closed&) {},
    };
  }

  void on_exit() override { in_.close(); }

private:
  caf::actor local_;
  std::shared_ptr<topic_tally> tally_;
  channel::inlet_group<topic_item> in_;
};

} // namespace

caf::expected<cluster_topic>
cluster_topic::open(caf::actor_system& system, const node& here,
                    const cluster_registry& names, std::string name,
                    cluster_topic_options options) {
  if (name.empty() || name.size() > limits::topic_name_bytes_max)
    return make_error(errc::bad_setting,
                      "the name of a topic has from 1 to "
                          + std::to_string(limits::topic_name_bytes_max)
                          + " bytes; this one has "
                          + std::to_string(name.size()));
  if (options.bridge_queue_messages == 0)
    return make_error(errc::bad_setting,
                      "cluster_topic_options.bridge_queue_messages is 0: at "
                      "least 1");
  topic_setup setup;
  setup.name = std::move(name);
  setup.options = options;
  setup.self = here.self();
  setup.node = here.actor();
  setup.names = names.server();
  setup.cache = names.cache();
  setup.channels = std::make_shared<topic_channels>();
  setup.channels->host = &here.channels();
  setup.tally = std::make_shared<topic_tally>();
  setup.local = system.spawn(topic, topic_options{});
  setup.outward = system.spawn(topic, topic_options{});
  caf::error why;
  setup.receiver = system.spawn<receiver>(setup, &why);
  if (why) {
    for (auto& x : {setup.receiver, setup.local, setup.outward})
      caf::anon_send_exit(x, caf::exit_reason::kill);
    return why;
  }
  setup.front = system.spawn(front, setup);
  cluster_topic result;
  result.actor_ = setup.front;
  result.channels_ = setup.channels;
  result.control_ = system.spawn<topic_control>(std::move(setup));
  caf::anon_send<high>(result.actor_, caf::ok_atom::value, result.control_);
  return result;
}

cluster_topic& cluster_topic::operator=(cluster_topic&& x) noexcept {
  if (this != &x) {
    close();
    actor_ = std::move(x.actor_);
    control_ = std::move(x.control_);
    channels_ = std::move(x.channels_);
  }
  return *this;
}

void cluster_topic::close() {
  if (!channels_)
    return;
  {
    std::lock_guard guard{channels_->mutex};
    channels_->host = nullptr;
  }
  caf::anon_send_exit(control_, caf::exit_reason::user_shutdown);
  actor_ = {};
  control_ = {};
  channels_ = {};
}

} // namespace sluice::actors::cluster
