#include "bench/echo_load.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "bench/loopback.h"
#include "bench/pattern.h"

namespace sluice::bench {

namespace {

// One recv takes at most this; larger than any server's write.
constexpr size_t receive_bytes = 256 * 1024;

// Small messages leave in batches of at most this.
constexpr size_t batch_bytes_max = 64 * 1024;

// How long to wait for a server that says nothing.
constexpr uint64_t patience_ns = 3'000'000'000;

struct connection {
  connection(int socket, const echo_options& options, unsigned index)
      : fd(socket),
        stream(options.message_bytes, index),
        sent_at(options.pipelined),
        due(options.pipelined) {
    auto messages = std::clamp<size_t>(batch_bytes_max / options.message_bytes,
                                       1, options.pipelined);
    batch.resize(messages * options.message_bytes);
    for (size_t i = 0; i < messages; ++i)
      stream.fill_body(std::span{batch}.subspan(i * options.message_bytes,
                                                options.message_bytes));
  }

  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() { close(fd); }

  int fd;
  pattern stream;
  // When the messages on their way began to leave, by number modulo depth.
  std::vector<uint64_t> sent_at;
  // Messages that may be sent now.
  unsigned due;
  // Messages whose first byte was handed to a batch, and bytes received.
  uint64_t started = 0;
  uint64_t received = 0;
  // The batch that is leaving: batch[batch_begin, batch_end).
  std::vector<std::byte> batch;
  size_t batch_begin = 0;
  size_t batch_end = 0;
  bool wants_writable = false;
};

class echo_run {
public:
  explicit echo_run(const echo_options& options)
      : options_(options), buffer_(receive_bytes) {}

  ~echo_run() { close(epoll_); }

  echo_result run() {
    for (unsigned i = 0; i < options_.connections; ++i)
      open(i);
    auto begin = now_ns();
    for (auto& c : connections_)
      send_due(*c, begin);
    auto warm = begin + nanoseconds(options_.warmup_s);
    poll_until(warm);
    start_window();
    poll_until(window_begin_ns_ + nanoseconds(options_.measured_s));
    // On a crowded machine a short window may see nothing: it then lasts until
    // something comes, and the rate is over what it really lasted.
    poll_until(now_ns() + patience_ns, [this] { return completed_ > 0; });
    end_window();
    drain();
    return result_;
  }

private:
  static uint64_t nanoseconds(double seconds) {
    return static_cast<uint64_t>(seconds * 1e9);
  }

  static uint64_t own_pid() { return static_cast<uint64_t>(getpid()); }

  void open(unsigned index) {
    int fd = connect_loopback(options_.port, index);
    set_nonblocking(fd);
    auto c = std::make_unique<connection>(fd, options_, index);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = c.get();
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0)
      die("epoll_ctl");
    connections_.push_back(std::move(c));
  }

  void start_window() {
    result_.messages_total += completed_;
    completed_ = 0;
    result_.latency_ns.clear();
    server_cpu_begin_ = cpu_time_of(options_.watched_pid);
    client_cpu_begin_ = cpu_time_of(own_pid());
    window_begin_ns_ = now_ns();
  }

  void end_window() {
    auto elapsed = now_ns() - window_begin_ns_;
    result_.elapsed_s = static_cast<double>(elapsed) / 1e9;
    result_.server_cpu = cpu_time_of(options_.watched_pid) - server_cpu_begin_;
    result_.client_cpu = cpu_time_of(own_pid()) - client_cpu_begin_;
    result_.messages = completed_;
    measuring_ = false;
    if (completed_ == 0)
      fail("no message came back in the measured window");
  }

  // Lets outstanding messages come home: what was sent must be what came.
  void drain() {
    sending_ = false;
    auto all_home = [this] {
      return std::ranges::all_of(connections_, [this](const auto& c) {
        return c->received == c->started * options_.message_bytes;
      });
    };
    poll_until(now_ns() + patience_ns, all_home);
    if (!all_home())
      fail("bytes are missing at the end");
    result_.messages_total += completed_;
  }

  // Until a deadline, or earlier when `done`.
  template <class Condition>
  void poll_until(uint64_t deadline_ns, Condition done) {
    while (result_.fault == nullptr && !done() && now_ns() < deadline_ns)
      poll_once();
  }

  void poll_until(uint64_t deadline_ns) {
    poll_until(deadline_ns, [] { return false; });
  }

  void poll_once() {
    // The time-out only bounds how late a deadline is seen when all is quiet.
    int ready = epoll_wait(epoll_, events_.data(),
                           static_cast<int>(events_.size()), 20);
    if (ready < 0 && errno != EINTR)
      die("epoll_wait");
    for (int i = 0; i < ready && result_.fault == nullptr; ++i) {
      const auto& event = events_[static_cast<size_t>(i)];
      auto& c = *static_cast<connection*>(event.data.ptr);
      auto now = now_ns();
      if ((event.events & ~unsigned{EPOLLOUT}) != 0)
        receive(c, now);
      send_due(c, now);
    }
  }

  void receive(connection& c, uint64_t now) {
    auto n = recv(c.fd, buffer_.data(), buffer_.size(), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
      return;
    if (n <= 0)
      return fail("the server closed a connection");
    auto chunk = std::span{buffer_}.first(static_cast<size_t>(n));
    auto end = c.received + chunk.size();
    if (end > c.started * options_.message_bytes)
      return fail("more bytes came back than were sent");
    if (!(options_.check_all ? c.stream.check_all(chunk, c.received)
                             : c.stream.check_sample(chunk, c.received)))
      return fail("other bytes came back than were sent");
    auto first = c.received / options_.message_bytes;
    auto last = end / options_.message_bytes;
    c.received = end;
    completed_ += last - first;
    if (measuring_)
      for (auto number = first; number < last; ++number)
        result_.latency_ns.record(now - c.sent_at[number % options_.pipelined]);
    if (sending_)
      c.due += static_cast<unsigned>(last - first);
  }

  void send_due(connection& c, uint64_t now) {
    for (;;) {
      if (c.batch_begin == c.batch_end && !next_batch(c, now))
        return want_writable(c, false);
      auto n = send(c.fd, c.batch.data() + c.batch_begin,
                    c.batch_end - c.batch_begin, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && errno == EAGAIN)
        return want_writable(c, true);
      if (n < 0)
        return fail("the server reset a connection");
      c.batch_begin += static_cast<size_t>(n);
    }
  }

  // Numbers as many messages as are due and fit one batch.
  bool next_batch(connection& c, uint64_t now) {
    auto messages =
        std::min<size_t>(c.due, c.batch.size() / options_.message_bytes);
    for (size_t i = 0; i < messages; ++i, ++c.started) {
      c.stream.stamp(std::span{c.batch}.subspan(i * options_.message_bytes),
                     c.started);
      c.sent_at[c.started % options_.pipelined] = now;
    }
    c.due -= static_cast<unsigned>(messages);
    c.batch_begin = 0;
    c.batch_end = messages * options_.message_bytes;
    return messages > 0;
  }

  void want_writable(connection& c, bool wanted) {
    if (c.wants_writable == wanted)
      return;
    c.wants_writable = wanted;
    epoll_event event{};
    event.events = EPOLLIN;
    if (wanted)
      event.events |= EPOLLOUT;
    event.data.ptr = &c;
    if (epoll_ctl(epoll_, EPOLL_CTL_MOD, c.fd, &event) != 0)
      die("epoll_ctl");
  }

  void fail(const char* why) {
    if (result_.fault == nullptr)
      result_.fault = why;
  }

  const echo_options options_;
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::array<epoll_event, 256> events_{};
  std::vector<std::byte> buffer_;
  std::vector<std::unique_ptr<connection>> connections_;
  bool sending_ = true;
  bool measuring_ = true;
  // Messages home since the window began (or since the start, before it).
  uint64_t completed_ = 0;
  uint64_t window_begin_ns_ = 0;
  cpu_time server_cpu_begin_;
  cpu_time client_cpu_begin_;
  echo_result result_;
};

} // namespace

echo_result run_echo(const echo_options& options) {
  return echo_run{options}.run();
}

} // namespace sluice::bench
