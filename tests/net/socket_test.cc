// Sockets on the real kernel: who owns a descriptor, and what bind says.

#include "net/socket.h"

#include "runtime/error.h"
#include "runtime/posix_socket_api.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <optional>
#include <string>

namespace sluice::net {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

class socket_test : public ::testing::Test {
public:
  socket_test() {
    char name[] = "/tmp/sluice-socket-XXXXXX";
    folder_ = ::mkdtemp(name);
  }

  ~socket_test() override {
    ::unlink(path().c_str());
    ::rmdir(folder_.c_str());
  }

  std::string path() const { return folder_ + "/s"; }

  socket open() {
    auto fd = api.open(AF_INET, SOCK_STREAM);
    EXPECT_GE(fd, 0);
    return {api, fd};
  }

  caf::expected<socket> bind(const std::string& where) {
    auto target = endpoint::parse(where);
    EXPECT_TRUE(target);
    return bind_socket(api, *target, 10);
  }

  runtime::socket_api& api = runtime::posix_socket_api::instance();

private:
  std::string folder_;
};

// -- ownership ----------------------------------------------------------------

TEST_F(socket_test, descriptor_is_closed_with_its_owner) {
  std::optional<socket> x = open();
  auto fd = x->fd();
  EXPECT_TRUE(is_open(fd));
  x.reset();
  EXPECT_FALSE(is_open(fd));
}

TEST_F(socket_test, moving_hands_the_descriptor_over) {
  auto x = open();
  auto fd = x.fd();
  socket y{std::move(x)};
  EXPECT_FALSE(x.is_open());
  EXPECT_EQ(y.fd(), fd);
  auto z = open();
  auto replaced = z.fd();
  z = std::move(y);
  EXPECT_EQ(z.fd(), fd);
  EXPECT_FALSE(is_open(replaced));
  EXPECT_TRUE(is_open(fd));
}

TEST_F(socket_test, moving_onto_itself_keeps_it_open) {
  auto x = open();
  auto& same = x;
  x = std::move(same);
  EXPECT_TRUE(is_open(x.fd()));
}

TEST_F(socket_test, released_descriptor_is_somebody_elses) {
  auto x = open();
  auto fd = x.release();
  EXPECT_FALSE(x.is_open());
  x.close();
  EXPECT_TRUE(is_open(fd));
  ::close(fd);
}

TEST_F(socket_test, closing_twice_is_closing_once) {
  auto x = open();
  x.close();
  auto other = open(); // gets the same number
  x.close();
  EXPECT_TRUE(is_open(other.fd()));
}

TEST_F(socket_test, unconnected_socket_has_no_remote_end) {
  EXPECT_EQ(open().remote(), endpoint{});
}

// -- bind ---------------------------------------------------------------------

TEST_F(socket_test, port_in_use_is_named_with_its_errno) {
  auto first = bind("tcp://127.0.0.1:0");
  ASSERT_TRUE(first);
  auto where = to_string(first->local());
  auto second = bind(where);
  ASSERT_FALSE(second);
  auto text = runtime::to_text(second.error());
  EXPECT_NE(text.find("bind " + where), std::string::npos) << text;
  EXPECT_NE(text.find("EADDRINUSE"), std::string::npos) << text;
}

TEST_F(socket_test, address_of_another_machine_is_named) {
  auto result = bind("tcp://192.0.2.1:7000"); // RFC 5737: nobody's
  ASSERT_FALSE(result);
  auto text = runtime::to_text(result.error());
  EXPECT_NE(text.find("tcp://192.0.2.1:7000"), std::string::npos) << text;
  EXPECT_NE(text.find("EADDRNOTAVAIL"), std::string::npos) << text;
}

TEST_F(socket_test, host_name_is_no_address_to_bind) {
  auto result = bind("tcp://example.org:7000");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(),
            static_cast<std::uint8_t>(runtime::errc::bad_endpoint));
}

TEST_F(socket_test, stale_unix_socket_file_is_replaced) {
  auto where = "unix://" + path();
  { // Closed, and its file stays.
    auto old = bind(where);
    ASSERT_TRUE(old);
  }
  ASSERT_EQ(::access(path().c_str(), F_OK), 0);
  auto result = bind(where);
  ASSERT_TRUE(result) << runtime::to_text(result.error());
  EXPECT_EQ(to_string(result->local()), where);
}

TEST_F(socket_test, unix_socket_that_is_in_use_is_left_alone) {
  auto where = "unix://" + path();
  auto first = bind(where);
  ASSERT_TRUE(first);
  auto second = bind(where);
  ASSERT_FALSE(second);
  auto text = runtime::to_text(second.error());
  EXPECT_NE(text.find("EADDRINUSE"), std::string::npos) << text;
  auto client = api.open(AF_UNIX, SOCK_STREAM);
  auto address = endpoint::parse(where)->to_address();
  EXPECT_EQ(api.connect(client, *address), 0) << "the first one must serve on";
  api.close(client, false);
}

TEST_F(socket_test, stale_file_of_a_datagram_socket_is_replaced) {
  auto where = "unixgram://" + path();
  { auto old = bind(where); }
  ASSERT_EQ(::access(path().c_str(), F_OK), 0);
  EXPECT_TRUE(bind(where));
}

TEST_F(socket_test, datagram_socket_that_is_in_use_is_left_alone) {
  auto where = "unixgram://" + path();
  auto first = bind(where);
  ASSERT_TRUE(first);
  EXPECT_FALSE(bind(where));
}

TEST_F(socket_test, file_that_is_no_socket_is_left_alone) {
  ::close(::open(path().c_str(), O_CREAT | O_WRONLY, 0600));
  EXPECT_FALSE(bind("unix://" + path()));
  EXPECT_EQ(::access(path().c_str(), F_OK), 0) << "somebody's file is gone";
}

} // namespace
} // namespace sluice::net
