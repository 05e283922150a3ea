#pragma once

// datagram_broker: an actor that is one UDP or Unix datagram socket. Opened by
// `open_datagram` (net/datagram.h). Its behavior gets the events of
// net/events.h; its member functions, and for other actors the commands of
// net/commands.h, drive it:
//
//   caf::behavior echo(sluice::net::datagram_broker* self) {
//     return {
//       [=](const sluice::net::datagram& d) {
//         self->send_datagram(d.bytes, d.from);
//       },
//     };
//   }
//
// Datagrams are sent at once. When the operating system takes no more, they
// wait, whole, under the marks and the cap of datagram_options; who sent them
// hears of it by *backpressure*. Those that cannot be sent come back, each for
// its own reason. Reading is bounded and flow-controlled as in a stream_broker;
// what is not read in time is dropped by the operating system.
//
// Invariants:
// 1. accepted = written + queued + returned, in datagrams and in bytes, at
//    every moment.
// 2. A datagram is sent whole, or comes back whole.
// 3. An actor that was told *applied* is told *released*, on every path on
//    which the socket ends.
// 4. No event is delivered from inside of a handler.
//
// For users. Thread rule: the member functions are for handlers of this actor
// (or classes derived from it), on the loop's thread; other actors send
// commands. Lifetime: while the socket is open, and then as any actor. After
// `closed` the actor quits.

#include "net/broker.h"
#include "net/commands.h"
#include "net/datagram_options.h"
#include "net/datagram_queue.h"
#include "net/mailbox_door.h"
#include "net/name_lookup.h"
#include "net/net_totals.h"
#include "net/read_gate.h"
#include "net/socket.h"
#include "net/socket_file.h"
#include "net/writers.h"

#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace sluice::net {

/// Where a socket stands.
enum class datagram_state : std::uint8_t {
  idle,       // not started
  looking_up, // the name look-up of its peer is under way
  open,       // datagrams flow
  draining,   // `close`: what is queued is sent, nothing is delivered any more
  failing,    // decided inside of a handler to end; ends when it has returned
  closed,     // over
};

/// How a socket comes to its broker. Made by `open_datagram`.
struct datagram_setup {
  socket bound;                 // open, or opened for `peer` later
  endpoint local;               // of `bound`
  std::optional<endpoint> peer; // connected to, or to be looked up
  std::shared_ptr<const datagram_options> options;
};

struct datagram_count {
  std::uint64_t datagrams = 0;
  std::uint64_t bytes = 0;

  void add(std::size_t size) noexcept {
    ++datagrams;
    bytes += size;
  }
};

/// What a socket has done; see invariant 1.
struct datagram_counts {
  datagram_count accepted;
  datagram_count written;
  datagram_count returned;
  datagram_count received; // bytes as delivered
  std::uint64_t truncated = 0;
};

struct datagram_report;

class datagram_broker : public broker {
public:
  datagram_broker(caf::actor_config& cfg, event_loop& loop,
                  datagram_setup setup);
  ~datagram_broker() override;

  // -- writing ----------------------------------------------------------------

  /// Sends one datagram of at most limits::datagram_bytes_max bytes, now or as
  /// soon as the operating system takes it. `to` must be numeric; a connected
  /// socket ignores it. With a token other than 0 there will be a `written`.
  /// False if it was refused at once: then it comes back in `rejected`.
  bool send_datagram(byte_slice bytes, const endpoint& to = {},
                     std::uint64_t token = 0);

  /// Copies `text`.
  bool send_datagram(std::string_view text, const endpoint& to = {},
                     std::uint64_t token = 0);

  // -- reading ----------------------------------------------------------------

  /// See the commands of these names; `count` is in datagrams.
  void read_credit(std::uint64_t count);
  void read_flowing();
  void read_paused();

  // -- ending -----------------------------------------------------------------

  /// Sends what is queued, within datagram_options::close_drain, and closes.
  void close();

  /// Closes; what is queued comes back.
  void abort();

  // -- what is ----------------------------------------------------------------

  datagram_state state() const noexcept { return state_; }
  const datagram_counts& counts() const noexcept { return counts_; }
  const datagram_options& options() const noexcept { return *options_; }
  datagram_count queued() const noexcept {
    return {queue_.datagrams(), queue_.bytes()};
  }

  const endpoint& local() const noexcept { return local_; }

  /// The peer of a connected socket; else a default endpoint.
  const endpoint& remote() const noexcept { return remote_; }

  bool is_open() const noexcept {
    return state_ == datagram_state::open || state_ == datagram_state::draining;
  }

  /// What it says of itself, see net/reports.h.
  datagram_report report() const;

  const char* name() const override { return "datagram_broker"; }
  runtime::resident_kind kind() const noexcept final {
    return runtime::resident_kind::datagram_socket;
  }

  /// The door of the mailbox: datagrams that are on their way in it count, too,
  /// with the same marks and the same cap. So their senders hear of pressure,
  /// or get them back, on their own thread and before the broker has had a
  /// turn. Those without a sender cannot come back and pass.
  using caf::abstract_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr what,
               caf::execution_unit* host) override;

protected:
  bool intercept(caf::mailbox_element& x) override;
  void on_undelivered(caf::mailbox_element& x) const override;
  bool may_ignore(const caf::mailbox_element& x) const override;
  void on_start() override;
  void on_terminate() override;
  void on_caught_up() override;
  void on_loop_stopping() override;
  void on_loop_aborting() override;
  void settle() override;
  void on_timeout(timeout which) override;
  void on_event(readiness what) override;

private:
  /// What the operating system said of a datagram.
  enum class attempt : std::uint8_t {
    taken,
    full,       // wait until the socket, or the receiver, has room
    no_buffers, // try again later
    refused,    // gives it back
  };

  /// Why nothing is sent now.
  enum class obstacle : std::uint8_t { none, unwritable, no_buffers };

  struct retry_timer final : runtime::timer {
    explicit retry_timer(datagram_broker& o) noexcept
        : timer(on_due), owner(o) {}
    static void on_due(timer& t) noexcept;
    datagram_broker& owner;
  };

  // datagram_broker.cc: from nothing to open, events, the end
  void start();
  void start_lookup(const endpoint& peer);
  void connect_to(const endpoint& peer, const name_lookup::addresses& found);
  void on_open();
  void read_some();
  bool deliver_datagram(std::size_t length, std::span<const char> room,
                        const runtime::socket_address& from);
  const endpoint& name_of(const runtime::socket_address& from);
  void on_socket_error(int error);
  void update_interest();
  void begin_drain(close_reason reason);
  void fail(close_reason reason, int os_error = 0, caf::error error = {});
  void end(closed how);
  bool is_over() const noexcept { return state_ >= datagram_state::failing; }
  datagram_totals& totals() { return totals_of(loop()).datagrams; }

  // datagram_send.cc: datagrams to system calls
  bool submit(outgoing x);
  std::optional<reject_reason> refuses(const outgoing& x) const;
  bool send_now(outgoing x);
  bool put_in_queue(outgoing x);
  std::optional<reject_reason> make_room(std::size_t charge);
  attempt try_send(const outgoing& x, int& error);
  void flush();
  void expect_room(attempt why);
  void note_written(const outgoing& x);
  void note_rise(const caf::strong_actor_ptr& from);
  void note_fall();
  void give_back(outgoing x, reject_reason why, int os_error = 0);
  void return_queued(outgoing x, reject_reason why, int os_error = 0);
  void expire();

  static std::size_t charge_of(const caf::mailbox_element& x) noexcept;

  /// An address in both forms. Whoever was heard last is most often heard and
  /// answered next; printing and reading addresses costs more than the rest of
  /// a delivery.
  struct known_address {
    endpoint name;
    runtime::socket_address address;
  };

  socket socket_;
  socket_file file_;
  endpoint local_;
  endpoint remote_;
  std::optional<endpoint> peer_; // until connected
  std::unique_ptr<name_lookup> lookup_;
  std::shared_ptr<const datagram_options> options_;
  datagram_queue queue_;
  runtime::valve valve_;
  retry_timer retry_{*this};
  read_gate gate_;
  mailbox_door door_;
  datagram_counts counts_;
  std::optional<closed> ending_;
  known_address last_heard_;
  datagram_state state_ = datagram_state::idle;
  obstacle obstacle_ = obstacle::none;
  bool connected_ = false;
  bool said_writable_ = false; // by the poller, since the last attempt
};

// -- internal, for open_datagram ----------------------------------------------

/// The address that the socket is bound to; a default endpoint if none.
endpoint datagram_endpoint(const socket& x);

/// Sets what the system lets us set: sizes cost speed, not correctness.
void apply_socket_options(const socket& x, const datagram_options& options);

} // namespace sluice::net
