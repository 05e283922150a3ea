// System calls that fail, as they do not on a sound machine; each by itself.

#include "actors/process/posix_process_api.h"
#include "tests/actors/process/process_case.h"

namespace sluice::actors::process {
namespace {

/// The real one, but for what the test replaces.
class faulty_api final : public posix_process_api {
public:
  ssize_t read(int fd, std::span<char> room) override {
    if (auto x = std::exchange(read_result, 0); x != 0)
      return x;
    return posix_process_api::read(fd, room);
  }

  ssize_t write(int fd, std::span<const iovec> parts) override {
    if (auto x = std::exchange(write_result, 0); x != 0)
      return x;
    return posix_process_api::write(fd, parts);
  }

  std::optional<exit_status> peek(const descriptor& handle) override {
    if (peeks_for_nothing > 0) {
      --peeks_for_nothing;
      return std::nullopt;
    }
    return posix_process_api::peek(handle);
  }

  ssize_t read_result = 0;
  ssize_t write_result = 0;
  int peeks_for_nothing = 0;
};

class child_failure_test : public process_case {
protected:
  ~child_failure_test() override { stop_loop(); }

  class actor : public child_process {
  public:
    actor(caf::actor_config& cfg, runtime::event_loop& l, process_setup setup,
          child_failure_test* test)
        : child_process(cfg, l, std::move(setup)), test_(test) {}

    caf::behavior make_behavior() override { return noting(this, test_); }

  private:
    child_failure_test* test_;
  };

  caf::actor start_faulty(process_options options) {
    auto setup = start_process(api, std::move(options));
    if (!setup)
      return {};
    auto result = runtime::spawn_on<actor>(loop, std::move(*setup), this);
    watch(result);
    return result;
  }

  faulty_api api;
};

TEST_F(child_failure_test, interrupted_calls_are_made_again) {
  api.read_result = -EINTR;
  api.write_result = -EINTR;
  on_birth = [](child_process& self) {
    self.write_input("abc");
    self.close_input();
  };
  start_faulty({.program = "/bin/cat", .input = input_mode::piped});
  wait_for_down();
  EXPECT_EQ(out, "abc");
}

TEST_F(child_failure_test, stream_that_cannot_be_read_is_over) {
  api.read_result = -EIO;
  start_faulty(sh("echo a; exit 4"));
  wait_for_down();
  EXPECT_EQ(out, "");
  EXPECT_EQ(ended.status, 4);
}

TEST_F(child_failure_test, input_that_cannot_be_written_comes_back) {
  api.write_result = -EIO;
  auto child =
      start_faulty({.program = "/bin/cat", .input = input_mode::piped});
  wait_for_start();
  in(child, [](child_process& self) { self.write_input("abc"); });
  wait_for_down(); // its input has ended
  EXPECT_TRUE(has_noted("rejected 3 closed"));
}

TEST_F(child_failure_test, readiness_without_an_end_is_no_end) {
  api.peeks_for_nothing = 3;
  start_faulty(sh("exit 5"));
  wait_for_down();
  EXPECT_EQ(ended.status, 5);
  EXPECT_EQ(api.peeks_for_nothing, 0);
}

TEST_F(child_failure_test, handle_that_cannot_be_watched_ends_child_and_actor) {
  auto setup = start_process(api, sh("sleep 1000"));
  ASSERT_TRUE(setup);
  auto number = setup->child.pid;
  // Taken: the loop watches it already.
  struct : runtime::io_handler {
    void on_ready(runtime::readiness) override {}
  } other;
  auto fd = setup->child.handle.fd();
  ASSERT_FALSE(loop.watch(fd, runtime::interest::none, other));
  watch(runtime::spawn_on<actor>(loop, std::move(*setup), this));
  wait_for_down();
  EXPECT_EQ(reason, runtime::make_error(errc::system_error, ""));
  EXPECT_TRUE(until([=] { return is_gone(number); }));
}

TEST_F(child_failure_test, pipe_that_cannot_be_watched_ends_child_and_actor) {
  auto setup = start_process(api, sh("sleep 1000"));
  ASSERT_TRUE(setup);
  auto number = setup->child.pid;
  struct : runtime::io_handler {
    void on_ready(runtime::readiness) override {}
  } other;
  auto fd = setup->child.error.fd();
  ASSERT_FALSE(loop.watch(fd, runtime::interest::none, other));
  watch(runtime::spawn_on<actor>(loop, std::move(*setup), this));
  wait_for_down();
  EXPECT_EQ(reason, runtime::make_error(errc::system_error, ""));
  EXPECT_TRUE(until([=] { return is_gone(number); }));
}

} // namespace
} // namespace sluice::actors::process
