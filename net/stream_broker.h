#pragma once

// stream_broker: an actor that is one TCP or Unix connection. Its behavior gets
// the events of net/events.h; its member functions, and for other actors the
// commands of net/commands.h, drive it:
//
//   caf::behavior echo(sluice::net::stream_broker* self) {
//     return {
//       [=](const sluice::net::received& in) { self->write(in.bytes); },
//     };
//   }
//
// Reading is flow-controlled: while the peer does not take what is written,
// the broker does not read; so the echo above never holds more than the high
// mark and what one readiness event brings.
//
// Invariants:
// 1. accepted = written + queued + returned, in bytes, at every moment.
// 2. A write that was accepted is sent whole and in its sender's order, or
//    comes back: the rest of the oldest, and all others whole.
// 3. An actor that was told *applied* is told *released*, on every path on
//    which the connection ends.
// 4. No event is delivered from inside of a handler. What a handler decides is
//    carried out when it has returned, by `settle`.
//
// For users. Thread rule: the member functions are for handlers of this actor
// (or classes derived from it), on the loop's thread; other actors send
// commands. Lifetime: while the connection is open, and then as any actor.
// After `closed` the actor quits.

#include "net/broker.h"
#include "net/commands.h"
#include "net/framer.h"
#include "net/mailbox_door.h"
#include "net/net_totals.h"
#include "net/outbox.h"
#include "net/socket.h"
#include "net/stream_options.h"
#include "net/stream_state.h"
#include "runtime/valve.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::net {

/// How a connection comes to its broker. Made by `listen` and `connect`.
struct stream_setup {
  socket connection; // open if a listener accepted it
  endpoint target;   // else: whom to connect to
  std::shared_ptr<const stream_options> options;
  /// Of an open connection that another broker handed over: what the peer has
  /// sent and nobody has looked at.
  byte_slice first_input{};
  /// And what is to be let go when it ends, e.g. its place among those that a
  /// server may have.
  std::shared_ptr<void> companion{};
};

/// Spawns the broker that a connection is handed over to.
using stream_successor = std::function<void(event_loop&, stream_setup)>;

/// Bytes of one connection; see invariant 1.
struct stream_counts {
  std::uint64_t accepted = 0;
  std::uint64_t written = 0;
  std::uint64_t returned = 0;
  std::uint64_t received = 0;
};

class name_lookup;
struct connection_report;

class stream_broker : public broker {
public:
  stream_broker(caf::actor_config& cfg, event_loop& loop, stream_setup setup);
  ~stream_broker() override;

  // -- writing ----------------------------------------------------------------

  /// Queues `bytes` and sends them when the handler has returned, or at once
  /// if the high mark is reached. With a token other than 0 there will be a
  /// `written`. False if they were refused: then they come back in `rejected`.
  /// Before *connected* they are queued.
  bool write(byte_slice bytes, std::uint64_t token = 0);

  /// Copies `text`; many small writes of one handler become one system call.
  bool write(std::string_view text, std::uint64_t token = 0);

  /// Puts `payload` into a frame of the codec; with no codec it is `write`.
  bool write_frame(byte_slice payload, std::uint64_t token = 0);

  /// Sends what is queued, then tells the peer that no more will come.
  void shutdown_write();

  // -- reading ----------------------------------------------------------------

  /// See the commands of these names.
  void read_credit(std::uint64_t count);
  void read_flowing();
  void read_paused();

  /// Cuts what is read from now on into frames. Null: raw bytes.
  void framing(std::unique_ptr<codec> x);

  // -- ending -----------------------------------------------------------------

  /// Sends what is queued, tells the peer, waits for its end (both bounded by
  /// stream_options::close_drain), and closes. Before *connected* there is
  /// nobody to send to: then it is `abort`.
  void close();

  /// Resets the connection; what is queued comes back.
  void abort();

  // -- deadlines, 0 for none
  // ---------------------------------------------------

  /// `timed_out{idle}` when no byte came or went for `x`; again after another
  /// `x`, if the behavior goes on.
  void idle_timeout(runtime::duration x);

  /// `timed_out{read}` when no byte came for `x` while reading.
  void read_timeout(runtime::duration x);

  /// `timed_out{handshake}` and the end of the connection, unless
  /// `handshake_done` is called within `x`.
  void handshake_timeout(runtime::duration x);
  void handshake_done();

  // -- what is
  // -----------------------------------------------------------------

  stream_state state() const noexcept { return state_; }
  std::uint64_t queued() const noexcept {
    return only_.bytes.size() + (outbox_ ? outbox_->queue.bytes() : 0);
  }
  const stream_counts& counts() const noexcept { return counts_; }
  const stream_options& options() const noexcept { return *options_; }

  /// The addresses while the connection is open; else default endpoints.
  endpoint local() const;
  endpoint remote() const;

  /// Whether it holds anybody who writes to it.
  bool pressed() const noexcept;

  /// What it says of itself, see net/reports.h.
  connection_report report() const;

  const char* name() const override { return "stream_broker"; }
  runtime::resident_kind kind() const noexcept final {
    return runtime::resident_kind::connection;
  }

  /// The door of the mailbox: writes that are on their way in it count, too,
  /// with the same marks and the same cap. So their senders hear of pressure,
  /// or get their writes back, on their own thread and before the broker has
  /// had a turn. Writes without a sender cannot come back and pass.
  using caf::abstract_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr what,
               caf::execution_unit* host) override;

protected:
  // -- for classes that speak a protocol --------------------------------------
  // They see what came before the behavior does, and tell it what it means.
  // These run outside of handlers, and may `deliver`.

  /// One frame, or with no codec what one read brought. Delivers `received`.
  virtual delivery on_payload(byte_slice bytes);

  /// Whether the next frame may be taken now. While it is false nothing is
  /// read; `settle_later` makes the broker ask again.
  virtual bool takes_payload() const noexcept { return true; }

  /// Whether this class throws away what comes, for itself and its behavior.
  /// Then it is read whoever is under pressure, and without credit.
  virtual bool drops_payload() const noexcept { return false; }

  /// The codec found no frame and never will, or the stream ended inside of
  /// one. Unless the answer is `handled` the connection is aborted; else it is
  /// drained, with what was written meanwhile.
  virtual delivery on_bad_frame(bad_frame& what);

  /// The peer will send no more. Unless the answer is `handled` the connection
  /// is drained and closed.
  virtual delivery on_peer_done();

  /// The connection is open; tells the behavior.
  virtual delivery on_connected(connected& what);
  virtual delivery on_accepted(accepted& what);

  /// It is over; tells the behavior, with its last event.
  virtual delivery on_closed(closed& what);

  /// Hands what is queued to the operating system now, as far as it takes it.
  void flush();

  /// Null if the broker has none.
  net::codec* current_codec() noexcept {
    return framer_ ? &framer_->codec() : nullptr;
  }

  /// Bytes that came and are in no frame yet.
  std::size_t unframed() const noexcept {
    return framer_ ? framer_->buffered() : 0;
  }

  /// Like `write_frame`, with an envelope that the caller made. False if it was
  /// refused: then the payload comes back.
  bool write_enveloped(std::string_view header, byte_slice payload,
                       std::string_view trailer, std::uint64_t token = 0);

  /// Queues a frame of the protocol's own. It comes back to nobody. False if
  /// there is no room for it now.
  bool write_control(byte_slice frame);

  /// The same for the last one: it is queued behind what all others have
  /// written (`keep_order`), and over the caps if there is no room. Nothing may
  /// be written after it.
  void write_last(byte_slice frame);

  /// What is queued now is sent before what is written from now on, whoever
  /// writes it. Without this the senders take turns.
  void keep_order();

  /// Whether `size` bytes more would be queued, and nothing dropped for them.
  bool fits(std::size_t size) const noexcept;

  /// When the operating system took something, or the connection was opened.
  runtime::time_point last_write() const noexcept { return last_write_; }

  /// Whether what the peer sends is read now; if not, its silence means
  /// nothing.
  bool may_read() const noexcept;

  /// Whether `read_flowing` holds.
  bool is_flowing() const noexcept { return credit_ < 0; }

  /// For an `on_payload` of which the behavior heard nothing: it takes no
  /// credit.
  void keep_credit() noexcept {
    if (credit_ >= 0)
      ++credit_;
  }

  /// Gives a write command of another actor back, for an `intercept` that does
  /// not leave it to this class.
  void refuse_write(const caf::mailbox_element& x, reject_reason why);

  /// Ends this broker, but not its connection: when everything is sent the
  /// socket, and what came in and was not delivered, goes to `next`; the
  /// behavior gets `closed{handed_over}`. Nothing is delivered in between.
  void hand_over(stream_successor next);

  /// Ends the connection with `reason`; what is queued comes back.
  void fail(close_reason reason, int os_error = 0, caf::error error = {});

  /// `close` with another reason.
  void begin_drain(close_reason reason, caf::error error = {});

  bool intercept(caf::mailbox_element& x) override;
  void on_undelivered(caf::mailbox_element& x) const override;
  void on_start() override;
  void on_terminate() override;
  void on_caught_up() override;
  void on_loop_stopping() override;
  void on_loop_aborting() override;
  void settle() override;
  void on_timeout(timeout which) override;
  void on_event(readiness what) override;

private:
  struct rare_state;
  struct ending {
    close_reason reason = close_reason::finished;
    int os_error = 0;
    caf::error error;
  };

  // stream_door.cc: what waits in the mailbox
  void admitted(const caf::mailbox_element& x);
  runtime::valve& valve();
  std::size_t charge_of(const caf::mailbox_element& x) const noexcept;
  static bool return_write(caf::mailbox_element& x, reject_reason why);

  // stream_start.cc: from nothing to open
  void start_accepted();
  void start_lookup();
  void try_next_address();
  void on_connect_ready();
  void on_open(bool we_asked);
  void apply_socket_options();

  // stream_read.cc: bytes to events
  bool may_deliver() const noexcept;
  void read_some();
  void discard_some();
  void on_read_error(int error);
  void on_bytes(byte_slice bytes);
  void pump();
  bool deliver_bytes(byte_slice bytes);
  void refuse_input(const caf::error& err);
  void on_end_of_stream();
  void heed(const runtime::backpressure& signal);

  // stream_write.cc: writes to system calls
  bool submit(const caf::strong_actor_ptr& from, write_parts&& what,
              std::uint64_t token);
  void accept(const caf::strong_actor_ptr& from, write_parts&& what,
              std::uint64_t token);
  bool submit_frame(const caf::strong_actor_ptr& from, byte_slice payload,
                    std::uint64_t token);
  std::optional<reject_reason> refuses(std::size_t size);
  std::optional<reject_reason> make_room(std::size_t size);
  void give_back(const caf::strong_actor_ptr& from, byte_slice bytes,
                 reject_reason why, std::uint64_t token);
  void queue_up();
  std::size_t gather(std::span<iovec> out);
  void taken(std::size_t count);
  void on_blocked();
  void press(const caf::strong_actor_ptr& from);
  void on_write_stall();

  // stream_broker.cc: the end, and the order of things
  void finish_writing();
  void leave();
  void on_hang_up(bool failed);
  void recycle_outbox();
  void end(ending how);
  void update_interest();
  rare_state& rare();
  stream_totals& totals() { return totals_of(loop()).streams; }
  void move_to(stream_state next) {
    totals().moved(state_, next);
    state_ = next;
  }
  void watch_activity(timeout which, runtime::duration limit,
                      runtime::time_point since);
  std::string describe() const;

  socket socket_;
  std::shared_ptr<const stream_options> options_;
  // The usual answer is one write that the operating system takes whole: it
  // needs no queue. Only a write of our own, while there is no outbox.
  struct {
    byte_slice bytes;
    std::uint64_t token = 0;
  } only_;
  std::unique_ptr<net::outbox> outbox_;
  std::unique_ptr<net::framer> framer_;
  std::unique_ptr<rare_state> rare_;
  stream_counts counts_;
  runtime::time_point last_read_{};
  runtime::time_point last_write_{};
  mailbox_door door_;
  std::atomic<runtime::valve*> valve_{nullptr}; // made when first needed
  std::int64_t credit_ = -1;                    // < 0: flowing
  stream_state state_ = stream_state::idle;
  bool blocked_ = false;      // the socket takes no more; ask for *writable*
  bool self_pressed_ = false; // our own writes closed the valve
  bool held_ = false;         // an actor that we send to is under pressure
  bool awaiting_ = false;     // events are skipped until a response is there
  bool pump_pending_ = false; // the framer may have frames
  bool peer_done_ = false;    // the peer has sent its end
  bool write_ended_ = false;  // shutdown_write was called
  bool end_sent_ = false;     // and has reached the operating system
  bool parked_ = false;       // hung up, but there is more to read later
  int write_error_ = 0;       // a write failed; read what is there, then end
};

} // namespace sluice::net
