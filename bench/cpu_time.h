// CPU time of processes, for telling whether the server, the client or a
// stranger on their cores was the limit.
//
// Any thread.
#pragma once

#include <cstdint>

namespace sluice::bench {

struct cpu_time {
  // Seconds on a core, all threads together.
  double used_s = 0;
  // Seconds in which a thread could have run but another had its core.
  double waited_s = 0;
};

// Sums /proc/PID/task/*/schedstat (kernel: Documentation/scheduler/
// sched-stats.rst). Zeros for pid 0 and when the kernel does not say.
cpu_time cpu_time_of(uint64_t pid);

inline cpu_time operator-(const cpu_time& a, const cpu_time& b) {
  return {a.used_s - b.used_s, a.waited_s - b.waited_s};
}

} // namespace sluice::bench
