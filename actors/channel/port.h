#pragma once

// port: what both ends of a channel have in common: the owner, and the link
// that serves the end. A port is where the owner's thread and the link's meet.
//
// Internal. Thread rule: stands at each function; a port has a mutex of its
// own. Lifetime: shared by the handle, the link and, for inlets, the host and
// the leases.

#include "actors/channel/events.h"
#include "actors/sure_element.h"

#include <caf/actor_control_block.hpp>
#include <caf/fwd.hpp>
#include <caf/mailbox_element.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace sluice::actors::channel {

class host_state;
class link;
class link_door;

/// What an end is made with.
struct end_setup {
  end_id id = 0;
  caf::strong_actor_ptr owner;
  std::weak_ptr<host_state> host;
};

class port : public std::enable_shared_from_this<port> {
public:
  port(end_setup setup, std::string name, std::string type);
  virtual ~port();

  port(const port&) = delete;
  port& operator=(const port&) = delete;

  end_id id() const noexcept { return id_; }
  const std::string& name() const noexcept { return name_; }
  const std::string& type() const noexcept { return type_; }
  caf::actor_system& system() const noexcept { return system_; }

  // -- the link's thread ------------------------------------------------------

  /// The port has something for `link` to do.
  virtual void serve(link& by) = 0;

  /// The link `by` has ended; nothing happens if another one serves the port.
  virtual void on_link_lost(const link_door* by, end_reason why,
                            const caf::error& how) = 0;

  // -- any thread -------------------------------------------------------------

  /// The owner has ended.
  virtual void on_owner_ended() = 0;

  /// True if it was not due already: it is to be put on the link's list.
  bool make_due() noexcept { return !due_.exchange(true); }

  /// The link looks at it now.
  void clear_due() noexcept { due_.store(false); }

  /// Puts the port on the list of the link that serves it, if one does: it was
  /// on that of another one, and may have had something to say.
  virtual void pass_on() = 0;

  /// Calls `on_owner_ended` when the owner ends. Once. The owner forgets it
  /// when the port goes: it may have thousands of ports in its life.
  void watch_owner();

  /// The owner if it has not gone.
  caf::strong_actor_ptr owner() const;

  /// True once the owner has begun to end. What it frees from then on may not
  /// have been handled.
  bool owner_ending() const;

protected:
  /// Sends an event to `owner`, without a sender: one that does not know it
  /// must not answer with an error. With high priority it passes a pause.
  template <class T>
  static void
  tell(const caf::strong_actor_ptr& owner, T event,
       caf::message_priority priority = caf::message_priority::normal) {
    if (owner)
      owner->enqueue(caf::make_mailbox_element(nullptr,
                                               caf::make_message_id(priority),
                                               {}, std::move(event)),
                     nullptr);
  }

  /// Sends the last event of a stream: no mailbox is too full for it.
  template <class T>
  static void tell_last(const caf::strong_actor_ptr& owner, T event) {
    if (owner)
      owner->enqueue(caf::mailbox_element_ptr{new sure_element{
                         caf::make_message(std::move(event))}},
                     nullptr);
  }

  const std::weak_ptr<host_state> host_;

private:
  const end_id id_;
  const std::string name_;
  const std::string type_;
  caf::actor_system& system_;
  const caf::weak_actor_ptr owner_;
  std::atomic<bool> due_{false};
  std::atomic<bool> watches_{false};
};

} // namespace sluice::actors::channel
