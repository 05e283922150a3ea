#pragma once

// link: one connection that carries the channels of two hosts. The host that
// connects has the outlets, the other one the inlets; who wants both ways has
// two links. A connection of docs/wire_format.md.
//
// What leaves, in this order, whenever anything has happened:
// 1. control frames: opening, credit, ends, pings;
// 2. data: the channels that have something to send and credit for it take
// turns
//    (deficit round robin), while less than host_options::link_queue_bytes wait
//    for the operating system. So that is what a control frame waits behind,
//    and one frame more.
// Nothing is ever read late: what comes is bounded by the credit that was
// given.
//
// Internal. Thread rule: its loop's thread; others use the door. Lifetime: the
// connection's; a connecting link ends by itself when it has had no channel for
// two ping intervals.

#include "actors/channel/host_state.h"
#include "actors/channel/link_door.h"
#include "actors/channel/outlet_core.h"
#include "actors/channel/wire.h"
#include "net/stream_broker.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice::actors::channel {

class link final : public net::stream_broker {
public:
  /// `door` of a link that connects; an accepted one makes its own.
  link(caf::actor_config& cfg, runtime::event_loop& loop,
       net::stream_setup setup, std::shared_ptr<host_state> host,
       std::shared_ptr<link_door> door = nullptr);

  const char* name() const override { return "link"; }

  /// Something is on the door's list.
  void wake() { settle_later(); }

  /// Looks at what a port has to say.
  void serve(const std::shared_ptr<outlet_port>& x);
  void serve(const std::shared_ptr<inlet_port>& x);

protected:
  caf::behavior make_behavior() override;
  void on_start() override;
  void on_terminate() override;
  void on_loop_stopping() override;
  void settle() override;

private:
  struct outlet_entry {
    std::shared_ptr<outlet_port> port;
    std::int64_t deficit = 0;
    bool queued = false; // in `turns_`
    bool answered = false;
    runtime::time_point asked{};
  };

  using outlet_map = std::map<std::uint32_t, outlet_entry>;

  // link.cc: the handshake, the heartbeat, the end
  void on_frame(const byte_slice& bytes);
  void on_bad_frame(const net::bad_frame& x);
  void on_timed_out(const net::timed_out& x);
  void on_tick();
  void beat();
  void obey_faults();
  void set_next_tick();
  void become_ready();
  void give_up(end_reason why, std::string text);
  void end_link(end_reason why, const caf::error& how);
  void on_closed(const net::closed& x);
  void stop();

  // link_receive.cc: what a frame means
  void handle(const wire::hello& x);
  void handle(const wire::welcome& x);
  void handle(const wire::refuse& x);
  void handle(const wire::ping& x);
  void handle(const wire::pong& x);
  void handle(const wire::open& x);
  void handle(const wire::data& x);
  void handle(const wire::blocked& x);
  void handle(const wire::end& x);
  void handle(const wire::opened& x);
  void handle(const wire::refused& x);
  void handle(const wire::grant& x);
  void handle(const wire::finished& x);
  void handle(const wire::close& x);
  void handle(const wire::ignored& x);
  bool expect(bool right, const char* frame);
  outlet_entry* find_outlet(std::uint32_t channel);
  inlet_port* find_inlet(std::uint32_t channel);
  void check(const caf::error& err);

  // link_send.cc: what leaves
  void settle_all();
  void serve_due();
  void serve_outlet(outlet_map::iterator at);
  void serve_errand(outlet_map::iterator at, const outlet_port::errand& todo);
  void say_errand(const inlet_port::errand& todo);
  void say_grants();
  bool fill();
  void send_control();
  void send_turn();
  void send_data(std::uint32_t channel);
  template <class Bytes>
  void put(Bytes&& bytes);
  template <class T>
  void say(const T& frame) {
    wire::encode(frame, control_);
    settle_later();
  }

  const std::shared_ptr<host_state> host_;
  const std::shared_ptr<link_door> door_;
  const bool connects_;
  bool open_ = false;  // the connection is
  bool ready_ = false; // the handshake is over
  bool over_ = false;  // nothing is served any more
  bool settling_ = false;
  host_state::faults faults_;
  runtime::time_point cut_since_{};
  std::int64_t may_read_ = 0;      // bytes, if they are limited
  runtime::time_point beat_due_{}; // the next ping
  bool idle_ = false;              // had no channel at the last tick
  std::optional<end_reason> timed_out_;

  outlet_map outlets_;
  std::map<std::uint32_t, std::shared_ptr<inlet_port>> inlets_;
  std::uint32_t last_channel_ = 0;

  std::deque<std::uint32_t> turns_; // outlets that may send, in turn
  std::string control_;             // frames to send
  std::optional<std::uint64_t> pong_due_;
  std::uint64_t pings_ = 0;

  // Kept for their memory.
  std::vector<std::shared_ptr<port>> due_;
  outlet_core::taken taken_;
  std::string scratch_;
};

} // namespace sluice::actors::channel
