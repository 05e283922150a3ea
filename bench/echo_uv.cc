// Peer: echo on libuv: one shared read buffer, a direct attempt to write
// (uv_try_write), and a queued write only for what the system did not take.
// The guide's echo, which allocates for each read and queues each write, costs
// one epoll_ctl a message more.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <netinet/in.h>
#include <uv.h>
#include <vector>

#include "bench/loopback.h"

namespace {

struct write_request {
  uv_write_t request;
  std::vector<char> rest;
};

// One read is over before the next begins.
std::array<char, 64 * 1024> read_buffer;

void free_handle(uv_handle_t* handle) {
  delete reinterpret_cast<uv_tcp_t*>(handle);
}

void lend_buffer(uv_handle_t*, size_t, uv_buf_t* buffer) {
  *buffer = uv_buf_init(read_buffer.data(), read_buffer.size());
}

void written(uv_write_t* request, int) {
  delete reinterpret_cast<write_request*>(request);
}

void received(uv_stream_t* stream, ssize_t n, const uv_buf_t* lent) {
  if (n < 0)
    uv_close(reinterpret_cast<uv_handle_t*>(stream), free_handle);
  if (n <= 0)
    return;
  auto buffer = uv_buf_init(lent->base, static_cast<unsigned>(n));
  // Refuses with UV_EAGAIN while earlier writes are queued, so that order
  // holds.
  auto sent = std::max(uv_try_write(stream, &buffer, 1), 0);
  if (sent == n)
    return;
  auto* queued = new write_request{{}, {lent->base + sent, lent->base + n}};
  buffer = uv_buf_init(queued->rest.data(),
                       static_cast<unsigned>(queued->rest.size()));
  uv_write(&queued->request, stream, &buffer, 1, written);
}

void accepted(uv_stream_t* listener, int status) {
  if (status < 0)
    return;
  auto* client = new uv_tcp_t;
  uv_tcp_init(listener->loop, client);
  auto* stream = reinterpret_cast<uv_stream_t*>(client);
  if (uv_accept(listener, stream) != 0) {
    uv_close(reinterpret_cast<uv_handle_t*>(client), free_handle);
    return;
  }
  uv_tcp_nodelay(client, 1);
  uv_read_start(stream, lend_buffer, received);
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Echo on libuv."};
  uint16_t port = 0;
  app.add_option("--port", port, "0 lets the system choose");
  CLI11_PARSE(app, argc, argv);
  sluice::bench::raise_descriptor_limit();
  // libuv writes without MSG_NOSIGNAL and leaves this to the program.
  std::signal(SIGPIPE, SIG_IGN);
  auto* loop = uv_default_loop();
  uv_tcp_t listener;
  uv_tcp_init(loop, &listener);
  sockaddr_in address;
  uv_ip4_addr("127.0.0.1", port, &address);
  uv_tcp_bind(&listener, reinterpret_cast<sockaddr*>(&address), 0);
  if (uv_listen(reinterpret_cast<uv_stream_t*>(&listener), SOMAXCONN, accepted)
      != 0)
    sluice::bench::die("uv_listen");
  uv_signal_t stop;
  uv_signal_init(loop, &stop);
  uv_signal_start(
      &stop, [](uv_signal_t* signal, int) { uv_stop(signal->loop); }, SIGTERM);
  int size = sizeof(address);
  uv_tcp_getsockname(&listener, reinterpret_cast<sockaddr*>(&address), &size);
  sluice::bench::announce(ntohs(address.sin_port));
  uv_run(loop, UV_RUN_DEFAULT);
}
