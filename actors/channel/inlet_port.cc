#include "actors/channel/inlet_port.h"

#include "actors/channel/host_state.h"
#include "actors/channel/link.h"
#include "runtime/error.h"

#include <utility>

namespace sluice::actors::channel {

using runtime::errc;
using runtime::make_error;

namespace {

// A batch that ends while it is being handed over was refused, or could not be
// read: set around that, on the thread that does it.
thread_local const inlet_port* delivering = nullptr;
thread_local bool refused = false;

} // namespace

inlet_port::inlet_port(end_setup setup, std::string name, std::string type,
                       const inlet_options& options)
    : port(setup, std::move(name), std::move(type)),
      options_(options),
      core_(options.start_position, options.window_messages,
            options.window_bytes),
      holder_(std::move(setup.owner)) {
}

inlet_port::~inlet_port() {
  if (auto host = host_.lock())
    host->forget_inlet(*this);
}

std::uint64_t inlet_port::position() const {
  lock guard{mutex_};
  return core_.position();
}

std::uint64_t inlet_port::confirmed() const {
  lock guard{mutex_};
  return core_.confirmed();
}

bool inlet_port::served_by(const link_door* by) const noexcept {
  return door_ != nullptr && door_.get() == by;
}

bool inlet_port::all_handled() const noexcept {
  return core_.confirmed() == core_.position();
}

void inlet_port::wake(lock guard) {
  auto door = door_;
  guard.unlock();
  if (door)
    door->add(shared_from_this());
}

void inlet_port::leave_host() {
  if (auto host = host_.lock())
    host->remove_inlet(*this);
}

// -- any thread ---------------------------------------------------------------

void inlet_port::freed(std::uint64_t first, std::uint32_t count,
                       std::size_t bytes) {
  if (delivering == this) {
    refused = true;
    return;
  }
  if (owner_ending())
    return; // maybe nobody has looked at it
  lock guard{mutex_};
  core_.free(first, count, bytes);
  if (core_.grant_due() || (state_ == state::ended && all_handled()))
    wake(std::move(guard));
}

void inlet_port::cancel() noexcept {
  leave_host();
  auto why = owner_ending() ? end_reason::owner_ended : end_reason::cancelled;
  lock guard{mutex_};
  // After the end of the stream what is left to handle decides.
  if (state_ == state::ended || state_ == state::finished)
    return;
  end_with(std::move(guard), why, {}, true);
}

void inlet_port::on_owner_ended() {
  leave_host();
  lock guard{mutex_};
  if (state_ == state::finished || (state_ == state::ended && all_handled()))
    return wake(std::move(guard));
  end_with(std::move(guard), end_reason::owner_ended, {}, true);
}

void inlet_port::on_host_stopped() {
  lock guard{mutex_};
  if (!door_) // else the link says what was handled, and then ends
    close_stopped(std::move(guard));
}

bool inlet_port::rests() const {
  lock guard{mutex_};
  return !door_ || (state_ == state::finished && finish_said_);
}

void inlet_port::expire() {
  lock guard{mutex_};
  if (door_ && state_ != state::finished) // it has come back
    return;
  if (state_ == state::waiting)
    tell_last(holder_,
              inlet_closed{id(), end_reason::link_lost,
                           make_error(errc::channel_closed,
                                      "channel \"" + name()
                                          + "\": link_lost: its outlet did "
                                            "not come back in time"),
                           core_.position()});
  end_with(std::move(guard), end_reason::link_lost, {}, false);
}

void inlet_port::close_stopped(lock guard) {
  auto owner = holder_;
  if (state_ == state::waiting || state_ == state::open)
    tell_last(owner, inlet_closed{
                         id(), end_reason::host_stopped,
                         make_error(errc::channel_closed,
                                    "channel \"" + name() + "\": host_stopped"),
                         core_.position()});
  end_with(std::move(guard), end_reason::host_stopped, {}, false);
}

/// The inlet is over; `say`: the outlet is to be told.
void inlet_port::end_with(lock guard, end_reason why, std::string text,
                          bool say) {
  if (state_ == state::closed)
    return;
  state_ = state::closed;
  auto last = std::exchange(holder_, nullptr);
  if (!say)
    door_.reset();
  if (door_) {
    failed_ = why;
    failed_text_ = std::move(text);
  }
  wake(std::move(guard)); // without the lock `last` may go
}

void inlet_port::on_link_lost(const link_door* by, end_reason why,
                              const caf::error& how) {
  lock guard{mutex_};
  if (!served_by(by))
    return;
  door_.reset();
  auto host = host_.lock();
  if (!host || host->stopped())
    return close_stopped(std::move(guard));
  if (state_ != state::open)
    return;
  state_ = state::waiting;
  tell(holder_, inlet_interrupted{id(), why, how, core_.position()});
}

// -- the link's thread --------------------------------------------------------

void inlet_port::pass_on() {
  wake(lock{mutex_});
}

void inlet_port::serve(link& by) {
  by.serve(std::static_pointer_cast<inlet_port>(shared_from_this()));
}

std::optional<wire::refused> inlet_port::refuses(const wire::open& x) const {
  auto no = [&](end_reason why, std::string text) {
    return wire::refused{x.channel, why, std::move(text)};
  };
  auto over = state_ == state::ended || state_ == state::finished;
  if (state_ == state::closed || (over && stream_ != x.stream))
    return no(end_reason::unknown_name,
              "the stream of inlet \"" + name() + "\" is over");
  if (x.type != type())
    return no(end_reason::type_mismatch,
              "the inlet is of " + type() + ", the outlet of " + x.type);
  if (door_ && stream_ != x.stream)
    return no(end_reason::name_in_use,
              "another outlet feeds inlet \"" + name() + "\"");
  auto at = core_.position();
  if (at < x.oldest || at > x.next)
    return no(end_reason::position_lost,
              "the receiver is at position " + std::to_string(at)
                  + ", the outlet has " + std::to_string(x.oldest) + " to "
                  + std::to_string(x.next));
  return std::nullopt;
}

std::variant<wire::opened, wire::refused>
inlet_port::attach(const std::shared_ptr<link_door>& by, const wire::open& x) {
  std::lock_guard delivery{delivery_};
  lock guard{mutex_};
  if (auto no = refuses(x))
    return std::move(*no);
  door_ = by;
  channel_ = x.channel;
  stream_ = x.stream;
  end_seen_ = finish_said_ = false;
  if (state_ == state::waiting || state_ == state::open) {
    state_ = state::open;
    tell(holder_, inlet_opened{id(), core_.position()});
  }
  return core_.open(x.channel);
}

caf::error inlet_port::on_data(const link_door* by, const wire::data& x) {
  std::lock_guard delivery{delivery_};
  caf::strong_actor_ptr owner;
  {
    lock guard{mutex_};
    if (!served_by(by) || state_ == state::closed)
      return {};
    if (state_ != state::open)
      return make_error(errc::malformed_frame,
                        "frame \"data\": comes after the end");
    if (auto err = core_.receive(x.first, x.count, x.items.size()))
      return err;
    owner = holder_;
  }
  delivering = this;
  refused = false;
  auto made =
      make_batch(x.first, x.count, x.items,
                 std::make_shared<lease>(
                     std::static_pointer_cast<inlet_port>(shared_from_this()),
                     x.first, x.count, x.items.size()));
  if (made && owner)
    owner->enqueue(std::move(*made), nullptr);
  else
    refused = true;
  auto lost = std::exchange(refused, false);
  delivering = nullptr;
  if (!lost)
    return {};
  auto why = !made            ? end_reason::malformed_message
             : owner_ending() ? end_reason::owner_ended
                              : end_reason::mailbox_full;
  auto text = made ? std::string{} : runtime::to_text(made.error());
  on_failed(by, why, std::move(text), true);
  return {};
}

caf::error inlet_port::on_end(const link_door* by, std::uint64_t position) {
  std::lock_guard delivery{delivery_};
  lock guard{mutex_};
  if (!served_by(by) || state_ == state::closed)
    return {};
  if (position != core_.position())
    return make_error(errc::malformed_frame,
                      "frame \"end\": is at position "
                          + std::to_string(position) + " instead of "
                          + std::to_string(core_.position()));
  end_seen_ = true;
  if (state_ == state::open) {
    state_ = state::ended;
    tell_last(holder_, inlet_ended{id(), position});
  }
  return {};
}

void inlet_port::on_blocked(const link_door* by) {
  lock guard{mutex_};
  if (served_by(by))
    core_.blocked();
}

void inlet_port::on_failed(const link_door* by, end_reason why,
                           std::string text, bool say) {
  lock guard{mutex_};
  if (!served_by(by) || state_ == state::closed)
    return;
  if (state_ != state::open) { // the stream had ended before
    door_.reset();
    return;
  }
  auto how = "channel \"" + name() + "\": " + to_string(why);
  if (!text.empty())
    how += ": " + text;
  tell_last(holder_,
            inlet_closed{id(), why,
                         make_error(errc::channel_closed, std::move(how)),
                         core_.position()});
  end_with(std::move(guard), why, std::move(text), say);
  leave_host();
}

inlet_port::errand inlet_port::next_errand(const link_door* by, bool all) {
  caf::strong_actor_ptr last; // is dropped without the lock
  lock guard{mutex_};
  errand result;
  if (!served_by(by)) {
    result.gone = true;
    return result;
  }
  result.channel = channel_;
  if (failed_) {
    result.failed = std::exchange(failed_, std::nullopt);
    result.text = std::move(failed_text_);
    door_.reset();
    return result;
  }
  if (state_ == state::ended && all_handled()) {
    state_ = state::finished;
    last = std::exchange(holder_, nullptr);
  }
  auto finish = state_ == state::finished && end_seen_
                && !std::exchange(finish_said_, true);
  if (core_.grant_due() || ((all || finish) && core_.grant_useful()))
    result.grant = core_.grant(channel_);
  result.finished = finish;
  return result;
}

} // namespace sluice::actors::channel
