// Peer for growth: writes 64 KiB blocks on libuv, one each turn of the loop,
// and does not look at uv_stream_get_write_queue_size(): what a program does
// that takes a successful uv_write() for bytes sent.

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <csignal>
#include <cstring>
#include <memory>
#include <netinet/in.h>
#include <uv.h>

#include "bench/loopback.h"
#include "bench/sink.h"

namespace {

using namespace sluice::bench;

struct writer {
  uv_tcp_t socket;
  uv_idle_t turn;
  uint64_t end_ns;
  uint64_t bytes_left;
};

struct write_request {
  uv_write_t request;
  std::unique_ptr<char[]> block;
};

sink_options options;

void write_block(uv_idle_t* turn) {
  auto* w = static_cast<writer*>(turn->data);
  if (w->bytes_left < sink_block_bytes || now_ns() >= w->end_ns) {
    uv_idle_stop(turn);
    return;
  }
  w->bytes_left -= sink_block_bytes;
  auto* next = new write_request{
      {}, std::make_unique_for_overwrite<char[]>(sink_block_bytes)};
  std::memset(next->block.get(), 'x', sink_block_bytes);
  auto buffer = uv_buf_init(next->block.get(), sink_block_bytes);
  uv_write(&next->request, reinterpret_cast<uv_stream_t*>(&w->socket), &buffer,
           1, [](uv_write_t* request, int) {
             delete reinterpret_cast<write_request*>(request);
           });
}

void accepted(uv_stream_t* listener, int status) {
  if (status < 0)
    return;
  // Lives as long as the process: a sink serves one connection.
  auto* w =
      new writer{{}, {}, now_ns() + options.duration_ns(), options.bytes_max()};
  uv_tcp_init(listener->loop, &w->socket);
  uv_accept(listener, reinterpret_cast<uv_stream_t*>(&w->socket));
  uv_idle_init(listener->loop, &w->turn);
  w->turn.data = w;
  uv_idle_start(&w->turn, write_block);
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Writes on libuv, unchecked."};
  add_sink_options(app, options);
  CLI11_PARSE(app, argc, argv);
  // libuv writes without MSG_NOSIGNAL and leaves this to the program.
  std::signal(SIGPIPE, SIG_IGN);
  auto* loop = uv_default_loop();
  uv_tcp_t listener;
  uv_tcp_init(loop, &listener);
  sockaddr_in address;
  uv_ip4_addr("127.0.0.1", options.port, &address);
  uv_tcp_bind(&listener, reinterpret_cast<sockaddr*>(&address), 0);
  if (uv_listen(reinterpret_cast<uv_stream_t*>(&listener), SOMAXCONN, accepted)
      != 0)
    die("uv_listen");
  uv_signal_t stop;
  uv_signal_init(loop, &stop);
  uv_signal_start(
      &stop, [](uv_signal_t* signal, int) { uv_stop(signal->loop); }, SIGTERM);
  int size = sizeof(address);
  uv_tcp_getsockname(&listener, reinterpret_cast<sockaddr*>(&address), &size);
  announce(ntohs(address.sin_port));
  uv_run(loop, UV_RUN_DEFAULT);
}
