#pragma once

// What the tests of write_queue share: senders, and a queue whose bytes are
// taken by hand and kept.
//
// For tests. Thread rule: the test's thread. Lifetime: the test's.

#include "net/write_queue.h"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::net {

class write_queue_fixture : public ::testing::Test {
public:
  struct returned {
    std::size_t sender;
    std::string bytes;
    std::uint64_t token;
    bool envelope;

    friend bool operator==(const returned&, const returned&) = default;
  };

  static constexpr std::size_t senders = 4;
  static constexpr std::size_t nobody = 99;

  write_queue_fixture() {
    for (std::size_t i = 0; i < senders; ++i)
      actors_.emplace_back(system_);
  }

  caf::strong_actor_ptr ptr(std::size_t i) const {
    return i == nobody ? nullptr
                       : caf::actor_cast<caf::strong_actor_ptr>(actors_[i]);
  }

  void push(std::size_t sender, std::string_view text, std::uint64_t token = 0,
            bool will_wait = false) {
    push(sender, byte_slice::copy(text), token, will_wait);
  }

  void push(std::size_t sender, byte_slice bytes, std::uint64_t token = 0,
            bool will_wait = false) {
    queue.push(ptr(sender), {{}, std::move(bytes), {}}, token, will_wait);
  }

  void push_frame(std::size_t sender, std::string_view header,
                  std::string_view payload, std::string_view trailer,
                  std::uint64_t token = 0) {
    queue.push(ptr(sender),
               {byte_slice::copy(header), byte_slice::copy(payload),
                byte_slice::copy(trailer)},
               token, false);
  }

  /// What one system call of `slices` parts would be offered.
  std::vector<iovec> gather(std::size_t slices = 64) {
    std::vector<iovec> parts(slices);
    parts.resize(queue.gather(parts));
    return parts;
  }

  /// One system call that takes at most `most` bytes.
  std::size_t take(std::size_t most, std::size_t slices = 64) {
    std::size_t count = 0;
    for (auto& part : gather(slices)) {
      auto size = std::min(part.iov_len, most - count);
      sent.append(static_cast<const char*>(part.iov_base), size);
      count += size;
    }
    queue.taken(count, on_written());
    return count;
  }

  void take_all() {
    while (!queue.empty())
      take(100'000);
  }

  write_queue::on_written on_written() {
    return [this](const caf::strong_actor_ptr& from, std::uint64_t token) {
      told.emplace_back(index_of(from), token);
    };
  }

  write_queue::on_returned on_returned() {
    return [this](const caf::strong_actor_ptr& from, byte_slice bytes,
                  std::uint64_t token, bool envelope) {
      back.push_back({index_of(from), bytes.str(), token, envelope});
      slices_back.push_back(std::move(bytes));
    };
  }

  write_queue queue;
  std::string sent;
  std::vector<std::pair<std::size_t, std::uint64_t>> told; // sender, token
  std::vector<returned> back;
  std::vector<byte_slice> slices_back;

private:
  std::size_t index_of(const caf::strong_actor_ptr& x) const {
    for (std::size_t i = 0; i < senders; ++i)
      if (ptr(i) == x)
        return i;
    return nobody;
  }

  caf::actor_system_config config_;
  caf::actor_system system_{config_};
  std::deque<caf::scoped_actor> actors_;
};

} // namespace sluice::net
