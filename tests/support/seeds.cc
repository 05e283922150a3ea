#include "tests/support/seeds.h"

#include "runtime/panic.h"

#include <gtest/gtest.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <unistd.h>

namespace sluice::testing {

namespace {

std::optional<std::uint64_t> number_in_environment(const char* name) {
  auto text = std::getenv(name);
  if (text == nullptr || *text == '\0')
    return std::nullopt;
  std::string_view view{text};
  std::uint64_t value = 0;
  auto [end, error] =
      std::from_chars(view.data(), view.data() + view.size(), value);
  if (error != std::errc{} || end != view.data() + view.size())
    runtime::panic(std::string{name} + " is not a number: " + text);
  return value;
}

int failures_so_far() {
  auto test = ::testing::UnitTest::GetInstance()->current_test_info();
  if (test == nullptr)
    return 0;
  int result = 0;
  for (int i = 0; i < test->result()->total_part_count(); ++i)
    result += test->result()->GetTestPartResult(i).failed();
  return result;
}

// Says how to replay the seed if the process aborts while this lives. The text
// is made beforehand: a signal handler may not allocate (signal-safety(7)).
class replay_notice {
public:
  replay_notice() { previous_ = std::signal(SIGABRT, on_abort); }

  ~replay_notice() { std::signal(SIGABRT, previous_); }

  replay_notice(const replay_notice&) = delete;
  replay_notice& operator=(const replay_notice&) = delete;

  void set_seed(std::uint64_t seed) {
    length_ =
        std::snprintf(text_, sizeof text_, "replay with SLUICE_SEED=%llu\n",
                      static_cast<unsigned long long>(seed));
  }

  static void print() noexcept {
    auto written =
        ::write(STDERR_FILENO, text_, static_cast<std::size_t>(length_));
    static_cast<void>(written);
  }

private:
  static void on_abort(int number) {
    print();
    std::signal(number, SIG_DFL);
    std::raise(number);
  }

  static inline char text_[64];
  static inline int length_ = 0;
  void (*previous_)(int);
};

} // namespace

std::optional<std::uint64_t> replayed_seed() {
  return number_in_environment("SLUICE_SEED");
}

void for_each_seed(std::uint64_t count,
                   const std::function<void(std::uint64_t)>& run) {
  auto replayed = replayed_seed();
  auto first = replayed.value_or(1);
  auto last =
      replayed.value_or(number_in_environment("SLUICE_SEEDS").value_or(count));
  auto failures = failures_so_far();
  replay_notice notice;
  for (auto seed = first; seed <= last; ++seed) {
    notice.set_seed(seed);
    try {
      run(seed);
    } catch (...) {
      notice.print();
      throw;
    }
    if (failures_so_far() > failures) {
      notice.print();
      return;
    }
  }
}

} // namespace sluice::testing
