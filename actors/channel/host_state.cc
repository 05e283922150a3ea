#include "actors/channel/host_state.h"

#include "actors/channel/link.h"
#include "net/length_prefix_codec.h"
#include "runtime/error.h"
#include "runtime/limits.h"
#include "runtime/loop_actor.h"
#include "runtime/panic.h"

#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <utility>

namespace sluice::actors::channel {

namespace limits = runtime::limits;
using runtime::errc;
using runtime::make_error;

namespace {

std::atomic<end_id> last_end{0};

std::uint64_t draw_instance() {
  std::random_device source;
  return (std::uint64_t{source()} << 32) | source() | 1;
}

caf::error stopped_error() {
  return make_error(errc::channel_closed, "the host was stopped");
}

caf::error taken_error(const std::string& name) {
  return make_error(errc::name_taken,
                    "there is an inlet \"" + name + "\" already");
}

caf::error check_name(const std::string& name) {
  if (!name.empty() && name.size() <= limits::name_bytes_max)
    return {};
  return make_error(errc::bad_channel,
                    "the name of a channel has " + std::to_string(name.size())
                        + " bytes, not 1 to "
                        + std::to_string(limits::name_bytes_max));
}

} // namespace

host_state::host_state(net::loop_choice loops, const host_options& options)
    : options_(options),
      instance_(options.instance != 0 ? options.instance : draw_instance()),
      loops_(std::move(loops)) {
  auto err = options_.check();
  runtime::check(!err, "the options of a channel host contradict each other");
}

/// Levels that are never reached: a link's queue is kept short by itself, and
/// bytes that wait must not keep it from reading credit.
net::stream_options host_state::stream_options() const {
  net::stream_options result;
  result.write_cap_bytes = options_.link_queue_bytes
                           + 2 * limits::channel_link_frame_bytes_max
                           + limits::channel_control_bytes_max;
  result.write_marks = {result.write_cap_bytes, result.write_cap_bytes / 2};
  result.pause_on_backpressure = false;
  result.connect_deadline = options_.connect_deadline;
  result.write_stall = options_.silence_max; // who takes nothing says nothing
  result.send_buffer_bytes = options_.send_buffer_bytes;
  result.receive_buffer_bytes = options_.receive_buffer_bytes;
  result.framing = [] {
    return std::make_unique<net::length_prefix_codec>(
        net::length_format::u32_be, limits::channel_handshake_frame_bytes_max);
  };
  return result;
}

caf::expected<net::endpoint> host_state::listen(std::string_view where) {
  std::lock_guard guard{mutex_};
  if (stopped())
    return stopped_error();
  net::listen_options options;
  options.stream = stream_options();
  auto made =
      net::listen<link>(loops_, where, std::move(options), shared_from_this());
  if (!made)
    return made.error();
  listeners_.push_back(made->actor);
  return made->local;
}

void host_state::stop() {
  if (stopped_.exchange(true))
    return;
  decltype(listeners_) listeners;
  decltype(inlets_) inlets;
  decltype(groups_) groups;
  decltype(outlets_) outlets;
  decltype(links_) links;
  {
    std::lock_guard guard{mutex_};
    listeners.swap(listeners_);
    inlets.swap(inlets_);
    groups.swap(groups_);
    outlets.swap(outlets_);
    links = links_;
    shared_.clear();
  }
  for (auto& x : listeners)
    caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
  for (auto& [name, x] : inlets)
    x->on_host_stopped();
  for (auto& [name, x] : groups)
    x->on_host_stopped();
  for (auto& x : links)
    x->stop();
  for (auto& [id, x] : outlets)
    if (auto port = x.lock())
      port->on_host_stopped();
}

// -- ends ---------------------------------------------------------------------

end_setup host_state::next_end(caf::local_actor* owner) {
  return {++last_end, caf::strong_actor_ptr{owner->ctrl()}, weak_from_this()};
}

caf::expected<std::string>
host_state::type_name(const caf::rtti_pair& type) const {
  auto& system = loops_.all().front()->system();
  if (type.first == 0
      && !system.config().type_names_by_rtti.contains(
          std::type_index{*type.second}))
    return make_error(
        errc::bad_channel,
        "the configuration does not know the type of the channel: "
        "add_message_type is missing");
  auto& name = system.types().portable_name(type);
  if (name.size() > limits::name_bytes_max)
    return make_error(errc::bad_channel,
                      "the name of the type is longer than "
                          + std::to_string(limits::name_bytes_max) + " bytes");
  return name;
}

caf::error host_state::add_inlet(const std::shared_ptr<inlet_port>& x) {
  if (auto err = x->check())
    return err;
  if (auto err = check_name(x->name()))
    return err;
  {
    std::lock_guard guard{mutex_};
    if (stopped())
      return stopped_error();
    if (groups_.contains(x->name()) || !inlets_.emplace(x->name(), x).second)
      return taken_error(x->name());
    all_inlets_.emplace(x->id(), x);
    ++totals_.inlets;
  }
  x->watch_owner();
  return {};
}

void host_state::remove_inlet(const inlet_port& x) {
  std::shared_ptr<inlet_port> last; // is dropped without the lock
  std::shared_ptr<inlet_group_state> group;
  {
    std::lock_guard guard{mutex_};
    if (auto at = inlets_.find(x.name());
        at != inlets_.end() && at->second.get() == &x) {
      last = std::move(at->second);
      inlets_.erase(at);
    } else if (auto found = groups_.find(x.name()); found != groups_.end())
      group = found->second;
  }
  if (group)
    group->remove(x);
}

caf::error host_state::add_group(const std::shared_ptr<inlet_group_state>& x) {
  if (auto err = x->check())
    return err;
  if (auto err = check_name(x->name()))
    return err;
  std::lock_guard guard{mutex_};
  if (stopped())
    return stopped_error();
  if (inlets_.contains(x->name()) || !groups_.emplace(x->name(), x).second)
    return taken_error(x->name());
  return {};
}

void host_state::remove_group(const inlet_group_state& x) {
  std::shared_ptr<inlet_group_state> last; // is dropped without the lock
  std::lock_guard guard{mutex_};
  auto at = groups_.find(x.name());
  if (at == groups_.end() || at->second.get() != &x)
    return;
  last = std::move(at->second);
  groups_.erase(at);
}

std::shared_ptr<inlet_port> host_state::find_inlet(const wire::open& x) {
  std::shared_ptr<inlet_group_state> group;
  {
    std::lock_guard guard{mutex_};
    if (auto at = inlets_.find(x.name); at != inlets_.end())
      return at->second;
    if (auto at = groups_.find(x.name); at != groups_.end())
      group = at->second;
  }
  if (!group)
    return nullptr;
  auto result = group->find_or_make(x.stream, ++last_end);
  if (result)
    note_inlet(result);
  return result;
}

caf::expected<std::shared_ptr<outlet_port>>
host_state::make_outlet(caf::local_actor* owner, std::string_view where,
                        std::string name, std::string type,
                        const outlet_options& options) {
  if (auto err = options.check())
    return err;
  if (auto err = check_name(name))
    return err;
  auto target = net::endpoint::parse(where);
  if (!target)
    return target.error();
  auto port = std::make_shared<outlet_port>(
      next_end(owner), to_string(*target), std::move(name), std::move(type),
      stream_id{instance_, next_stream_++}, options);
  // An actor on a loop and its link need no wake-ups for each other.
  auto pinned = dynamic_cast<runtime::loop_actor_base*>(owner);
  auto home = pinned != nullptr ? &pinned->loop() : nullptr;
  {
    std::lock_guard guard{mutex_};
    outlets_.emplace(port->id(), port);
    ++totals_.outlets;
  }
  if (auto err = connect(port, home))
    return err;
  port->watch_owner();
  return port;
}

caf::error host_state::connect(const std::shared_ptr<outlet_port>& x,
                               runtime::event_loop* home) {
  std::lock_guard guard{mutex_};
  if (stopped()) {
    x->on_unconnected(true);
    return stopped_error();
  }
  if (!x->own_link())
    if (auto at = shared_.find(x->where()); at != shared_.end()) {
      x->assign(at->second);
      if (at->second->add(x))
        return {};
    }
  if (std::ranges::find(loops_.all(), home) == loops_.all().end())
    home = &loops_.pick();
  if (cuts_.contains(x->where())) {
    x->on_unconnected(false);
    return make_error(errc::connection_closed,
                      "the way to " + x->where() + " is cut");
  }
  auto door = std::make_shared<link_door>(
      *home, x->where(), x->own_link() ? x->name() : std::string{});
  x->assign(door);
  door->add(x);
  auto made = net::connect<link>(*home, x->where(), stream_options(),
                                 shared_from_this(), door);
  if (!made) {
    x->clear_due();
    x->on_unconnected(false);
    return made.error();
  }
  links_.insert(door);
  if (!x->own_link())
    shared_[x->where()] = std::move(door);
  return {};
}

// -- faults -------------------------------------------------------------------

caf::error host_state::set_cut(std::string_view endpoint, bool on) {
  auto parsed = net::endpoint::parse(endpoint);
  if (!parsed)
    return parsed.error();
  {
    std::lock_guard guard{mutex_};
    if (on)
      cuts_.insert(to_string(*parsed));
    else
      cuts_.erase(to_string(*parsed));
  }
  tell_faults();
  return {};
}

void host_state::heal_all() {
  {
    std::lock_guard guard{mutex_};
    cuts_.clear();
  }
  tell_faults();
}

/// Links count with a sign: what is left to read may be less than nothing.
void host_state::slow(std::size_t bytes_per_second) {
  constexpr std::size_t most = std::numeric_limits<std::int64_t>::max();
  {
    std::lock_guard guard{mutex_};
    bytes_per_second_ = std::min(bytes_per_second, most);
  }
  tell_faults();
}

void host_state::tell_faults() {
  decltype(links_) links;
  {
    std::lock_guard guard{mutex_};
    links = links_;
  }
  for (auto& x : links)
    x->look_at_faults();
}

host_state::faults host_state::faults_of(const std::string& where) const {
  std::lock_guard guard{mutex_};
  return {!where.empty() && cuts_.contains(where), bytes_per_second_};
}

// -- links --------------------------------------------------------------------

void host_state::add_link(const std::shared_ptr<link_door>& x) {
  {
    std::lock_guard guard{mutex_};
    if (!stopped()) {
      links_.insert(x);
      ++totals_.links;
      return;
    }
  }
  x->stop();
}

void host_state::remove_link(const std::shared_ptr<link_door>& x) {
  std::lock_guard guard{mutex_};
  links_.erase(x);
  std::erase_if(shared_, [&](auto& entry) { return entry.second == x; });
}

} // namespace sluice::actors::channel
