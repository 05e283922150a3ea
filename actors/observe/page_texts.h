#pragma once

// page_texts: what a node tells a page, as JSON, one object a text:
//
//   hello   first: who speaks, what may be done, and what was before
//   frame   twice a second: what is so
//   event   what happened, with a sentence
//   result  what became of a control
//
// docs/page.md describes the fields. Every text is made once, however many
// pages get it.
//
// Internal. Thread rule: one thread.

#include "actors/observe/board.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::actors::observe::page_texts {

std::string frame_text(const frame& x);
std::string event_text(const event& x);
std::string result_text(std::uint64_t id, bool ok, std::string_view text);

/// The last two minutes, as texts: of each frame without holds, rows, links
/// that are as they should be, and what of a node does not change. Bounded in
/// frames, time and bytes.
class history {
public:
  void add(const frame& x);

  /// Drops what is too old at `now_ms`: when nobody watches, nothing is added.
  void trim(std::int64_t now_ms);

  const std::deque<std::string>& frames() const noexcept { return frames_; }
  std::size_t bytes() const noexcept { return bytes_; }

private:
  void pop();

  std::deque<std::string> frames_;
  std::deque<std::int64_t> times_ms_;
  std::size_t bytes_ = 0;
};

/// At which a queue holds those who fill it: lines in the plots. 0: no line.
struct high_marks {
  std::uint64_t messages = 0; // of a mailbox
  std::uint64_t bytes = 0;    // of a connection
};

struct hello {
  std::string_view cluster;
  std::string_view node;
  std::int64_t now_ms = 0;
  const std::vector<std::string>& controls;
  const history& before;
  const event_log& events;
  high_marks marks{};
};

std::string hello_text(const hello& x);

} // namespace sluice::actors::observe::page_texts
