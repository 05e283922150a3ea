#pragma once

// tcp_relay: stands between nodes and a server on loopback, and breaks what is
// between them: a cut line, or one that is silent.
//
// Tests only. Thread rule: any thread. It works on one of its own. Lifetime:
// the destructor closes all connections.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sluice::testing {

class tcp_relay {
public:
  explicit tcp_relay(std::uint16_t target);
  ~tcp_relay();

  tcp_relay(const tcp_relay&) = delete;
  tcp_relay& operator=(const tcp_relay&) = delete;

  /// `http://127.0.0.1:port`
  std::string url() const;

  /// Resets all connections, and every new one.
  void cut();

  /// Connections that are open stay open and carry nothing any more, for ever;
  /// new ones work.
  void silence();

  /// New connections work.
  void heal();

private:
  struct pair {
    int client = -1;
    int server = -1;
    bool silent = false;
  };

  void run();
  void wake();
  void accept_one();
  static bool pump(int from, int to);
  static void reset(pair& x);

  const std::uint16_t target_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  int wake_ = -1; // eventfd(2)
  std::mutex mutex_;
  std::vector<pair> pairs_; // under the lock
  bool cut_ = false;        // under the lock
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

} // namespace sluice::testing
