#pragma once

// file_search: which file is meant, and a piece of it: the index of a folder,
// the compressed form that stands beside a file. What is done for one request,
// by the loop as long as no disk is needed, else by a net/http/file_reader.h.
//
// For users. Thread rule: any thread; what may wait for a disk not on a loop's.
// Lifetime: values.

#include "net/http/file_root.h"
#include "runtime/byte_slice.h"

#include <caf/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::net::http {

/// Which file to open, below a root.
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

struct found_file {
  file_answer answer;
  /// Open if there was no problem.
  open_file file;
};

/// Opens what is wished for; the bytes of a short file are read, too. Errors:
/// those of open_file::read. If it must never wait, the problem may be
/// open_problem::would_wait; and a short file may come without its bytes.
caf::expected<found_file> find_file(const file_root& root,
                                    const file_wish& wish, disk_wait wait);

/// Exactly the bytes asked for; none if that would have to wait for a disk, and
/// must not. Errors: errc::bad_setting for what is not within the file or too
/// much at once, and those of open_file::read.
caf::expected<std::optional<runtime::byte_slice>>
read_piece(const open_file& file, const file_piece& which, disk_wait wait);

} // namespace sluice::net::http
