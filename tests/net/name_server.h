#pragma once

// name_server: a tiny DNS server on a free port of 127.0.0.1, by UDP and TCP,
// on the test's own loop. It knows A and AAAA records, and may be silent.
//
// Tests only. Thread rule: the loop's thread. Lifetime: within the loop's.

#include "runtime/event_loop.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::testing {

class name_server final : public runtime::io_handler {
public:
  explicit name_server(runtime::event_loop& loop);
  ~name_server();

  /// What c-ares wants to be told: "127.0.0.1:port".
  std::string address() const;

  /// Adds an IPv4 or IPv6 address of a name.
  void add(const std::string& name, const std::string& address);

  /// Answers nothing from now on.
  void silent(bool x) { silent_ = x; }

  /// Says of every answer by UDP that it did not fit.
  void truncate(bool x) { truncate_ = x; }

  std::size_t questions() const { return questions_; }
  std::size_t questions_by_tcp() const { return questions_by_tcp_; }

  void on_ready(runtime::readiness what) override;

private:
  class stream;

  std::string answer(std::string_view question, bool by_tcp);
  bool answer_datagram();

  runtime::event_loop& loop_;
  int udp_;
  int tcp_;
  std::uint16_t port_ = 0;
  bool silent_ = false;
  bool truncate_ = false;
  std::size_t questions_ = 0;
  std::size_t questions_by_tcp_ = 0;
  std::multimap<std::string, std::string> records_; // name -> address bytes
  std::vector<std::unique_ptr<stream>> streams_;
};

} // namespace sluice::testing
