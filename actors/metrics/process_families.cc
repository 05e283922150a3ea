#include "actors/metrics/process_families.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace sluice::actors::metrics {

namespace {

/// The fields of /proc/self/stat from the third on: the second, the program's
/// name in brackets, may contain anything.
std::vector<std::string> stat_fields() {
  std::ifstream file{"/proc/self/stat"};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  std::vector<std::string> result;
  auto end_of_name = text.rfind(')');
  if (end_of_name == std::string::npos)
    return result;
  std::istringstream rest{text.substr(end_of_name + 1)};
  for (std::string x; rest >> x;)
    result.push_back(std::move(x));
  return result;
}

/// When the machine started, in seconds since 1970; 0 if unknown.
double boot_time() {
  std::ifstream file{"/proc/stat"};
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("btime "))
      return std::strtod(line.c_str() + 6, nullptr);
  return 0;
}

/// Descriptors that are open, without the one for looking.
double open_descriptors() {
  auto dir = ::opendir("/proc/self/fd");
  if (dir == nullptr)
    return 0;
  double count = 0;
  while (auto entry = ::readdir(dir))
    count += entry->d_name[0] != '.' ? 1 : 0;
  ::closedir(dir);
  return count - 1;
}

} // namespace

void add_process(family_list& to) {
  auto fields = stat_fields();
  // By the numbers of proc(5), which count from 1.
  auto field = [&fields](std::size_t n) {
    return n - 3 < fields.size() ? std::strtod(fields[n - 3].c_str(), nullptr)
                                 : 0;
  };
  auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (!fields.empty()) {
    to.counter("process_cpu_seconds_total",
               "Processor time of the process, in user and in system mode.",
               (field(14) + field(15)) / ticks);
    to.gauge("process_resident_memory_bytes", "Resident memory.",
             field(24) * page);
    to.gauge("process_virtual_memory_bytes", "Virtual memory.", field(23));
    to.gauge("process_threads", "Threads.", field(20));
    if (auto boot = boot_time(); boot > 0)
      to.gauge("process_start_time_seconds",
               "When the process started, in seconds since 1970.",
               boot + field(22) / ticks);
  }
  if (auto count = open_descriptors(); count > 0)
    to.gauge("process_open_fds", "Descriptors that are open.", count);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    to.gauge("process_max_fds", "Descriptors that may be open.",
             static_cast<double>(limit.rlim_cur));
}

} // namespace sluice::actors::metrics
