#include "net/http/static_files.h"

#include "net/http/static_response.h"
#include "runtime/error.h"
#include "tests/net/driven_loop.h"
#include "tests/net/http/folder.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace sluice::net::http {
namespace {

using namespace std::chrono_literals;
using runtime::byte_slice;

/// Notes an answer, and takes what is written when the test says so.
class noting_sink final : public answer_sink {
public:
  void respond(unsigned s, const fields& h, byte_slice b,
               std::uint64_t size) override {
    EXPECT_EQ(status, 0u) << "answered twice";
    status = s;
    head = h;
    body = b.str();
    body_size = size;
    is_over = true;
  }

  void start(unsigned s, const fields& h, std::uint64_t size,
             std::shared_ptr<sending> x) override {
    EXPECT_EQ(status, 0u) << "answered twice";
    status = s;
    head = h;
    body_size = size;
    sent = std::move(x);
    untaken = true; // the head
  }

  void write(byte_slice bytes) override {
    EXPECT_NE(status, 0u) << "before the head";
    EXPECT_FALSE(is_over);
    EXPECT_FALSE(untaken) << "before the last was taken";
    EXPECT_TRUE(sent);
    EXPECT_LE(bytes.size(), runtime::limits::http_file_piece_bytes);
    EXPECT_GT(bytes.size(), 0u);
    body += bytes.view();
    untaken = true;
  }

  void finish() override {
    EXPECT_FALSE(is_over);
    is_over = true;
  }

  void break_off(caf::error why) override {
    EXPECT_FALSE(is_over);
    is_over = true;
    broken = runtime::to_text(why);
  }

  std::string field(std::string_view name) const {
    return std::string{head.find(name).value_or("-")};
  }

  std::shared_ptr<sending> sent;
  unsigned status = 0;
  fields head;
  std::string body;
  std::uint64_t body_size = 0;
  bool untaken = false;
  bool is_over = false;
  std::string broken;
};

class static_files_test : public testing::driven_loop {
protected:
  ~static_files_test() override {
    stop_loop();
    if (owned)
      owned->sent.reset();
  }

  void SetUp() override {
    for (int i = 0; large.size() < 300'000; ++i)
      large += std::to_string(i) + ",";
    files.write("large.txt", large);
    files.write("small.html", "<p>hello");
    open();
  }

  void open(static_options options = {}) {
    auto made = static_files::make(files.path(), std::move(options));
    ASSERT_TRUE(made) << runtime::to_text(made.error());
    served = *made;
  }

  /// Asks, in an actor of its own.
  void ask(std::string path, fields head = {}, std::string verb = "GET") {
    owned = std::make_shared<noting_sink>();
    auto query = path.find('?');
    auto only_path = path.substr(0, query);
    auto rest = query == std::string::npos ? "" : path.substr(query + 1);
    asker = runtime::spawn_on(
        loop, [=, this](runtime::loop_actor* self) -> caf::behavior {
          file_demand what{verb, only_path, rest,
                           std::string_view{only_path}.substr(prefix),
                           [&](std::string_view x) { return head.find(x); }};
          served->serve(self, owned, what);
          return {[](int) {}};
        });
  }

  void take() {
    owned->untaken = false;
    owned->sent->more();
  }

  /// The head was taken, and the first piece was written.
  void begin(std::string path) {
    ask(std::move(path));
    EXPECT_TRUE(until([&] { return owned->untaken; }));
    take();
    EXPECT_TRUE(until([&] { return owned->untaken; }));
  }

  /// Takes everything as it comes.
  noting_sink answer(std::string path, fields head = {},
                     std::string verb = "GET") {
    ask(std::move(path), std::move(head), std::move(verb));
    EXPECT_TRUE(until([&] {
      if (owned->untaken)
        take();
      return owned->is_over;
    }));
    owned->sent.reset(); // they keep each other
    return *owned;
  }

  static fields with(std::string_view name, std::string_view value) {
    fields result;
    result.add(name, value);
    return result;
  }

  std::size_t prefix = 1; // of "/"
  testing::folder files;
  std::string large;
  std::shared_ptr<const static_files> served;
  std::shared_ptr<noting_sink> owned;
  caf::actor asker;
};

TEST_F(static_files_test, small_file_is_one_answer) {
  auto x = answer("/small.html");
  EXPECT_EQ(x.status, 200u);
  EXPECT_EQ(x.body, "<p>hello");
  EXPECT_EQ(x.body_size, 8u);
  EXPECT_EQ(x.field("content-type"), "text/html; charset=utf-8");
}

TEST_F(static_files_test, large_file_comes_piece_by_piece) {
  auto x = answer("/large.txt");
  EXPECT_EQ(x.status, 200u);
  EXPECT_EQ(x.body, large);
  EXPECT_EQ(x.body_size, large.size());
}

TEST_F(static_files_test, next_piece_is_not_read_before_the_last_was_taken) {
  begin("/large.txt");
  auto pieces = owned->body.size();
  // Time enough for a reader that reads ahead.
  for (auto end = time.now() + 50ms; time.now() < end;)
    settle();
  EXPECT_EQ(owned->body.size(), pieces);
  EXPECT_EQ(pieces, runtime::limits::http_file_piece_bytes);
  take();
  EXPECT_TRUE(until([&] { return owned->untaken; }));
  EXPECT_EQ(owned->body.size(), 2 * pieces);
}

TEST_F(static_files_test, files_that_are_not_in_memory_come_from_the_disk) {
  files.evict("large.txt");
  files.evict("small.html");
  EXPECT_EQ(answer("/large.txt").body, large);
  EXPECT_EQ(answer("/small.html").body, "<p>hello");
  // And now they are.
  EXPECT_EQ(answer("/large.txt").body, large);
  EXPECT_EQ(answer("/small.html").body, "<p>hello");
  EXPECT_EQ(served->root().files_open(), 0u);
}

TEST_F(static_files_test, ranges_of_small_and_large_files) {
  auto x = answer("/small.html", with("Range", "bytes=3-"));
  EXPECT_EQ(x.status, 206u);
  EXPECT_EQ(x.body, "hello");
  x = answer("/large.txt", with("Range", "bytes=100000-299999"));
  EXPECT_EQ(x.body, large.substr(100'000, 200'000));
  EXPECT_EQ(x.field("content-range").substr(0, 20), "bytes 100000-299999/");
  x = answer("/large.txt", with("Range", "bytes=0-9,200000-200009"));
  EXPECT_EQ(x.status, 206u);
  EXPECT_EQ(x.body.size(), x.body_size);
  EXPECT_NE(x.body.find("\r\n\r\n" + large.substr(200'000, 10) + "\r\n--"),
            std::string::npos);
  x = answer("/large.txt", with("Range", "bytes=900000-"));
  EXPECT_EQ(x.status, 416u);
  EXPECT_EQ(x.body, "");
}

TEST_F(static_files_test, head_and_not_modified_have_no_body) {
  auto x = answer("/large.txt", {}, "HEAD");
  EXPECT_EQ(x.status, 200u);
  EXPECT_EQ(x.body, "");
  EXPECT_EQ(x.body_size, large.size());
  x = answer("/large.txt", with("If-None-Match", x.field("etag")));
  EXPECT_EQ(x.status, 304u);
  EXPECT_EQ(x.body, "");
}

TEST_F(static_files_test, empty_file_is_an_answer) {
  files.write("empty", "");
  auto x = answer("/empty");
  EXPECT_EQ(x.status, 200u);
  EXPECT_EQ(x.body_size, 0u);
}

TEST_F(static_files_test, other_methods_are_refused) {
  auto x = answer("/small.html", {}, "POST");
  EXPECT_EQ(x.status, 405u);
  EXPECT_EQ(x.field("allow"), "GET, HEAD");
}

TEST_F(static_files_test, what_is_not_there_or_not_for_others) {
  files.write(".git/config", "x");
  EXPECT_EQ(answer("/nothing").status, 404u);
  EXPECT_EQ(answer("/.git/config").status, 404u);
  EXPECT_EQ(answer("/small.html/").status, 404u);
  auto x = answer("/../etc/passwd");
  EXPECT_EQ(x.status, 400u);
  EXPECT_EQ(x.body, "bad path \"../etc/passwd\": it climbs out\n");
  open({.serves_hidden = true});
  EXPECT_EQ(answer("/.git/config").body, "x");
}

TEST_F(static_files_test, folder_is_its_index_and_has_a_slash) {
  files.write("sub dir/index.html", "index");
  files.make_folder("empty");
  prefix = std::string_view{"/files/"}.size();
  auto x = answer("/files/sub%20dir?a=b");
  EXPECT_EQ(x.status, 301u);
  EXPECT_EQ(x.field("location"), "/files/sub%20dir/?a=b");
  EXPECT_EQ(answer("/files/sub%20dir/").body, "index");
  EXPECT_EQ(answer("/files/empty/").status, 404u);
  EXPECT_EQ(answer("/files/empty").status, 301u);
  files.write("index.html", "top");
  EXPECT_EQ(answer("/files/").body, "top");
  prefix = std::string_view{"/files"}.size();
  EXPECT_EQ(answer("/files/").body, "top");
  x = answer("/files?a");
  EXPECT_EQ(x.status, 301u);
  EXPECT_EQ(x.field("location"), "/files/?a");
}

TEST_F(static_files_test, redirection_never_leads_to_another_server) {
  files.make_folder("evil.example");
  prefix = 1;
  EXPECT_EQ(answer("//evil.example").field("location"), "/evil.example/");
  EXPECT_EQ(answer("/.//evil.example").field("location"), "/evil.example/");
}

TEST_F(static_files_test, compressed_form_for_those_who_take_it) {
  files.write("small.html.gz", "packed");
  EXPECT_EQ(answer("/small.html").body, "<p>hello");
  auto x = answer("/small.html", with("Accept-Encoding", "gzip"));
  EXPECT_EQ(x.body, "packed");
  EXPECT_EQ(x.field("content-encoding"), "gzip");
  EXPECT_EQ(x.field("vary"), "Accept-Encoding");
  open({.looks_for_gzip = false, .cache_control = "no-cache"});
  x = answer("/small.html", with("Accept-Encoding", "gzip"));
  EXPECT_EQ(x.body, "<p>hello");
  EXPECT_EQ(x.field("vary"), "-");
  EXPECT_EQ(x.field("cache-control"), "no-cache");
}

TEST_F(static_files_test, file_that_shrinks_breaks_the_answer_off) {
  begin("/large.txt");
  files.write("large.txt", "short");
  take();
  EXPECT_TRUE(until([&] { return owned->is_over; }));
  EXPECT_NE(owned->broken.find("ends at byte"), std::string::npos)
      << owned->broken;
  EXPECT_LT(owned->body.size(), owned->body_size);
  owned->sent->more();
  settle();
}

TEST_F(static_files_test, files_that_are_open_are_bounded) {
  open({.looks_for_gzip = false, .files_open_max = 1});
  begin("/large.txt");
  auto first = owned;
  auto first_asker = asker;
  auto x = answer("/small.html");
  EXPECT_EQ(x.status, 503u);
  EXPECT_EQ(x.field("retry-after"), "1");
  EXPECT_EQ(served->root().files_open(), 1u);
  first->sent.reset();
}

TEST_F(static_files_test, file_is_closed_when_the_answer_is_complete) {
  answer("/large.txt");
  answer("/small.html");
  EXPECT_TRUE(until([&] { return served->root().files_open() == 0; }));
}

TEST_F(static_files_test, file_is_closed_when_the_asker_ends) {
  begin("/large.txt");
  EXPECT_EQ(served->root().files_open(), 1u);
  caf::anon_send_exit(asker, caf::exit_reason::kill);
  EXPECT_TRUE(until([&] { return served->root().files_open() == 0; }));
}

TEST_F(static_files_test, folder_that_is_none_is_named) {
  auto x = static_files::make(files.path("nowhere"));
  ASSERT_FALSE(x);
  EXPECT_NE(runtime::to_text(x.error()).find("nowhere"), std::string::npos);
}

} // namespace
} // namespace sluice::net::http
