#pragma once

// What a session has of wslay, which reads for it. Private to session.cc and
// session_reader.cc.

#include "net/websocket/session.h"

#include <wslay/wslay.h>

namespace sluice::net::websocket {

struct session::reader {
  explicit reader(const session_options& options);
  ~reader();

  reader(const reader&) = delete;
  reader& operator=(const reader&) = delete;

  /// A frame begins with what is read next.
  void begin(const frame_head& x);

  /// Gives wslay two pieces of the stream that stand behind each other, in one
  /// frame. The event that this brings about, if any, is in `event`.
  void read(std::string_view first, std::string_view second);

  // the frame
  frame_head head;
  std::uint64_t position = 0; // of its first byte in the stream
  std::uint64_t left = 0;     // bytes of its payload that have not come

  std::optional<session_event> event;

private:
  struct callbacks;
  friend struct callbacks;

  void on_start();
  void on_chunk(std::string_view data);
  void on_message(const wslay_event_on_msg_recv_arg& x);
  void on_close(const wslay_event_on_msg_recv_arg& x);
  void judge(int result);
  void fail(close_code code, std::string_view what);
  std::string explain() const;
  void reserve(std::size_t size);

  wslay_event_context_ptr context_ = nullptr;
  bool is_server_;
  std::size_t message_bytes_max_;

  // what wslay may take
  std::string_view first_;
  std::string_view second_;
  std::uint64_t taken_ = 0; // bytes of the stream so far
  std::size_t arrived_ = 0; // bytes of a payload in the current `read`
  bool at_header_ = false;

  // the message
  bool in_message_ = false;
  bool began_inside_ = false; // the frame, of a message that had begun
  std::uint64_t claimed_ = 0; // its length, as far as headers have said
  runtime::slab_ptr memory_;
  std::size_t size_ = 0;

  std::string close_payload_;
};

} // namespace sluice::net::websocket
