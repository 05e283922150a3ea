// Peer for growth: writes 64 KiB blocks on Asio as a chain: the next write
// starts when the one before is complete.

#include <CLI/CLI.hpp>
#include <asio.hpp>
#include <memory>
#include <vector>

#include "bench/loopback.h"
#include "bench/sink.h"

namespace {

using asio::ip::tcp;

class session : public std::enable_shared_from_this<session> {
public:
  session(tcp::socket socket, uint64_t end_ns)
      : socket_(std::move(socket)),
        end_ns_(end_ns),
        block_(sluice::bench::sink_block_bytes) {}

  void write() {
    asio::async_write(
        socket_, asio::buffer(block_),
        [self = shared_from_this()](std::error_code failed, size_t) {
          if (!failed && sluice::bench::now_ns() < self->end_ns_)
            self->write();
        });
  }

private:
  tcp::socket socket_;
  uint64_t end_ns_;
  std::vector<char> block_;
};

void accept(tcp::acceptor& acceptor, uint64_t duration_ns) {
  acceptor.async_accept(
      [&acceptor, duration_ns](std::error_code failed, tcp::socket socket) {
        if (failed == asio::error::operation_aborted)
          return;
        if (!failed)
          std::make_shared<session>(std::move(socket),
                                    sluice::bench::now_ns() + duration_ns)
              ->write();
        accept(acceptor, duration_ns);
      });
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Writes on Asio, as a chain."};
  sluice::bench::sink_options options;
  sluice::bench::add_sink_options(app, options);
  CLI11_PARSE(app, argc, argv);
  asio::io_context context{1};
  tcp::acceptor acceptor{context,
                         {asio::ip::address_v4::loopback(), options.port}};
  asio::signal_set stop{context, SIGTERM, SIGINT};
  stop.async_wait([&](std::error_code, int) { context.stop(); });
  accept(acceptor, options.duration_ns());
  sluice::bench::announce(acceptor.local_endpoint().port());
  context.run();
}
