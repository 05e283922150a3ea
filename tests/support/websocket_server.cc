// A WebSocket server for tests of clients: what it does is in the path.
//
//   /echo         answers each message with itself
//   /fragments    answers in fragments of ten bytes
//   /flood        sends 1 KiB as fast as the client takes it
//   /news         sends 1 KiB 1,000 times a second, whether it takes it or not
//   /close/CODE   says goodbye with that code and "as you wish"
//
//   websocket_server --port 0      prints "listening PORT"

#include "net/config.h"
#include "net/websocket/listen.h"
#include "runtime/loop_group.h"

#include <CLI/CLI.hpp>

#include <caf/actor_system.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

using namespace sluice;
using namespace std::chrono_literals;
using net::websocket::close_code;
using net::websocket::message_kind;
using net::websocket::shared_message;
using runtime::byte_slice;

// [fragments]
void answer_in_fragments(net::websocket::connection* self,
                         const net::websocket::message& in) {
  constexpr std::size_t size = 10;
  self->begin_message(in.kind, in.bytes.sub(0, size));
  for (std::size_t at = size; at < in.bytes.size(); at += size)
    self->continue_message(in.bytes.sub(at, size));
  self->end_message();
}
// [/fragments]

void flood(net::websocket::connection* self, const byte_slice& block) {
  // The token comes back when the block was taken: then the next.
  self->send_binary(block, 1);
}

caf::behavior serve(net::websocket::connection* self) {
  auto block = byte_slice::copy(std::string(1024, 'x'));
  auto news = shared_message::text(std::string(1024, 'n'));
  return {
      [=](const net::websocket::opened& info) {
        if (info.path == "/flood")
          flood(self, block);
        if (info.path == "/news")
          self->set_timer(1ms);
        if (info.path.starts_with("/close/"))
          self->close(static_cast<close_code>(
                          std::strtoul(info.path.c_str() + 7, nullptr, 10)),
                      "as you wish");
      },
      [=](const net::websocket::message& in) {
        if (self->info().path == "/fragments")
          answer_in_fragments(self, in);
        else
          self->send_message(in.kind, in.bytes);
      },
      [=](const net::written&) { flood(self, block); },
      [=](const net::timed_out& x) {
        if (x.which == net::timeout::write_stall)
          std::fputs("stalled\n", stderr);
        if (x.which != net::timeout::user)
          return;
        self->send_message(news);
        self->set_timer(1ms);
      },
      [missed = 0](const net::rejected&) mutable {
        if (++missed % 1'000 == 0) // of the news
          std::fprintf(stderr, "missed %d\n", missed);
      },
      [=](const net::websocket::ended& how) {
        std::fprintf(stderr, "ended %u %s\n", static_cast<unsigned>(how.code),
                     how.reason.c_str());
      },
      [](const net::closed& why) {
        std::fprintf(stderr, "closed %s\n", to_string(why.reason).c_str());
      },
  };
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"A WebSocket server for tests."};
  std::uint16_t port = 0;
  app.add_option("--port", port);
  CLI11_PARSE(app, argc, argv);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  net::config settings;
  caf::actor_system system{settings};
  runtime::loop_group loops{system, {.loops = 1}};
  net::websocket::options options;
  options.handshake.subprotocols = {"chat"};
  auto server_options = net::websocket::server_defaults();
  auto& stream = server_options.listener.stream;
  stream.write_stall = 1s; // is said, and the client stays
  stream.abort_stalled = false;
  auto server =
      net::websocket::listen(loops, "tcp://127.0.0.1:" + std::to_string(port),
                             serve, options, server_options);
  if (!server) {
    std::fprintf(stderr, "%s\n", system.render(server.error()).c_str());
    return EXIT_FAILURE;
  }
  std::printf("listening %u\n", server->local.port());
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
}
