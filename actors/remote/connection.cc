#include "actors/remote/connection.h"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/io/abstract_broker.hpp>
#include <caf/send.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace sluice::actors::remote {

namespace {

/// The source of a connection's signals. It does nothing.
class node_connection : public caf::event_based_actor {
public:
  using event_based_actor::event_based_actor;
  const char* name() const override { return "node_connection"; }
  caf::behavior make_behavior() override {
    set_default_handler(caf::drop);
    return {[](caf::unit_t) {}};
  }
};

/// A node that does not send heartbeats may be gone without a word. While there
/// is something to send, the operating system notices: see tcp(7). Where it
/// cannot be set, its own, longer time holds.
void bound_retries(caf::io::network::native_socket socket,
                   std::chrono::nanoseconds silence) {
  using std::chrono::milliseconds;
  auto count = std::chrono::duration_cast<milliseconds>(silence).count();
  auto ms = static_cast<unsigned>(count);
  if (ms > 0)
    ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

} // namespace

connection::connection(caf::io::network::default_multiplexer& multiplexer,
                       caf::io::network::native_socket socket)
    : scribe_impl(multiplexer, socket), multiplexer_(multiplexer) {
}

connection::~connection() {
  end();
}

/// See 1. in the header.
void connection::adopt() {
  adopted_ = true;
  owner_ = dynamic_cast<connection_owner*>(parent());
  if (owner_ == nullptr)
    return;
  auto& limits = owner_->limits();
  valve_.emplace(runtime::watermarks{limits.high_bytes, limits.low_bytes},
                 runtime::pressure_kind::remote);
  stream_.ack_writes(true);
  bound_retries(stream_.fd(), owner_->silence());
}

void connection::configure_read(caf::io::receive_policy::config how) {
  if (owner_ != nullptr && how.second > owner_->limits().message_bytes_max) {
    // The stream would allocate that much before a byte of it has come. As it
    // is, what comes next has another length than the broker expects, and with
    // that it ends the connection.
    owner_->oversized();
    return;
  }
  scribe_impl::configure_read(how);
}

void connection::flush() {
  auto waiting = wr_buf().size();
  if (waiting == 0)
    return scribe_impl::flush();
  if (!adopted_)
    adopt();
  scribe_impl::flush();
  if (owner_ == nullptr)
    return;
  // Everything is flushed as soon as it is written, so that the rest was there
  // the last time.
  owner_->wrote(waiting - std::min(waiting, flushed_));
  if (wr_buf().empty())
    in_transit_ = waiting;
  flushed_ = wr_buf().size();
  rose();
}

void connection::rose() {
  auto now = level();
  valve_->rise(now);
  if (!full_ && now >= owner_->limits().cap_bytes) {
    full_ = true;
    owner_->filled(hdl(), true);
  }
  if (valve_->closed() && owner_->writing_for())
    valve_->tell(owner_->writing_for(), source(), &multiplexer_);
}

void connection::data_transferred(caf::execution_unit* host,
                                  std::size_t written, std::size_t remaining) {
  // CAF's own would make a message for the broker, which has no use for it.
  if (owner_ == nullptr)
    return scribe_impl::data_transferred(host, written, remaining);
  auto next = wr_buf().size();
  in_transit_ = remaining - next;
  if (in_transit_ == 0) {
    // The other buffer follows at once.
    in_transit_ = next;
    flushed_ = 0;
  }
  if (full_ && remaining <= owner_->limits().low_bytes) {
    full_ = false;
    owner_->filled(hdl(), false);
  }
  if (valve_->closed())
    valve_->fall(remaining, source(), host);
  // A buffer never gets smaller by itself, and the two take turns.
  if (remaining == 0 && wr_buf().capacity() > 2 * owner_->limits().high_bytes)
    wr_buf().shrink_to_fit();
}

const caf::strong_actor_ptr& connection::source() {
  if (!source_) {
    // It has no mailbox to look at: it is not started before it gets a message.
    auto x = multiplexer_.system()
                 .spawn<node_connection, caf::hidden + caf::lazy_init>();
    source_ = caf::actor_cast<caf::strong_actor_ptr>(x);
  }
  return source_;
}

void connection::remove_from_loop() {
  scribe_impl::remove_from_loop();
  end();
}

void connection::end() {
  if (owner_ == nullptr)
    return;
  auto owner = std::exchange(owner_, nullptr);
  owner->ended(hdl(), level());
  if (source_) {
    valve_->end(source_, &multiplexer_);
    // Nodes that were told about it may have had it registered, which keeps it.
    caf::anon_send_exit(source_, caf::exit_reason::kill);
  }
}

} // namespace sluice::actors::remote
