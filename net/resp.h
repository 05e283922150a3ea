#pragma once

// resp: what stands inside the frames of resp_codec, for servers and clients
// of RESP2. Reads views, writes to a string: no I/O, and no allocation once
// vectors and strings have grown to what is usual.
//
// For users. Thread rule: pure functions. Lifetime: what is read are views of
// the frame; see each function.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::net {

// -- servers ------------------------------------------------------------------

/// Splits one whole command, an array of bulk strings or an inline command,
/// into `args`, whose old content goes away. Returns what is wrong, worded as
/// Redis words it and ready to be sent behind "-ERR ", or an empty text.
/// Frames from resp_codec can only have "Protocol error: unbalanced quotes in
/// request".
///
/// An empty command gives no arguments; Redis does not answer it. The
/// arguments are views of `frame`, and of `unescaped` where an inline command
/// has quotes: keep both as long as `args`.
std::string_view split_command(std::string_view frame,
                               std::vector<std::string_view>& args,
                               std::string& unescaped);

/// `+text`, for OK, PONG and their like. CR and LF in `text` become blanks.
void append_simple(std::string& out, std::string_view text);

/// `-text`; `text` starts with the error's code, as in "ERR syntax error". CR
/// and LF in it become blanks.
void append_error(std::string& out, std::string_view text);

/// `:number`
void append_integer(std::string& out, std::int64_t number);

/// `$size` and the bytes.
void append_bulk(std::string& out, std::string_view bytes);

/// `$-1`, the answer for a key that is not there.
void append_null(std::string& out);

/// `*-1`, in place of an array.
void append_null_array(std::string& out);

/// `*size`: the caller appends that many elements next.
void append_array(std::string& out, std::size_t size);

// -- clients ------------------------------------------------------------------

/// A command as clients send it: an array of bulk strings.
void append_command(std::string& out, std::span<const std::string_view> args);

/// One element of a reply. An array is only its header: its elements come
/// after it.
struct resp_element {
  enum class type : std::uint8_t { simple, error, integer, bulk, null, array };

  type what = type::null;
  /// Of an integer its value, of an array how many elements it has.
  std::int64_t number = 0;
  /// Of a simple string, error or bulk string.
  std::string_view text;
};

/// Takes one element off the front of `rest`, which starts as a whole frame
/// from resp_codec. False, and `rest` as it was, if there is no whole element.
/// `$-1` and `*-1` are both null.
bool take_element(std::string_view& rest, resp_element& element);

} // namespace sluice::net
