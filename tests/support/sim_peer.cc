#include "tests/support/sim_peer.h"

#include "runtime/panic.h"
#include "tests/support/tcp_socket.h"
#include "tests/support/unix_stream_socket.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace sluice::testing {

sim_peer::~sim_peer() {
  on_progress = nullptr;
  close();
}

stream_socket* sim_peer::socket() const {
  return closed_ ? nullptr : world_.find<stream_socket>(id_);
}

std::size_t sim_peer::unread() const {
  auto x = socket();
  return x != nullptr ? x->unread() : 0;
}

bool sim_peer::open() const noexcept {
  return connected_ && !closed_ && error_ == 0 && !(ended_ && half_closed_);
}

// -- what it does -------------------------------------------------------------

int sim_peer::connect(const runtime::socket_address& to) {
  runtime::check(id_ == 0, "a sim_peer connects once");
  stream_socket* socket = nullptr;
  if (to.family() == AF_UNIX)
    socket = &world_.adopt(std::make_unique<unix_stream_socket>(host_));
  else
    socket = &world_.adopt(std::make_unique<tcp_socket>(host_, to.family()));
  id_ = socket->id();
  socket->observe(this);
  auto result = socket->connect(sim_address::from(to));
  if (result < 0 && result != -EINPROGRESS)
    note_error(-result);
  progress();
  return result;
}

void sim_peer::adopt(stream_socket& socket) {
  runtime::check(id_ == 0, "a sim_peer has one connection");
  id_ = socket.id();
  socket.observe(this);
  progress();
}

void sim_peer::send(std::string_view bytes) {
  outbox_.append(bytes);
  progress();
}

void sim_peer::read_more(std::size_t n) {
  allowance_ = n > unbounded - allowance_ ? unbounded : allowance_ + n;
  progress();
}

void sim_peer::half_close() {
  half_close_wanted_ = true;
  progress();
}

void sim_peer::end(bool reset) {
  if (closed_)
    return;
  auto x = socket();
  closed_ = true;
  outbox_.clear();
  if (x != nullptr) {
    world_.note(reset ? "peer resets" : "peer closes",
                static_cast<std::int64_t>(id_));
    x->close(reset);
    world_.sweep();
  }
  if (on_progress)
    on_progress();
}

void sim_peer::set_held(bool on) {
  if (auto x = world_.find<tcp_socket>(id_))
    other_ = x->peer_id();
  for (auto id : {id_, other_})
    if (auto x = world_.find<tcp_socket>(id))
      x->hold(on);
}

// -- what happens to it -------------------------------------------------------

void sim_peer::note_error(int error) {
  if (error_ == 0)
    error_ = error;
  outbox_.clear();
}

void sim_peer::progress() {
  again_ = true;
  if (std::exchange(in_progress_, true))
    return;
  while (std::exchange(again_, false)) {
    auto x = socket();
    if (x == nullptr || closed_)
      break;
    if (step(*x))
      again_ = true;
  }
  in_progress_ = false;
  if (on_progress)
    on_progress();
}

bool sim_peer::step(stream_socket& socket) {
  if (socket.state() == stream_state::fresh
      || socket.state() == stream_state::connecting)
    return false;
  // A connection that never stood has nothing but its error to tell.
  connected_ = connected_ || socket.state() == stream_state::established
               || socket.unread() != 0;
  auto moved = read_some(socket);
  moved = write_some(socket) || moved;
  if (half_close_wanted_ && !half_closed_ && outbox_.empty()
      && socket.state() == stream_state::established) {
    socket.shutdown_write();
    half_closed_ = true;
  }
  // Errors are heard of even by who does not read, as through EPOLLERR.
  if (auto error = socket.take_error(); error != 0)
    note_error(error);
  return moved;
}

bool sim_peer::read_some(stream_socket& socket) {
  if (allowance_ == 0 || ended_)
    return false;
  std::array<char, 4096> room;
  auto n =
      socket.recv(std::span{room}.first(std::min(room.size(), allowance_)));
  if (n < 0) {
    if (n != -EAGAIN)
      note_error(static_cast<int>(-n));
    return false;
  }
  if (n == 0) {
    ended_ = error_ == 0;
    return false;
  }
  auto size = static_cast<std::size_t>(n);
  received_.append(room.data(), size);
  if (allowance_ != unbounded)
    allowance_ -= size;
  return true;
}

bool sim_peer::write_some(stream_socket& socket) {
  if (outbox_.empty())
    return false;
  auto view = outbox_.view();
  iovec part{const_cast<char*>(view.data()), view.size()};
  auto n = socket.send({&part, 1});
  if (n < 0) {
    if (n != -EAGAIN)
      note_error(static_cast<int>(-n));
    return false;
  }
  outbox_.drop(static_cast<std::size_t>(n));
  sent_ += static_cast<std::size_t>(n);
  return n > 0;
}

} // namespace sluice::testing
