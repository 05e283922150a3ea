#pragma once

// process_keeper: the one thread from which all children are started, and on
// which those are waited for that were killed while nobody cares any more.
//
// Children ask the kernel for SIGKILL when their parent dies
// (PR_SET_PDEATHSIG), and to the kernel the parent is a thread: a child that a
// worker or a loop had started would be killed when that thread ends. This one
// ends with the process.
//
// Internal. Thread rule: any thread. Lifetime: from first use until the process
// ends; not in a process that was forked and did not call execve(2).

#include "actors/process/descriptor.h"

#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

namespace sluice::actors::process {

class process_keeper {
public:
  /// Starts the thread at the first call; then std::system_error may be thrown.
  static process_keeper& instance();

  process_keeper(const process_keeper&) = delete;
  process_keeper& operator=(const process_keeper&) = delete;

  /// Runs `f` on the thread, where all signals are blocked, and waits for its
  /// end. `f` does not throw.
  void run(const std::function<void()>& f);

  /// Waits for the child of this pidfd, beside the others.
  void reap(descriptor handle);

  /// Children that are waited for.
  std::size_t waiting() const;

private:
  struct job;

  process_keeper();
  void loop();
  void take_jobs();

  descriptor wake_; // eventfd(2)
  mutable std::mutex mutex_;
  std::vector<job*> jobs_;
  std::vector<descriptor> children_; // changed under the lock, by the thread
  std::vector<descriptor> new_children_;
};

} // namespace sluice::actors::process
