#include "tools/sluice/console.h"
#include "tools/sluice/node_log.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

namespace sluice::tools {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream in{path};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class node_log_test : public ::testing::Test {
protected:
  node_log_test() {
    char pattern[] = "/tmp/sluice-log-XXXXXX";
    folder = ::mkdtemp(pattern);
    path = folder + "/n1.log";
  }
  ~node_log_test() override { std::filesystem::remove_all(folder); }

  std::string folder;
  std::string path;
};

TEST_F(node_log_test, lines_are_there_at_once) {
  node_log log{path};
  log.line("one");
  log.line("");
  EXPECT_EQ(content_of(path), "one\n\n");
  EXPECT_EQ(log.last(), "one");
}

TEST_F(node_log_test, log_of_an_earlier_cluster_is_gone) {
  { node_log{path}.line("old"); }
  node_log log{path};
  EXPECT_EQ(content_of(path), "");
}

TEST_F(node_log_test, full_file_is_kept_once) {
  node_log log{path, 10};
  for (auto x : {"aaaa", "bbbb", "cccc", "dddd", "eeee"})
    log.line(x);
  EXPECT_EQ(content_of(path), "eeee\n");
  EXPECT_EQ(content_of(path + ".1"), "cccc\ndddd\n");
}

TEST_F(node_log_test, line_longer_than_a_file_is_kept_whole) {
  node_log log{path, 10};
  log.line("a");
  log.line(std::string(100, 'x'));
  EXPECT_EQ(content_of(path).size(), 101u);
  EXPECT_EQ(log.last().size(), 100u);
}

TEST_F(node_log_test, file_that_cannot_be_opened_is_done_without) {
  node_log log{folder + "/no/such/n1.log"};
  log.line("x");
  EXPECT_EQ(log.last(), "x");
}

class console_test : public ::testing::Test {
protected:
  console_test() {
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    out = std::make_unique<console>(ends[1]);
  }
  ~console_test() override {
    ::close(ends[0]);
    out.reset();
    ::close(ends[1]);
  }

  std::string read_some() {
    std::string room(1 << 16, '\0');
    auto n = ::read(ends[0], room.data(), room.size());
    room.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return room;
  }

  int ends[2] = {-1, -1};
  std::unique_ptr<console> out;
};

TEST_F(console_test, lines_come_in_order) {
  out->line("one");
  out->line("two");
  out->flush();
  EXPECT_EQ(read_some(), "one\ntwo\n");
}

TEST_F(console_test, reader_that_does_not_read_holds_up_nobody) {
  std::string line(1000, 'x');
  for (int i = 0; i < 3000; ++i)
    out->line(line);
  // What is left when the pipe and the room for what waits are full is counted.
  std::string all;
  while (all.find("lines were not shown") == all.npos) {
    auto text = read_some();
    ASSERT_NE(text, "");
    all += text;
    out->line("more");
  }
  EXPECT_LT(all.size(), 2'500'000u);
}

} // namespace
} // namespace sluice::tools
