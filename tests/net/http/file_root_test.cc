#include "net/http/file_root.h"

#include "runtime/error.h"
#include "tests/net/http/folder.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cerrno>
#include <vector>

namespace sluice::net::http {
namespace {

using namespace std::chrono_literals;
using runtime::errc;

class file_root_test : public ::testing::Test {
protected:
  std::shared_ptr<const file_root> root(std::size_t files_max = 8) {
    auto result = file_root::open(files.path("root"), files_max);
    EXPECT_TRUE(result) << runtime::to_text(result.error());
    return result ? *result : nullptr;
  }

  open_problem problem(const std::string& path) {
    auto x = root()->open_below(path);
    EXPECT_EQ(static_cast<bool>(x.file), x.problem == open_problem::none);
    return x.problem;
  }

  static std::string read_all(const open_file& x) {
    std::string text(x.facts().size, '?');
    auto err = x.read(0, text);
    EXPECT_FALSE(err) << runtime::to_text(err);
    return text;
  }

  static int code(const caf::error& x) { return x.code(); }

  void SetUp() override {
    files.write("secret", "secret");
    files.write("root/a.txt", "hello");
    files.write("root/sub/b.txt", "deep");
  }

  testing::folder files;
};

TEST_F(file_root_test, files_are_read_as_they_are) {
  auto r = root();
  auto x = r->open_below("a.txt");
  ASSERT_EQ(x.problem, open_problem::none);
  EXPECT_EQ(x.file.facts().size, 5u);
  EXPECT_EQ(read_all(x.file), "hello");
  std::string part(3, '?');
  EXPECT_FALSE(x.file.read(1, part));
  EXPECT_EQ(part, "ell");
  EXPECT_EQ(read_all(r->open_below("sub/b.txt").file), "deep");
}

TEST_F(file_root_test, nothing_outside_is_opened) {
  EXPECT_EQ(problem("../secret"), open_problem::not_found);
  EXPECT_EQ(problem("sub/../../secret"), open_problem::not_found);
  EXPECT_EQ(problem("/etc/passwd"), open_problem::not_found);
  EXPECT_EQ(problem(files.path("root/a.txt")), open_problem::not_found);
}

TEST_F(file_root_test, links_that_lead_out_are_not_followed) {
  files.link("../secret", "root/up");
  files.link(files.path("secret"), "root/absolute");
  files.link("..", "root/folder");
  files.link("/proc/self/root/etc/passwd", "root/magic");
  EXPECT_EQ(problem("up"), open_problem::not_found);
  EXPECT_EQ(problem("absolute"), open_problem::not_found);
  EXPECT_EQ(problem("folder/secret"), open_problem::not_found);
  EXPECT_EQ(problem("magic"), open_problem::not_found);
}

TEST_F(file_root_test, links_that_stay_inside_are_followed) {
  files.link("sub/b.txt", "root/link");
  files.link("../a.txt", "root/sub/back");
  EXPECT_EQ(read_all(root()->open_below("link").file), "deep");
  EXPECT_EQ(read_all(root()->open_below("sub/back").file), "hello");
}

TEST_F(file_root_test, links_in_a_circle_are_not_found) {
  files.link("y", "root/x");
  files.link("x", "root/y");
  EXPECT_EQ(problem("x"), open_problem::not_found);
}

TEST_F(file_root_test, what_is_missing_or_a_folder_says_so) {
  EXPECT_EQ(problem("nothing"), open_problem::not_found);
  EXPECT_EQ(problem("a.txt/b"), open_problem::not_found);
  EXPECT_EQ(problem("sub"), open_problem::is_folder);
  EXPECT_EQ(problem(""), open_problem::is_folder);
}

TEST_F(file_root_test, pipe_is_refused_and_does_not_block) {
  ASSERT_EQ(::mkfifo(files.path("root/pipe").c_str(), 0600), 0);
  EXPECT_EQ(problem("pipe"), open_problem::not_found);
}

TEST_F(file_root_test, socket_is_refused) {
  ASSERT_EQ(::mknod(files.path("root/socket").c_str(), S_IFSOCK | 0600, 0), 0);
  EXPECT_EQ(problem("socket"), open_problem::not_found);
}

TEST_F(file_root_test, name_that_is_too_long_is_a_failure) {
  auto x = root()->open_below(std::string(300, 'x'));
  EXPECT_EQ(x.problem, open_problem::failed);
  EXPECT_EQ(x.os_error, ENAMETOOLONG);
}

TEST_F(file_root_test, files_that_are_open_are_bounded) {
  auto r = root(2);
  auto a = r->open_below("a.txt");
  auto b = r->open_below("a.txt");
  ASSERT_TRUE(b.file);
  EXPECT_EQ(r->files_open(), 2u);
  EXPECT_EQ(r->open_below("a.txt").problem, open_problem::too_many_files);
  a.file = {};
  EXPECT_EQ(r->files_open(), 1u);
  // What is not opened does not count.
  EXPECT_EQ(r->open_below("nothing").problem, open_problem::not_found);
  EXPECT_EQ(r->open_below("sub").problem, open_problem::is_folder);
  EXPECT_TRUE(r->open_below("a.txt").file);
  EXPECT_EQ(r->files_open(), 1u);
}

TEST_F(file_root_test, descriptors_are_closed) {
  auto count = [] {
    std::size_t result = 0;
    for (auto& x : std::filesystem::directory_iterator{"/proc/self/fd"})
      result += x.is_symlink() ? 1 : 0;
    return result;
  };
  auto before = count();
  {
    auto r = root();
    std::vector<open_result> all;
    for (auto path : {"a.txt", "sub", "nothing", "../secret", "sub/b.txt"})
      all.push_back(r->open_below(path));
    auto moved = std::move(all.front());
    EXPECT_EQ(count(), before + 3);
  }
  EXPECT_EQ(count(), before);
}

TEST_F(file_root_test, file_that_shrinks_is_an_error) {
  auto x = root()->open_below("a.txt");
  files.write("root/a.txt", "he");
  std::string text(5, '?');
  auto err = x.file.read(0, text);
  EXPECT_EQ(code(err), static_cast<int>(errc::truncated_frame));
  EXPECT_EQ(runtime::to_text(err),
            "a file below " + files.path("root")
                + " ends at byte 2; it had 5 bytes when it was opened");
}

TEST_F(file_root_test, file_that_is_written_anew_is_an_error) {
  files.age("root/a.txt", 60s);
  auto x = root()->open_below("a.txt");
  files.write("root/a.txt", "HELLO");
  std::string text(5, '?');
  EXPECT_EQ(code(x.file.read(0, text)),
            static_cast<int>(errc::malformed_frame));
}

TEST_F(file_root_test, file_that_grows_is_read_as_far_as_it_was) {
  files.age("root/a.txt", 60s);
  auto x = root()->open_below("a.txt");
  files.append("root/a.txt", " world");
  EXPECT_EQ(read_all(x.file), "hello");
}

TEST_F(file_root_test, file_that_is_removed_or_replaced_is_read_to_its_end) {
  auto x = root()->open_below("a.txt");
  files.write("root/new", "other");
  std::filesystem::rename(files.path("root/new"), files.path("root/a.txt"));
  EXPECT_EQ(read_all(x.file), "hello");
  EXPECT_EQ(read_all(root()->open_below("a.txt").file), "other");
}

TEST_F(file_root_test, root_that_is_none_is_named) {
  auto x = file_root::open(files.path("nowhere"));
  ASSERT_FALSE(x);
  EXPECT_EQ(runtime::to_text(x.error()),
            "open the folder " + files.path("nowhere")
                + ": No such file or directory (ENOENT)");
  EXPECT_FALSE(file_root::open(files.path("secret")));
}

TEST_F(file_root_test, root_that_is_renamed_stays_the_same_folder) {
  auto r = root();
  std::filesystem::rename(files.path("root"), files.path("elsewhere"));
  EXPECT_EQ(read_all(r->open_below("a.txt").file), "hello");
}

// -- without a wait -----------------------------------------------------------

TEST_F(file_root_test, name_that_nobody_asked_for_has_to_wait) {
  auto r = root();
  EXPECT_EQ(r->open_below("new/to/all", disk_wait::never).problem,
            open_problem::would_wait);
  EXPECT_EQ(r->files_open(), 0u);
  EXPECT_EQ(r->open_below("new/to/all").problem, open_problem::not_found);
}

TEST_F(file_root_test, known_name_is_opened_without_a_wait) {
  files.link("a.txt", "root/link");
  files.link("../secret", "root/out");
  auto r = root();
  for (auto path : {"a.txt", "sub/b.txt", "link"}) {
    r->open_below(path); // the kernel knows it from now on
    EXPECT_TRUE(r->open_below(path, disk_wait::never).file) << path;
  }
  r->open_below("out");
  auto out = r->open_below("out", disk_wait::never);
  EXPECT_FALSE(out.file);
  EXPECT_EQ(r->open_below("sub", disk_wait::never).problem,
            open_problem::is_folder);
  EXPECT_EQ(r->files_open(), 0u);
}

TEST_F(file_root_test, bytes_in_memory_are_read_without_a_wait) {
  auto file = root()->open_below("a.txt").file;
  std::string room(3, '?');
  auto done = file.read_cached(1, room);
  ASSERT_TRUE(done) << runtime::to_text(done.error());
  EXPECT_EQ(*done, files.has_page_cache());
  if (*done) {
    EXPECT_EQ(room, "ell");
  }
}

TEST_F(file_root_test, bytes_on_the_disk_have_to_wait) {
  files.write("root/large", std::string(1'000'000, 'x'));
  files.evict("root/large");
  auto file = root()->open_below("large").file;
  std::string room(64 * 1024, '?');
  auto done = file.read_cached(900'000, room);
  ASSERT_TRUE(done) << runtime::to_text(done.error());
  EXPECT_FALSE(*done);
}

TEST_F(file_root_test, changes_are_noticed_without_a_wait) {
  if (!files.has_page_cache())
    GTEST_SKIP() << "the kernel cannot tell what of a tmpfs is in memory";
  auto file = root()->open_below("a.txt").file;
  files.age("root/a.txt", 5s);
  std::string room(5, '?');
  auto done = file.read_cached(0, room);
  ASSERT_FALSE(done);
  EXPECT_NE(runtime::to_text(done.error()).find("written anew"),
            std::string::npos);
  files.write("root/a.txt", "");
  done = file.read_cached(0, room);
  ASSERT_FALSE(done);
  EXPECT_NE(runtime::to_text(done.error()).find("ends at byte 0"),
            std::string::npos);
}

} // namespace
} // namespace sluice::net::http
