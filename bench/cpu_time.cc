#include "bench/cpu_time.h"

#include <filesystem>
#include <fstream>
#include <string>

namespace sluice::bench {

cpu_time cpu_time_of(uint64_t pid) {
  cpu_time total;
  if (pid == 0)
    return total;
  std::error_code failed;
  std::filesystem::path tasks = "/proc/" + std::to_string(pid) + "/task";
  for (std::filesystem::directory_iterator at{tasks, failed}, end;
       !failed && at != end; at.increment(failed)) {
    uint64_t used_ns = 0;
    uint64_t waited_ns = 0;
    if (std::ifstream{at->path() / "schedstat"} >> used_ns >> waited_ns) {
      total.used_s += static_cast<double>(used_ns) / 1e9;
      total.waited_s += static_cast<double>(waited_ns) / 1e9;
    }
  }
  return total;
}

} // namespace sluice::bench
