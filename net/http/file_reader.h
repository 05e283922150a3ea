#pragma once

// file_reader: an actor that has one file open and reads it for a connection,
// a piece each time it is asked. It runs on CAF's scheduler: a disk may take
// its time, and no loop waits for it.
//
// Messages, all of them requests:
//   file_wish -> file_answer
//   file_piece -> byte_slice with exactly the bytes asked for, or an error as
//                 open_file::read has them
//
// The reader reads ahead of nobody: who asks for the next piece when the last
// one has left holds one piece of memory, however large the file is.
//
// For users. Thread rule: messages, from any thread. Lifetime: it ends, and
// closes its file, when its owner ends, is no longer referred to, or is told
// to exit.

#include "net/http/file_root.h"
#include "runtime/byte_slice.h"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <memory>
#include <string>
#include <vector>

namespace sluice::net::http {

/// Which file to open, below the reader's root.
struct file_wish {
  /// As `resolve_path` gives it.
  std::string path{};
  /// `path` is a folder: one of these files in it is meant, the first that is
  /// there.
  bool is_folder = false;
  std::vector<std::string> index_names{};
  /// Look for `path` + ".gz", too; one that is older does not count.
  bool looks_for_gzip = false;
  /// And take it.
  bool takes_gzip = false;
  /// If the file has at most this many bytes they come with the answer; 0:
  /// never. At most limits::http_file_piece_bytes.
  std::size_t eager_bytes = 0;
};

/// The file, or why there is none.
struct file_answer {
  open_problem problem = open_problem::none;
  /// errno, if `problem` came from the system.
  int os_error = 0;
  file_facts facts;
  /// The file's path without a ".gz" that was put to it: the index's for a
  /// folder. Says what the type is.
  std::string path;
  bool is_gzip = false;
  /// There is a compressed form of it, whether it was wanted or not: the
  /// answer depends on Accept-Encoding.
  bool has_gzip = false;
  /// All of it, if it was short enough.
  runtime::byte_slice bytes;
};

/// Bytes of the file that is open; `size` is at most
/// limits::http_file_piece_bytes, and the end within file_facts::size.
struct file_piece {
  std::uint64_t offset = 0;
  std::size_t size = 0;
};

/// Starts a reader for `owner`. Any thread.
caf::actor spawn_file_reader(caf::actor_system& system,
                             std::shared_ptr<const file_root> root,
                             const caf::actor& owner);

} // namespace sluice::net::http

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::net::http::file_wish)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::net::http::file_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::net::http::file_piece)
