// Peer: echo on Asio, in the idiom of its tutorial: a session that keeps itself
// alive through its handlers, and reads again when its write is complete.

#include <CLI/CLI.hpp>
#include <asio.hpp>
#include <memory>
#include <vector>

#include "bench/loopback.h"

namespace {

using asio::ip::tcp;

class session : public std::enable_shared_from_this<session> {
public:
  session(tcp::socket socket, size_t buffer_bytes)
      : socket_(std::move(socket)), buffer_(buffer_bytes) {}

  void read() {
    socket_.async_read_some(
        asio::buffer(buffer_),
        [self = shared_from_this()](std::error_code failed, size_t n) {
          if (!failed)
            self->write(n);
        });
  }

private:
  void write(size_t n) {
    asio::async_write(
        socket_, asio::buffer(buffer_, n),
        [self = shared_from_this()](std::error_code failed, size_t) {
          if (!failed)
            self->read();
        });
  }

  tcp::socket socket_;
  std::vector<char> buffer_;
};

void accept(tcp::acceptor& acceptor, size_t buffer_bytes) {
  acceptor.async_accept(
      [&acceptor, buffer_bytes](std::error_code failed, tcp::socket socket) {
        if (failed == asio::error::operation_aborted)
          return;
        if (!failed) {
          socket.set_option(tcp::no_delay{true});
          std::make_shared<session>(std::move(socket), buffer_bytes)->read();
        }
        accept(acceptor, buffer_bytes);
      });
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Echo on Asio."};
  uint16_t port = 0;
  app.add_option("--port", port, "0 lets the system choose");
  size_t buffer_bytes = 64 * 1024;
  app.add_option("--buffer", buffer_bytes, "of each session")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  sluice::bench::raise_descriptor_limit();
  // One thread: the hint spares Asio its locks.
  asio::io_context context{1};
  tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), port}};
  asio::signal_set stop{context, SIGTERM, SIGINT};
  stop.async_wait([&](std::error_code, int) { context.stop(); });
  accept(acceptor, buffer_bytes);
  sluice::bench::announce(acceptor.local_endpoint().port());
  context.run();
}
