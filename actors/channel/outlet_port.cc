#include "actors/channel/outlet_port.h"

#include "actors/channel/host_state.h"
#include "actors/channel/link.h"
#include "actors/channel/pressure_gate.h"
#include "runtime/error.h"
#include "runtime/limits.h"

#include <utility>

namespace sluice::actors::channel {

namespace limits = runtime::limits;
using runtime::errc;
using runtime::make_error;

outlet_port::outlet_port(end_setup setup, std::string where, std::string name,
                         std::string type, stream_id stream,
                         const outlet_options& options)
    : port(setup, std::move(name), std::move(type)),
      where_(std::move(where)),
      stream_(stream),
      options_(options),
      core_(options.start_position),
      valve_(options.pending_marks, runtime::pressure_kind::outlet),
      gate_(pressure_gate::make(system())),
      holder_(std::move(setup.owner)) {
}

outlet_port::~outlet_port() {
  valve_.end(gate_, nullptr);
  if (auto host = host_.lock())
    host->remove_outlet(*this);
}

// -- the owner's thread -------------------------------------------------------

std::vector<char>& outlet_port::scratch() noexcept {
  scratch_.clear();
  return scratch_;
}

caf::error outlet_port::no_port() {
  return make_error(errc::channel_closed, "the outlet leads nowhere");
}

/// Whether a message of `size` bytes may be pushed. Whoever is refused for want
/// of room hears *released* when it is worth to try again, whatever the marks.
caf::error outlet_port::admit(std::size_t size) {
  if (size > limits::channel_message_bytes_max)
    return make_error(errc::message_too_long,
                      "channel \"" + name() + "\": a message of "
                          + std::to_string(size)
                          + " bytes is over the limit of "
                          + std::to_string(limits::channel_message_bytes_max));
  if (over_ || ending_)
    return make_error(errc::channel_closed,
                      "channel \"" + name() + "\" is closed");
  auto pending = core_.pending_bytes();
  if (pending == 0
      || pending + size + wire::item_header_bytes <= options_.pending_cap_bytes)
    return {};
  valve_.shut();
  if (!told_)
    told_ = valve_.tell(holder_, gate_, nullptr);
  return make_error(errc::channel_full, "channel \"" + name()
                                            + "\": " + std::to_string(pending)
                                            + " bytes wait for credit already");
}

caf::error outlet_port::push_scratch() {
  lock guard{mutex_};
  if (auto err = admit(scratch_.size()))
    return err;
  core_.push(std::string_view{scratch_.data(), scratch_.size()});
  pushed(std::move(guard));
  return {};
}

caf::error outlet_port::push_slice(const byte_slice& x) {
  lock guard{mutex_};
  if (auto err = admit(x.size()))
    return err;
  core_.push(x);
  pushed(std::move(guard));
  return {};
}

void outlet_port::pushed(lock guard) {
  update_level();
  // Without credit the link is woken by what brings some.
  if (state_ == state::open && (core_.sendable() || core_.wants_blocked()))
    wake(std::move(guard));
}

/// Tells the owner what the level means, in either direction; a closed outlet
/// has no credit, whatever the level.
void outlet_port::update_level() {
  auto level = core_.pending_bytes();
  if (told_ && state_ != state::closed) {
    if (valve_.fall(level, gate_, nullptr))
      told_ = false;
    return;
  }
  valve_.rise(level);
  if (state_ == state::closed)
    valve_.shut();
  if (valve_.closed() && !told_)
    told_ = valve_.tell(holder_, gate_, nullptr);
}

/// The outlet is over: nobody waits for it, and it holds nobody. The caller
/// drops the owner without the lock.
caf::strong_actor_ptr outlet_port::release() {
  over_ = true;
  valve_.release(gate_, nullptr);
  told_ = false;
  return std::exchange(holder_, nullptr);
}

/// Puts the outlet on its link's list.
void outlet_port::wake(lock guard) {
  auto door = door_;
  guard.unlock();
  if (door)
    door->add(shared_from_this());
}

void outlet_port::close() {
  lock guard{mutex_};
  if (std::exchange(ending_, true))
    return;
  wake(std::move(guard));
}

caf::error outlet_port::reopen() {
  {
    lock guard{mutex_};
    if (over_)
      return make_error(finished_ ? errc::bad_channel : errc::channel_closed,
                        "channel \"" + name() + "\" is over for good");
    if (state_ != state::closed)
      return make_error(errc::channel_closed,
                        "channel \"" + name() + "\" is not closed");
  }
  auto host = host_.lock();
  if (!host) {
    on_unconnected(true);
    return make_error(errc::channel_closed,
                      "the host of channel \"" + name() + "\" is gone");
  }
  return host->connect(
      std::static_pointer_cast<outlet_port>(shared_from_this()), nullptr);
}

std::vector<byte_slice> outlet_port::take_unconfirmed() {
  caf::strong_actor_ptr last; // is dropped without the lock
  lock guard{mutex_};
  if (state_ != state::closed)
    return {};
  last = release();
  return core_.drain();
}

// -- any thread ---------------------------------------------------------------

std::uint64_t outlet_port::position() const {
  lock guard{mutex_};
  return core_.next();
}

std::uint64_t outlet_port::confirmed() const {
  lock guard{mutex_};
  return core_.confirmed();
}

std::size_t outlet_port::pending_bytes() const {
  lock guard{mutex_};
  return core_.pending_bytes();
}

bool outlet_port::pressed() const {
  lock guard{mutex_};
  return told_;
}

void outlet_port::assign(std::shared_ptr<link_door> x) {
  lock guard{mutex_};
  door_ = std::move(x);
  channel_ = 0;
  state_ = state::waiting;
  open_said_ = end_said_ = false;
  update_level(); // by what waits, and no longer by being closed
}

void outlet_port::on_unconnected(bool host_stopped) {
  caf::strong_actor_ptr last; // is dropped without the lock
  lock guard{mutex_};
  state_ = state::closed;
  door_.reset();
  if (host_stopped)
    last = release();
  else
    update_level();
}

void outlet_port::on_host_stopped() {
  caf::strong_actor_ptr last; // is dropped without the lock
  lock guard{mutex_};
  if (state_ == state::closed)
    last = release();
}

void outlet_port::drop() noexcept {
  fail(owner_ending() ? end_reason::owner_ended : end_reason::dropped);
}

void outlet_port::on_owner_ended() {
  fail(end_reason::owner_ended);
}

void outlet_port::fail(end_reason why) noexcept {
  caf::strong_actor_ptr last; // is dropped without the lock
  lock guard{mutex_};
  if (over_)
    return;
  last = release();
  if (state_ == state::closed)
    return;
  state_ = state::closed;
  failed_ = why;
  core_.interrupt();
  wake(std::move(guard));
}

/// The outlet is closed, and its owner is told: first that it has no credit, so
/// that a flow_actor does not go on, and then why.
void outlet_port::finish(lock guard, end_reason why, const std::string& how) {
  if (state_ == state::closed)
    return;
  state_ = state::closed;
  core_.interrupt();
  door_.reset();
  outlet_closed event{
      id(), why, {}, core_.confirmed(), core_.next() - core_.confirmed()};
  auto strong = holder_;
  caf::strong_actor_ptr last; // both are dropped without the lock
  auto host = host_.lock();
  finished_ = why == end_reason::finished;
  if (finished_ || !host || host->stopped())
    last = release();
  else
    update_level();
  if (!finished_) {
    auto text =
        "channel \"" + name() + "\" to " + where_ + ": " + to_string(why);
    if (!how.empty())
      text += ": " + how;
    event.error = make_error(errc::channel_closed, std::move(text));
  }
  tell(strong, std::move(event), caf::message_priority::high);
  guard.unlock();
}

void outlet_port::on_link_lost(const link_door* by, end_reason why,
                               const caf::error& how) {
  lock guard{mutex_};
  if (door_.get() == by)
    finish(std::move(guard), why, runtime::to_text(how));
}

// -- the link's thread --------------------------------------------------------

void outlet_port::pass_on() {
  wake(lock{mutex_});
}

void outlet_port::serve(link& by) {
  by.serve(std::static_pointer_cast<outlet_port>(shared_from_this()));
}

void outlet_port::bind(const link_door* by, std::uint32_t channel) {
  lock guard{mutex_};
  if (door_.get() == by)
    channel_ = channel;
}

bool outlet_port::on_opened(const wire::opened& x) {
  lock guard{mutex_};
  if (state_ != state::waiting)
    return true;
  if (!core_.open(x)) {
    auto text = "the receiver is at position " + std::to_string(x.position)
                + ", the outlet has " + std::to_string(core_.confirmed())
                + " to " + std::to_string(core_.next());
    finish(std::move(guard), end_reason::position_lost, text);
    return false;
  }
  state_ = state::open;
  update_level();
  tell(holder_, outlet_opened{id(), x.position}, caf::message_priority::high);
  return true;
}

caf::error outlet_port::on_grant(const wire::grant& x) {
  lock guard{mutex_};
  return state_ == state::open ? core_.grant(x) : caf::error{};
}

caf::error outlet_port::on_finished() {
  lock guard{mutex_};
  if (state_ != state::open)
    return {};
  if (!end_said_ || core_.confirmed() != core_.next())
    return make_error(errc::malformed_frame,
                      "frame \"finished\": not everything is confirmed");
  finish(std::move(guard), end_reason::finished, {});
  return {};
}

void outlet_port::on_closed(end_reason why, std::string text) {
  lock guard{mutex_};
  finish(std::move(guard), why, text);
}

bool outlet_port::take(std::size_t bytes, outlet_core::taken& out) {
  lock guard{mutex_};
  if (state_ != state::open || !core_.take(bytes, out))
    return false;
  update_level();
  return true;
}

outlet_port::errand outlet_port::next_errand(const link_door* by, bool ready) {
  lock guard{mutex_};
  errand result;
  if (door_.get() != by) {
    result.gone = true;
    return result;
  }
  result.channel = channel_;
  if (failed_) {
    result.failed = std::exchange(failed_, std::nullopt);
    result.known = open_said_;
    door_.reset();
  } else if (state_ == state::waiting) {
    result.open = ready && channel_ != 0 && !std::exchange(open_said_, true);
  } else if (state_ == state::open) {
    result.data = core_.sendable();
    result.blocked = core_.say_blocked();
    result.position = core_.next();
    if (ending_ && !end_said_ && core_.sent() == core_.next())
      result.end = end_said_ = true;
  }
  return result;
}

wire::open outlet_port::describe(std::uint32_t channel) const {
  lock guard{mutex_};
  return {channel,      stream_,      core_.confirmed(),
          core_.next(), port::name(), type()};
}

} // namespace sluice::actors::channel
