#pragma once

// inlet_group_state: an inlet group without its type: the inlets that outlets
// have opened under one name, by their streams.
//
// An inlet whose stream is interrupted, or has finished, is kept for an outlet
// that comes back; of those the group keeps so many, and forgets the oldest.
//
// Internal. Thread rule: any thread; its mutex is never held while another one
// is taken. Lifetime: shared by the handle and the host.

#include "actors/channel/inlet_port.h"
#include "actors/channel/options.h"
#include "actors/channel/wire.h"

#include <caf/actor_control_block.hpp>
#include <caf/error.hpp>

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace sluice::actors::channel {

class inlet_group_state
    : public std::enable_shared_from_this<inlet_group_state> {
public:
  using factory = std::function<std::shared_ptr<inlet_port>(
      end_setup, std::string name, std::string type, inlet_options)>;

  inlet_group_state(end_setup setup, std::string name, std::string type,
                    const inlet_options& options, factory make);

  const std::string& name() const noexcept { return name_; }

  caf::error check() const { return options_.check(); }

  /// The inlet of a stream, which is made if it is new; null if the owner has
  /// gone or the group is closed.
  std::shared_ptr<inlet_port> find_or_make(const stream_id& stream,
                                           end_id next_id);

  /// Closes one inlet, as inlet::close does.
  void close(end_id x);

  /// Closes all, and takes no more.
  void close_all();

  void on_host_stopped();

  /// An inlet is over.
  void remove(const inlet_port& x);

  std::size_t size() const;

private:
  struct entry {
    stream_id stream;
    std::shared_ptr<inlet_port> port;
  };

  /// Takes out the oldest of those that no link serves, if there are too many.
  std::shared_ptr<inlet_port> evict();

  const std::string name_;
  const std::string type_;
  const inlet_options options_;
  const factory make_;
  const caf::weak_actor_ptr owner_;
  const std::weak_ptr<host_state> host_;

  mutable std::mutex mutex_;
  std::list<entry> entries_; // in the order in which they came
  bool closed_ = false;
};

} // namespace sluice::actors::channel
