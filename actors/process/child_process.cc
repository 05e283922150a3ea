#include "actors/process/child_process.h"

#include "actors/process/posix_process_api.h"
#include "net/writers.h"
#include "runtime/error.h"

#include <caf/exit_reason.hpp>
#include <caf/system_messages.hpp>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <string>

// A child_process' frame: the child, what it is told from outside, the order of
// things, and the end.

namespace sluice::actors::process {

using runtime::errc;
using runtime::interest;
using runtime::make_error;
namespace limits = runtime::limits;

process_api& default_process_api() noexcept {
  return posix_process_api::instance();
}

caf::expected<process_setup> start_process(process_api& api,
                                           process_options options) {
  if (auto error = options.check())
    return error;
  auto child = api.start(options);
  if (!child)
    return std::move(child.error());
  return process_setup{
      &api, std::move(*child),
      std::make_shared<const process_options>(std::move(options))};
}

child_process::child_process(caf::actor_config& cfg, runtime::event_loop& loop,
                             process_setup setup)
    : net::broker(cfg, loop),
      api_(*setup.api),
      child_(std::move(setup.child)),
      options_(std::move(setup.options)),
      outputs_{output_end{*this, output_stream::output},
               output_end{*this, output_stream::error}},
      input_end_(*this, &child_process::on_input_ready),
      valve_({limits::write_high_bytes, limits::write_low_bytes},
             runtime::pressure_kind::process) {
  outputs_[0].fd = std::move(child_.output);
  outputs_[1].fd = std::move(child_.error);
  input_end_.fd = std::move(child_.input);
  if (options_->framing == output_framing::lines)
    for (auto& x : outputs_)
      x.lines = std::make_unique<line_cutter>(options_->line_bytes_max);
}

child_process::~child_process() {
  if (state_ == state::over)
    return;
  // It never had a turn.
  api_.signal_group(child_, SIGKILL);
  api_.reap_later(std::move(child_.handle));
}

void child_process::pipe_end::on_ready(runtime::readiness) {
  owner.react([this] { (owner.*on_ready_)(*this); });
}

// -- commands -----------------------------------------------------------------

bool child_process::intercept(caf::mailbox_element& x) {
  auto& content = x.content();
  if (content.size() != 1)
    return false;
  if (content.match_element<net::write>(0)) {
    auto& command = content.get_as<net::write>(0);
    submit(x.sender, command.bytes, command.token);
    admitted(x);
  } else if (content.match_element<runtime::backpressure>(0)) {
    auto& signal = content.get_as<runtime::backpressure>(0);
    if (options_->pause_on_backpressure && signal.source
        && signal.source != ctrl()) {
      gate_.heed(signal);
      settle_later();
    }
    return false; // the behavior may want to know
  } else if (content.match_element<net::shutdown_write>(0)) {
    close_input();
  } else if (content.match_element<net::read_credit>(0)) {
    read_credit(content.get_as<net::read_credit>(0).count);
  } else if (content.match_element<net::read_flowing>(0)) {
    read_flowing();
  } else if (content.match_element<net::read_paused>(0)) {
    read_paused();
  } else if (content.match_element<signal_process>(0)) {
    signal(content.get_as<signal_process>(0).number);
  } else if (content.match_element<stop_process>(0)) {
    stop(content.get_as<stop_process>(0).deadline);
  } else {
    return false;
  }
  return true;
}

bool child_process::may_ignore(const caf::mailbox_element& x) const {
  auto& content = x.content();
  return broker::may_ignore(x)
         || (content.size() == 1
             && (content.match_element<process_started>(0)
                 || content.match_element<process_output>(0)
                 || content.match_element<process_ended>(0)));
}

bool child_process::signal(int number) {
  return state_ <= state::running && number > 0
         && api_.signal(child_.handle, number) == 0;
}

void child_process::stop(runtime::duration deadline) {
  if (state_ == state::over)
    return;
  auto now = loop().now();
  auto due = now + std::max(deadline, runtime::duration::zero());
  auto first = !std::exchange(stopping_, true);
  asked_ = asked_ || state_ <= state::running;
  stop_due_ = first ? due : std::min(stop_due_, due);
  auto known = state_ <= state::running || how_.how != process_end::unknown;
  if (known && deadline <= runtime::duration::zero()) {
    api_.signal_group(child_, SIGKILL);
  } else if (known && first) {
    api_.signal_group(child_, SIGTERM);
    api_.signal_group(child_, SIGCONT);
  }
  if (state_ <= state::running)
    arm(net::timeout::drain, stop_due_);
  else if (!cut_)
    arm(net::timeout::drain,
        std::max(stop_due_, ended_at_ + options_->drain_wait));
}

/// To end together with the child.
void child_process::begin_stop(caf::error reason) {
  if (!std::exchange(exiting_, true))
    exit_reason_ = std::move(reason);
  stop(options_->stop_wait);
}

// -- the order of things ------------------------------------------------------

void child_process::on_start() {
  set_exit_handler([this](caf::exit_msg& x) {
    if (x.reason)
      begin_stop(std::move(x.reason));
  });
  hold_self();
  // The behavior is not made yet; `settle` begins.
  settle_later();
}

void child_process::start() {
  state_ = state::running;
  started_at_ = loop().now();
  if (auto error = watch(child_.handle.fd())) {
    run([&] { quit(std::move(error)); });
    return;
  }
  want(interest::read);
  process_started event{child_.pid};
  deliver(event);
}

void child_process::settle() {
  if (state_ == state::idle)
    start();
  flush_input();
  for (auto& x : outputs_) {
    pump(x);
    if (cut_)
      read_rest(x);
  }
  auto is_done = [](auto& x) { return x.done(); };
  if (state_ == state::draining && !gate_.awaiting()
      && std::all_of(outputs_.begin(), outputs_.end(), is_done))
    return finish();
  if (state_ == state::over)
    return;
  for (auto& x : outputs_)
    watch_end(x, gate_.open() && !x.pending && !cut_, interest::read);
  watch_end(input_end_, blocked_, interest::write);
}

/// A pipe whose other side is gone is reported for ever, whatever the interest:
/// so it is in the poller only while something is wanted of it.
void child_process::watch_end(pipe_end& x, bool wanted, interest what) {
  wanted = wanted && x.fd.is_open();
  if (wanted == x.watched)
    return;
  if (!wanted)
    loop().unwatch(x.fd.fd(), x);
  else if (auto error = loop().watch(x.fd.fd(), what, x)) {
    run([&] { quit(std::move(error)); });
    return;
  }
  x.watched = wanted;
}

void child_process::close_end(pipe_end& x) {
  if (std::exchange(x.watched, false))
    loop().unwatch(x.fd.fd(), x);
  x.fd.close();
}

void child_process::on_caught_up() {
  if (last_reason_)
    return conclude(std::move(*last_reason_));
  if (!gate_.awaiting())
    return;
  gate_.awaiting(false);
  settle_later();
}

// -- the end ------------------------------------------------------------------

void child_process::on_event(runtime::readiness) {
  if (state_ != state::running)
    return;
  if (auto how = api_.peek(child_.handle))
    begin_drain(*how);
}

/// The child has ended; now the rest of its output. It stays a zombie until
/// then: so its group is nobody else's.
void child_process::begin_drain(exit_status how) {
  state_ = state::draining;
  how_ = how;
  ended_at_ = loop().now();
  unwatch();
  end_input(0);
  auto due = ended_at_ + options_->drain_wait;
  arm(net::timeout::drain, stopping_ ? std::max(due, stop_due_) : due);
}

/// After the child's end. If somebody else waited for it, its number may be
/// another's by now.
void child_process::kill_group() {
  if (how_.how != process_end::unknown)
    api_.signal_group(child_, SIGKILL);
}

/// Waits for nobody any more: what is in the pipes is all that there will be.
void child_process::cut_drain() {
  kill_group();
  cut_ = true;
  for (auto& x : outputs_)
    if (x.fd.is_open())
      x.left = api_.pipe_bytes(x.fd.fd());
}

void child_process::on_timeout(net::timeout which) {
  if (which != net::timeout::drain)
    return;
  if (state_ == state::running)
    api_.signal_group(child_, SIGKILL);
  else if (state_ == state::draining)
    cut_drain();
}

void child_process::finish() {
  auto cut = outputs_[0].cut || outputs_[1].cut;
  kill_group(); // who is left of it
  api_.reap(child_.handle);
  let_go();
  process_ended event{how_.how, how_.status, ended_at_ - started_at_,
                      asked_,   cut,         ending_error()};
  auto result = deliver(event);
  auto reason = exiting_ ? std::move(exit_reason_) : std::move(event.error);
  if (result == runtime::delivery::skipped)
    last_reason_ = std::move(reason); // it shall see the end before its own
  else
    conclude(std::move(reason));
}

void child_process::conclude(caf::error reason) {
  retire();
  run([&] { quit(std::move(reason)); });
}

/// Nobody waits for us any more.
void child_process::let_go() {
  state_ = state::over;
  unwatch();
  disarm(net::timeout::drain);
  for (auto& x : outputs_)
    close_end(x);
  end_input(0);
  valve_.end(self(), &loop());
  child_.handle.close();
}

caf::error child_process::ending_error() const {
  auto orderly = how_.how == process_end::exited && how_.status == 0;
  if (orderly || asked_)
    return {};
  auto text = "process '"
              + options_->program.substr(0, limits::error_excerpt_bytes) + "' ("
              + std::to_string(child_.pid) + ")";
  auto number = std::to_string(how_.status);
  if (how_.how == process_end::exited) {
    text += " exited with status " + number;
  } else if (how_.how == process_end::killed) {
    text += " was killed by signal " + number;
    if (auto abbreviated = ::sigabbrev_np(how_.status))
      text += std::string{" (SIG"} + abbreviated + ")";
  } else {
    text += " has ended; somebody else waited for it";
  }
  return make_error(errc::process_failed, std::move(text));
}

/// Ours, before the child's: by `quit`, an exception, a kill.
void child_process::on_terminate() {
  if (state_ != state::over) {
    if (state_ <= state::running)
      api_.signal_group(child_, SIGKILL);
    else
      kill_group();
    unwatch();
    api_.reap_later(std::move(child_.handle));
    let_go();
  }
  retire();
}

void child_process::on_loop_stopping() {
  begin_stop(caf::exit_reason::user_shutdown);
}

} // namespace sluice::actors::process
