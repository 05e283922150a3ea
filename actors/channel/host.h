#pragma once

// host: the channels of an actor system. It listens, connects, and knows the
// inlets by name:
//
//   sluice::actors::config cfg;          // here:
//   cfg.add_message_type<line>(...) caf::actor_system sys{cfg};
//   sluice::runtime::loop_group loops{sys};
//   sluice::actors::channel::host channels{loops};
//
//   // the receiver's process
//   auto where = channels.listen("tcp://0.0.0.0:7000");
//   auto in = channels.open_inlet<line>(self, "lines");
//
//   // the sender's
//   auto out = channels.open_outlet<line>(self, "tcp://10.0.0.2:7000",
//   "lines");
//
// T is whatever CAF can send: a built-in type, or one that was added to the
// configuration under the same name on both sides. The name is compared when
// the channel is opened; a mismatch closes the outlet with a reason that says
// both.
//
// All channels of a host to one endpoint share one connection, a *link*, unless
// outlet_options say otherwise. They do not hold each other up: a channel whose
// receiver is slow has no credit, and sends nothing.
//
// For users. Thread rule: any thread. Lifetime: within that of the actor_system
// and of the loops; its end closes what is open, see `stop`.

#include "actors/channel/host_state.h"
#include "actors/channel/inlet.h"
#include "actors/channel/inlet_group.h"
#include "actors/channel/options.h"
#include "actors/channel/outlet.h"
#include "actors/channel/report.h"
#include "net/listen.h"

#include <caf/expected.hpp>
#include <caf/local_actor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::actors::channel {

class host {
public:
  /// `loops`: where links live, all loops of a group or just one. A link that
  /// is made for an actor on one of them lives on the actor's. Aborts if the
  /// options contradict each other, see host_options::check.
  explicit host(net::loop_choice loops, host_options options = {});

  ~host();

  host(const host&) = delete;
  host& operator=(const host&) = delete;

  /// Lets others connect; returns the endpoint with its port, also if 0 was
  /// asked for. Several times for several endpoints. Errors:
  /// errc::bad_endpoint, errc::system_error, errc::channel_closed after `stop`.
  caf::expected<net::endpoint> listen(std::string_view where);

  /// Makes an inlet that waits for an outlet, owned by `self`. Errors:
  /// errc::name_taken, errc::bad_channel for a name that is empty or over
  /// limits::name_bytes_max or a type that the system does not know,
  /// errc::bad_setting, errc::channel_closed after `stop`.
  template <class T>
  caf::expected<inlet<T>> open_inlet(caf::local_actor* self, std::string name,
                                     inlet_options options = {}) {
    auto type = state_->type_name(caf::make_rtti_pair<T>());
    if (!type)
      return type.error();
    auto port = std::make_shared<typed_inlet_port<T>>(
        state_->next_end(self), std::move(name), std::move(*type), options);
    if (auto err = state_->add_inlet(port))
      return err;
    return inlet<T>{std::move(port)};
  }

  /// Makes a group of inlets, one for each outlet that opens `name`, owned by
  /// `self`. The same errors.
  template <class T>
  caf::expected<inlet_group<T>> open_inlets(caf::local_actor* self,
                                            std::string name,
                                            inlet_options options = {}) {
    auto type = state_->type_name(caf::make_rtti_pair<T>());
    if (!type)
      return type.error();
    auto group = std::make_shared<inlet_group_state>(
        state_->next_end(self), std::move(name), std::move(*type), options,
        [](end_setup setup, std::string called, std::string of,
           inlet_options how) -> std::shared_ptr<inlet_port> {
          return std::make_shared<typed_inlet_port<T>>(
              std::move(setup), std::move(called), std::move(of), how);
        });
    if (auto err = state_->add_group(group))
      return err;
    return inlet_group<T>{std::move(group)};
  }

  /// Makes an outlet to the inlet `name` of the host that listens at `where`,
  /// owned by `self`, which gets outlet_opened or outlet_closed. Messages may
  /// be pushed at once. Errors: errc::bad_endpoint, errc::bad_channel,
  /// errc::bad_setting, errc::channel_closed as above.
  template <class T>
  caf::expected<outlet<T>> open_outlet(caf::local_actor* self,
                                       std::string_view where, std::string name,
                                       outlet_options options = {}) {
    auto type = state_->type_name(caf::make_rtti_pair<T>());
    if (!type)
      return type.error();
    auto port = state_->make_outlet(self, where, std::move(name),
                                    std::move(*type), options);
    if (!port)
      return port.error();
    return outlet<T>{std::move(*port)};
  }

  // -- for trying failures; any thread ------------------------------------

  /// From now on nothing passes on the links to `endpoint`, as if the network
  /// between lost everything, and new ones cannot be made; until `heal`. The
  /// links that were made from there to here are not concerned. Errors:
  /// errc::bad_endpoint.
  caf::error cut(std::string_view endpoint);
  caf::error heal(std::string_view endpoint);
  void heal_all();

  /// Each link reads at most so many bytes a second, in steps of a tenth; 0: as
  /// many as come. Its own frames count, too.
  void slow(std::size_t bytes_per_second);

  // -----------------------------------------------------------------------

  /// What the ends and the links say of themselves, and the sums of all there
  /// ever were. Takes a lock of each end: for figures that people look at.
  host_report report() const;

  /// The same for somebody who may outlive the host: then it gives nothing.
  std::function<host_report()> reporter() const;

  /// Closes every channel with end_reason::host_stopped, the links and the
  /// listeners. To end in order, close the outlets first and wait for their
  /// outlet_closed{finished}. Idempotent.
  void stop();

private:
  std::shared_ptr<host_state> state_;
};

} // namespace sluice::actors::channel
