// http_asker: asks an HTTP server with a client_broker and prints what it is
// told, a line for each event, for tests with real servers.
//
// Usage: http_asker ENDPOINT COUNT METHOD TARGET [BODY_BYTES [whole|sized|
//        chunked [expect]]]
//   COUNT       times, over one connection
//   BODY_BYTES  of a body of the bytes 0, 1, .. 250, 0, ..
//
//   connected
//   1 head 200 CONTENT_TYPE
//   1 end BYTES CRC32_OF_THE_BODY
//   1 failed repeatable|lost REASON
//   closed REASON

#include "net/config.h"
#include "net/http/connect.h"
#include "runtime/error.h"
#include "runtime/loop_group.h"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

namespace {

namespace http = sluice::net::http;
namespace net = sluice::net;
using sluice::runtime::byte_slice;

struct settings {
  unsigned long count = 1;
  http::client_request request;
  std::size_t body_bytes = 0;
};

/// CRC-32 as in zlib and PNG, bit by bit.
class checksum {
public:
  void add(std::string_view bytes) noexcept {
    for (auto c : bytes) {
      state_ ^= static_cast<unsigned char>(c);
      for (int i = 0; i < 8; ++i)
        state_ = (state_ >> 1) ^ ((state_ & 1) != 0 ? 0xedb88320u : 0u);
    }
  }
  unsigned value() const noexcept { return ~state_; }

private:
  std::uint32_t state_ = ~0u;
};

std::string pattern(std::size_t offset, std::size_t size) {
  std::string result(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    result[i] = static_cast<char>((offset + i) % 251);
  return result;
}

struct progress {
  std::size_t body_sent = 0;
  std::uint64_t received = 0;
  unsigned long ended = 0;
  checksum sum;
};

caf::behavior ask(http::client_broker* self, const settings& what) {
  auto state = std::make_shared<progress>();
  for (unsigned long i = 0; i < what.count; ++i)
    self->send(what.request);
  auto go_on = [=] {
    auto size =
        std::min<std::size_t>(what.body_bytes - state->body_sent, 16 * 1024);
    if (size == 0)
      return self->end_body();
    // The next when this one was taken.
    self->write_body(byte_slice::copy(pattern(state->body_sent, size)), 1);
    state->body_sent += size;
  };
  auto one_less = [=] {
    if (++state->ended == what.count)
      self->close();
  };
  return {
      [](const net::connected&) { std::puts("connected"); },
      [=](const http::answer_head& x) {
        auto type = std::string{x.fields.find("content-type").value_or("-")};
        std::printf("%llu head %u %s\n", static_cast<unsigned long long>(x.id),
                    x.status, type.c_str());
        state->received = 0;
        state->sum = {};
      },
      [=](const http::answer_part& x) {
        state->received += x.bytes.size();
        state->sum.add(x.bytes.view());
      },
      [=](const http::answer_end& x) {
        std::printf("%llu end %llu %08x\n",
                    static_cast<unsigned long long>(x.id),
                    static_cast<unsigned long long>(state->received),
                    state->sum.value());
        one_less();
      },
      [=](const http::body_wanted&) {
        state->body_sent = 0;
        go_on();
      },
      [=](const net::written&) { go_on(); },
      [=](const http::request_failed& x) {
        std::printf("%llu failed %s %s\n",
                    static_cast<unsigned long long>(x.id),
                    x.repeatable ? "repeatable" : "lost",
                    sluice::runtime::to_text(x.reason).c_str());
        one_less();
      },
      [](const net::closed& x) {
        std::printf("closed %s\n", to_string(x.reason).c_str());
      },
  };
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fputs("http_asker: see the comment in the source\n", stderr);
    return 2;
  }
  settings what;
  what.count = std::strtoul(argv[2], nullptr, 10);
  what.request.verb = argv[3];
  what.request.target = argv[4];
  what.body_bytes = argc > 5 ? std::strtoul(argv[5], nullptr, 10) : 0;
  std::string form = argc > 6 ? argv[6] : "whole";
  what.request.expects_continue = argc > 7;
  if (form == "whole") {
    what.request.body = byte_slice::copy(pattern(0, what.body_bytes));
  } else {
    what.request.streams_body = true;
    if (form == "sized")
      what.request.body_size = what.body_bytes;
  }
  net::config settings;
  caf::actor_system sys{settings};
  sluice::runtime::loop_group loops{sys};
  auto client = http::connect(loops, argv[1], ask, {}, what);
  if (!client) {
    std::fprintf(stderr, "http_asker: %s\n",
                 sluice::runtime::to_text(client.error()).c_str());
    return 1;
  }
  caf::scoped_actor self{sys};
  self->wait_for(*client);
  return 0;
}
