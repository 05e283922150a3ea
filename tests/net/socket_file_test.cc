// The file of a Unix socket on the real kernel: removed by whoever made it, and
// by nobody else.

#include "net/socket_file.h"

#include "net/endpoint.h"
#include "runtime/posix_socket_api.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <string>

namespace sluice::net {
namespace {

class socket_file_test : public ::testing::Test {
public:
  socket_file_test() {
    char name[] = "/tmp/sluice-file-XXXXXX";
    folder_ = ::mkdtemp(name);
  }

  ~socket_file_test() override {
    ::unlink(path().c_str());
    ::rmdir(folder_.c_str());
  }

  std::string path() const { return folder_ + "/s"; }

  bool there() const { return ::access(path().c_str(), F_OK) == 0; }

  socket bound(const std::string& where) {
    auto result = bind_socket(runtime::posix_socket_api::instance(),
                              *endpoint::parse(where), 10);
    EXPECT_TRUE(result);
    return result ? std::move(*result) : socket{};
  }

private:
  std::string folder_;
};

TEST_F(socket_file_test, file_goes_when_it_is_removed) {
  auto listening = bound("unix://" + path());
  socket_file file{listening};
  ASSERT_TRUE(there());
  file.remove();
  EXPECT_FALSE(there());
}

TEST_F(socket_file_test, file_of_a_datagram_socket_goes_too) {
  auto receiver = bound("unixgram://" + path());
  socket_file{receiver}.remove();
  EXPECT_FALSE(there());
}

TEST_F(socket_file_test, file_of_a_newer_server_stays) {
  auto older = bound("unix://" + path());
  socket_file file{older};
  ::unlink(path().c_str()); // as servers do that take over
  auto newer = bound("unix://" + path());
  file.remove();
  EXPECT_TRUE(there());
}

TEST_F(socket_file_test, second_removal_does_nothing) {
  auto listening = bound("unix://" + path());
  socket_file file{listening};
  file.remove();
  auto newer = bound("unix://" + path());
  file.remove();
  EXPECT_TRUE(there());
}

TEST_F(socket_file_test, sockets_without_a_file_have_none_to_remove) {
  socket_file{socket{}}.remove();
  socket_file{bound("tcp://127.0.0.1:0")}.remove();
  socket_file{bound("unix://@sluice-socket-file-test")}.remove();
}

} // namespace
} // namespace sluice::net
