#pragma once

// line_cutter: output to lines. Unlike the line codec, which guards against a
// peer and ends with a line that is too long, it loses nothing: such a line
// comes in pieces, and what follows the last ending is a line, too.
//
//   cutter.feed(bytes);
//   while (cutter.next(piece)) ...
//   cutter.end();               // when no more will come
//   while (cutter.next(piece)) ...
//
// Internal. Thread rule: one thread at a time. Lifetime: pieces are independent
// of the cutter.
//
// Invariant: besides what was fed and not asked for, it holds at most
// `line_bytes_max` + 2 bytes: a line of which no ending has come.

#include "runtime/byte_slice.h"

#include <cstddef>
#include <string>

namespace sluice::actors::process {

class line_cutter {
public:
  struct piece {
    runtime::byte_slice bytes;
    bool more = false; // the line goes on
  };

  explicit line_cutter(std::size_t line_bytes_max) noexcept
      : max_(line_bytes_max) {}

  /// Takes in bytes, when `next` has returned false.
  void feed(runtime::byte_slice bytes);

  /// No more will be fed.
  void end() noexcept { ended_ = true; }

  /// The next line, or piece of one. A line that lies whole in what was fed
  /// shares its memory.
  bool next(piece& out);

  /// Bytes that were fed and did not come out yet.
  std::size_t buffered() const noexcept {
    return partial_.size() + input_.size();
  }

  /// Copies what is held out of a slab that it uses little of. For a reader
  /// that pauses.
  void compact() { input_ = input_.compact(); }

private:
  std::size_t max_;
  runtime::byte_slice input_; // not looked at
  std::string partial_;       // the start of a line, before `input_`
  std::size_t scanned_ = 0;   // of `partial_`: no LF in there
  bool ended_ = false;
};

} // namespace sluice::actors::process
