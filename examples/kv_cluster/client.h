#pragma once

// client: one connection's commands that have no answer yet. Commands run on
// several nodes and are answered in any order; the client gets the answers in
// the order of its commands, as from one Redis.
//
// Bounded: a client with too much under way is not read from (see `full`).
//
// Thread rule: the loop's thread. Lifetime: shared by the connection and by the
// requests that are under way; `gone` when the connection has ended.

#include "examples/kv/session.h"
#include "examples/kv_cluster/plan.h"
#include "examples/kv_cluster/recent_times.h"
#include "net/stream_broker.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::examples::kv_cluster {

/// What a client may have under way, in commands and in their bytes: as many as
/// Redis' own benchmark sends at once, several times.
inline constexpr std::size_t client_commands_max = 1'024;
inline constexpr std::size_t client_bytes_max = 4 * 1024 * 1024;

/// Answers that a client has asked for and does not take: above, it is
/// disconnected.
inline constexpr std::size_t client_answers_bytes_max = 64 * 1024 * 1024;

class client {
public:
  /// Which part of which answer.
  struct place {
    std::uint64_t number = 0;
    std::uint32_t part = 0;
  };

  client(net::stream_broker& socket, kv::server& home, std::string_view peer,
         std::string_view local, kv::time_ms now)
      : session(home, peer, local, now), socket_(&socket) {}

  kv::session session;

  /// True if all answers have been given: the next one may be written at once.
  bool is_idle() const noexcept { return answers_.empty(); }

  /// Writes an answer that is there behind all others.
  void answer(std::string_view bytes);

  /// The same for an error, `text` as it stands behind the "-".
  void answer_error(std::string_view text);

  /// Makes room for an answer of so many parts; `charge` is what it keeps.
  std::uint64_t open(merge how, std::uint32_t parts, std::size_t charge,
                     std::uint32_t shards = 0, std::uint32_t shard = 0);

  /// Of the answer that was opened last: the command came then, and how long it
  /// took is to be recorded there. `times` outlives the client.
  void time_last(runtime::time_point began, recent_times& times) noexcept {
    answers_.back().began = began;
    times_ = &times;
  }

  /// A part is there. True if the front is complete: `flush` has work.
  bool fill(place where, std::string_view bytes);

  /// Writes the answers that are complete, up to the first that is not.
  void flush();

  /// It is not read from until `release`: a node is slow to take commands.
  void press();
  void release();
  bool is_pressed() const noexcept { return pressed_; }

  bool is_full() const noexcept {
    return answers_.size() >= client_commands_max
           || charge_ >= client_bytes_max;
  }

  /// The connection has ended.
  void gone() noexcept { socket_ = nullptr; }
  bool is_gone() const noexcept { return socket_ == nullptr; }

  std::uint64_t bytes_written = 0;

  /// In the node's list of clients to flush.
  bool is_dirty = false;

private:
  struct pending {
    merge how = merge::one;
    std::uint32_t missing = 0;
    std::uint32_t shards = 0;
    std::uint32_t shard = 0;
    std::size_t charge = 0;
    runtime::time_point began{};
    std::string bytes;              // of a single part, or complete
    std::vector<std::string> parts; // else
  };

  void pause_if_full();
  void pause();
  void resume();
  void write(std::string_view bytes);

  net::stream_broker* socket_;
  std::deque<pending> answers_;
  std::uint64_t first_ = 0; // the number of the front
  std::size_t charge_ = 0;
  recent_times* times_ = nullptr;
  bool paused_ = false;
  bool pressed_ = false;
  std::string out_;
};

} // namespace sluice::examples::kv_cluster
