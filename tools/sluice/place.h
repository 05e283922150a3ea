#pragma once

// place: the directory of one cluster: its sockets, its logs, and the lock that
// its launcher holds.
//
//   sluice.sock   the launcher's control socket     nN.sock   a node's admin
//   sluice.pid    the launcher's number             nN.log    a node's output
//
// Thread rule: one thread at a time. Lifetime: the lock is held until the
// object or the process is gone.

#include <sys/types.h>

#include <optional>
#include <string>

namespace sluice::tools {

class place {
public:
  /// `dir` is made absolute; empty: `default_dir()`.
  explicit place(std::string dir = {});
  ~place();

  place(const place&) = delete;
  place& operator=(const place&) = delete;

  /// $SLUICE_DIR; or $XDG_RUNTIME_DIR/sluice; or /tmp/sluice-UID.
  static std::string default_dir();

  const std::string& dir() const noexcept { return dir_; }
  std::string file(const std::string& name) const { return dir_ + "/" + name; }
  std::string control_path() const { return file("sluice.sock"); }

  /// Makes the directory, for this user alone, if it is not there. Returns what
  /// is wrong with it: it cannot be made, belongs to somebody else, or is no
  /// directory.
  std::string make() const;

  enum class lock_result : unsigned char { taken, held_by_another, failed };

  /// Takes the lock for this process and writes its number down.
  lock_result lock();

  /// Whether a launcher holds the lock.
  bool is_locked() const;

  /// The number that the last launcher has left there.
  std::optional<pid_t> launcher_pid() const;

  /// Removes the number and lets go of the lock.
  void unlock();

private:
  std::string dir_;
  int lock_ = -1;
};

} // namespace sluice::tools
