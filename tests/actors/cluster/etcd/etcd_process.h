#pragma once

// etcd_process: a real etcd of one member, with its own folder, on loopback.
// The environment variable ETCD says where the program is.
//
// Tests only. Thread rule: the test's thread. Lifetime: the process is killed
// with this object, or by the kernel when the test ends in another way.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace sluice::testing {

class etcd_process {
public:
  /// Starts it, and waits until it answers. Aborts the test program if it does
  /// not within 30 s.
  etcd_process();
  ~etcd_process();

  etcd_process(const etcd_process&) = delete;
  etcd_process& operator=(const etcd_process&) = delete;

  /// `http://127.0.0.1:port`; stays the same.
  const std::string& url() const noexcept { return url_; }
  std::uint16_t port() const noexcept { return client_port_; }

  /// SIGKILL, and its end.
  void kill();

  /// Again, with what it had in its folder.
  void start();

  /// Removes what it had. Only while it does not run.
  void forget();

  /// Asks it, and waits for the answer. Empty if there is none.
  std::string post(const std::string& path, const std::string& body) const;

  /// Of the whole store, as of now.
  std::uint64_t revision() const;

  /// Makes it forget everything before that revision.
  void compact(std::uint64_t revision) const;

  /// Puts and deletes below a member prefix, past any provider.
  void put(const std::string& key, const std::string& value) const;
  void remove(const std::string& key) const;

  /// All members' keys of the cluster, as etcd says it.
  bool has_key(const std::string& key) const;

private:
  bool try_start();

  std::filesystem::path folder_;
  std::uint16_t client_port_ = 0;
  std::uint16_t peer_port_ = 0;
  std::string url_;
  pid_t pid_ = -1;
};

/// A port of 127.0.0.1 at which nobody listens, as of now.
std::uint16_t free_port();

} // namespace sluice::testing
