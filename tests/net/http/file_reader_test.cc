#include "net/http/file_reader.h"

#include "runtime/error.h"
#include "tests/net/http/folder.h"

#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <gtest/gtest.h>

namespace sluice::net::http {
namespace {

using namespace std::chrono_literals;
using runtime::byte_slice;
using runtime::errc;

class file_reader_test : public ::testing::Test {
protected:
  void SetUp() override {
    files.write("a.txt", "hello");
    auto opened = file_root::open(files.path(), 4);
    ASSERT_TRUE(opened) << runtime::to_text(opened.error());
    root = *opened;
    reader = spawn_file_reader(system, root, caf::actor{asker.ptr()});
  }

  file_answer wish(file_wish x) {
    file_answer result;
    asker->request(reader, 10s, std::move(x))
        .receive([&](const file_answer& answer) { result = answer; },
                 [&](const caf::error& err) {
                   ADD_FAILURE() << runtime::to_text(err);
                 });
    return result;
  }

  /// The bytes, or the error's text in brackets.
  std::string piece(std::uint64_t offset, std::size_t size) {
    std::string result;
    asker->request(reader, 10s, file_piece{offset, size})
        .receive([&](const byte_slice& bytes) { result = bytes.str(); },
                 [&](const caf::error& err) {
                   result = "[" + runtime::to_text(err) + "]";
                 });
    return result;
  }

  /// Waits until the reader has ended.
  void await_end() { asker->wait_for(reader); }

  testing::folder files;
  caf::actor_system_config config;
  caf::actor_system system{config};
  std::shared_ptr<const file_root> root;
  caf::scoped_actor asker{system};
  caf::actor reader;
};

TEST_F(file_reader_test, pieces_come_as_they_are_asked_for) {
  auto answer = wish({.path = "a.txt"});
  EXPECT_EQ(answer.problem, open_problem::none);
  EXPECT_EQ(answer.facts.size, 5u);
  EXPECT_TRUE(answer.bytes.empty());
  EXPECT_EQ(piece(3, 2), "lo");
  EXPECT_EQ(piece(0, 5), "hello");
  EXPECT_EQ(piece(5, 0), "");
}

TEST_F(file_reader_test, short_file_comes_with_the_answer) {
  EXPECT_EQ(wish({.path = "a.txt", .eager_bytes = 5}).bytes.view(), "hello");
  EXPECT_TRUE(wish({.path = "a.txt", .eager_bytes = 4}).bytes.empty());
}

TEST_F(file_reader_test, pieces_outside_of_the_file_are_errors) {
  EXPECT_EQ(piece(0, 1), "[a piece of 1 bytes at byte 0 of a file of 0]");
  wish({.path = "a.txt"});
  EXPECT_EQ(piece(4, 2), "[a piece of 2 bytes at byte 4 of a file of 5]");
  EXPECT_EQ(piece(~std::uint64_t{0}, 2),
            "[a piece of 2 bytes at byte 18446744073709551615 of a file of 5]");
  EXPECT_EQ(piece(0, 1 << 30).substr(0, 20), "[a piece of 10737418");
}

TEST_F(file_reader_test, folder_means_the_first_index_that_is_there) {
  files.write("sub/index.htm", "old");
  file_wish x{.path = "sub",
              .is_folder = true,
              .index_names = {"index.html", "index.htm"},
              .eager_bytes = 100};
  auto answer = wish(x);
  EXPECT_EQ(answer.path, "sub/index.htm");
  EXPECT_EQ(answer.bytes.view(), "old");
  files.write("sub/index.html", "new");
  EXPECT_EQ(wish(x).bytes.view(), "new");
  files.write("index.html", "top");
  x.path = "";
  EXPECT_EQ(wish(x).bytes.view(), "top");
  x.path = "elsewhere";
  EXPECT_EQ(wish(x).problem, open_problem::not_found);
}

TEST_F(file_reader_test, compressed_form_is_taken_if_it_is_wanted) {
  files.write("a.txt.gz", "packed");
  file_wish x{.path = "a.txt", .looks_for_gzip = true, .eager_bytes = 100};
  auto answer = wish(x);
  EXPECT_TRUE(answer.has_gzip);
  EXPECT_FALSE(answer.is_gzip);
  EXPECT_EQ(answer.bytes.view(), "hello");
  x.takes_gzip = true;
  answer = wish(x);
  EXPECT_TRUE(answer.is_gzip);
  EXPECT_EQ(answer.path, "a.txt");
  EXPECT_EQ(answer.bytes.view(), "packed");
}

TEST_F(file_reader_test, compressed_form_that_is_older_does_not_count) {
  files.write("a.txt.gz", "packed");
  files.age("a.txt.gz", 60s);
  auto answer = wish({.path = "a.txt",
                      .looks_for_gzip = true,
                      .takes_gzip = true,
                      .eager_bytes = 100});
  EXPECT_FALSE(answer.has_gzip);
  EXPECT_EQ(answer.bytes.view(), "hello");
}

TEST_F(file_reader_test, what_is_missing_is_an_answer) {
  EXPECT_EQ(wish({.path = "b.txt"}).problem, open_problem::not_found);
  EXPECT_EQ(piece(0, 1), "[a piece of 1 bytes at byte 0 of a file of 0]");
}

TEST_F(file_reader_test, file_that_shrinks_is_an_error) {
  wish({.path = "a.txt"});
  files.write("a.txt", "");
  EXPECT_EQ(piece(0, 5),
            "[a file below " + files.path()
                + " ends at byte 0; it had 5 bytes when it was opened]");
}

TEST_F(file_reader_test, file_is_closed_when_the_owner_ends) {
  {
    caf::scoped_actor owner{system};
    reader = spawn_file_reader(system, root, caf::actor{owner.ptr()});
    wish({.path = "a.txt"});
    EXPECT_EQ(root->files_open(), 1u);
  }
  await_end();
  EXPECT_EQ(root->files_open(), 0u) << "though there is a handle of the reader";
}

TEST_F(file_reader_test, next_wish_closes_the_file_before) {
  files.write("b.txt", "");
  wish({.path = "a.txt"});
  wish({.path = "b.txt"});
  EXPECT_EQ(root->files_open(), 1u);
  wish({.path = "c.txt"});
  EXPECT_EQ(root->files_open(), 0u);
}

} // namespace
} // namespace sluice::net::http
