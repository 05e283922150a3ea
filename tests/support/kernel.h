#pragma once

// kernel: one script, two kernels. The tests that say what the simulated kernel
// does run on the real one too, so that the model is known to be true and not
// just at peace with itself.
//
//   class tcp_agreement_test : public kernel_test {};
//   TEST_P(tcp_agreement_test, fin_is_the_end_of_the_stream) { ... }
//   SLUICE_ON_BOTH_KERNELS(tcp_agreement_test);
//
// For tests. Thread rule: the test's thread. Lifetime: one test.

#include "runtime/poller.h"
#include "runtime/socket_api.h"
#include "tests/support/socket_text.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::testing {

class kernel {
public:
  virtual ~kernel() = default;

  virtual runtime::socket_api& api() = 0;
  virtual std::unique_ptr<runtime::poller> make_poller() = 0;

  /// Lets time pass until `condition` holds. False if it never does: when the
  /// simulated world is idle, or after 5 s of real time.
  virtual bool until(const std::function<bool()>& condition) = 0;

  /// Bytes that `fd` could read now; 0 if that cannot be said.
  virtual std::size_t unread(int fd) = 0;

  /// While true, no descriptor is free: EMFILE.
  virtual void set_descriptors_exhausted(bool on) = 0;

  /// All that an interest in everything would be told.
  runtime::readiness ready(int fd);
};

/// A calm simulated world.
std::unique_ptr<kernel> make_simulated_kernel();

/// The system calls and epoll.
std::unique_ptr<kernel> make_real_kernel();

enum class kernel_kind { simulated, real };

/// Calls and their results as text, see socket_text.h.
class kernel_test : public ::testing::TestWithParam<kernel_kind> {
protected:
  struct pair {
    int client;
    int server;
  };

  kernel_test();
  ~kernel_test() override;

  runtime::socket_api& api() { return kernel_->api(); }
  kernel& the_kernel() { return *kernel_; }

  /// The calls; what they open is closed at the end unless `close` was called.
  int open(int family, int type);
  std::string accept(int listener, int& fd);
  void close(int fd, bool reset = false);
  std::string send(int fd, std::string_view bytes);
  std::string recv(int fd, std::size_t size = 64 * 1024);
  std::string error(int fd);
  std::string flags(int fd);

  /// Whether `flags` becomes `expected` in time.
  ::testing::AssertionResult becomes(int fd, const std::string& expected);

  /// A listening socket on a free port of 127.0.0.1.
  int listen(int backlog = 16);

  runtime::socket_address address_of(int fd);
  runtime::socket_address peer_of(int fd);

  /// Two ends of a TCP connection on loopback.
  pair connected_pair();

  /// Sends until EAGAIN; returns how many bytes were taken.
  std::size_t fill(int fd);

  /// Reads until EAGAIN; returns how many bytes there were.
  std::size_t drain(int fd);

private:
  std::unique_ptr<kernel> kernel_;
  std::vector<int> open_;
};

/// Instantiates a suite for both kernels.
#define SLUICE_ON_BOTH_KERNELS(suite)                                          \
  INSTANTIATE_TEST_SUITE_P(                                                    \
      kernels, suite,                                                          \
      ::testing::Values(::sluice::testing::kernel_kind::simulated,             \
                        ::sluice::testing::kernel_kind::real),                 \
      [](const auto& parameter) {                                              \
        return parameter.param == ::sluice::testing::kernel_kind::real         \
                   ? "real_kernel_agrees"                                      \
                   : "simulated";                                              \
      })

} // namespace sluice::testing
