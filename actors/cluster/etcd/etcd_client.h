#pragma once

// etcd_client: asks the servers of one etcd, and listens to one watch. It finds
// the addresses of names, bounds every answer, and cuts the watch into lines.
//
// Internal. Thread rule: the loop's thread. Lifetime: destroying it ends what
// is under way; no callback is called any more.

#include "actors/cluster/etcd/etcd_options.h"
#include "actors/cluster/etcd/http_session.h"
#include "actors/cluster/etcd/wire.h"
#include "net/name_lookup.h"
#include "runtime/event_loop.h"

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::actors::cluster::etcd {

class etcd_client {
public:
  using on_answer = http_session::on_answer;
  using on_line = std::function<void(std::string_view)>;
  using on_end = std::function<void(caf::error)>;

  /// `deadline`: for each answer, with the look-up of the name.
  etcd_client(runtime::event_loop& loop, std::vector<etcd_server> servers,
              runtime::duration deadline);
  ~etcd_client();

  /// Asks a server; one question at a time. `f` may destroy the client. Errors:
  /// those of http_session, and of net::name_lookup.
  void ask(std::size_t server, const question& what, on_answer f);

  /// Begins a watch in place of the one there is. `each` gets every line, of at
  /// most limits::etcd_answer_bytes_max, without its end; `f` the end. They may
  /// close the watch or destroy the client.
  void watch(std::size_t server, const question& what, on_line each, on_end f);

  /// Its callbacks are not called any more.
  void close_watch();

  bool has_watch() const noexcept { return watch_ != nullptr; }

private:
  struct call;

  void resolve(call& x);
  void begin(call& x, std::string address);
  void take_bytes(std::string_view bytes);
  void finish(call& x, caf::expected<http_answer> answer);
  static void on_late(runtime::timer& t) noexcept;

  runtime::event_loop& loop_;
  const std::vector<etcd_server> servers_;
  std::vector<std::size_t> failures_; // of each server
  const runtime::duration deadline_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::unique_ptr<http_session> http_;
  std::unique_ptr<call> question_;
  std::unique_ptr<call> watch_;
};

} // namespace sluice::actors::cluster::etcd
