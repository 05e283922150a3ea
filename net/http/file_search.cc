#include "net/http/file_search.h"

#include "runtime/error.h"
#include "runtime/limits.h"

#include <algorithm>
#include <utility>

namespace sluice::net::http {

namespace {

using runtime::byte_slice;
using runtime::errc;
using runtime::make_error;

void take(const file_root& root, const std::string& path, const file_wish& wish,
          disk_wait wait, found_file& out) {
  auto& answer = out.answer;
  auto plain = root.open_below(path, wait);
  answer.problem = plain.problem;
  answer.os_error = plain.os_error;
  if (plain.problem != open_problem::none)
    return;
  out.file = std::move(plain.file);
  if (wish.looks_for_gzip) {
    auto packed = root.open_below(path + ".gz", wait);
    if (packed.problem == open_problem::would_wait) {
      answer.problem = packed.problem;
      answer.os_error = packed.os_error;
      out.file = {};
      return;
    }
    // One that is older was made of something else.
    answer.has_gzip =
        packed.file
        && packed.file.facts().modified_ns >= out.file.facts().modified_ns;
    answer.is_gzip = answer.has_gzip && wish.takes_gzip;
    if (answer.is_gzip)
      out.file = std::move(packed.file);
  }
  answer.path = path;
  answer.facts = out.file.facts();
}

void find_index(const file_root& root, const file_wish& wish, disk_wait wait,
                found_file& out) {
  out.answer.problem = open_problem::not_found;
  for (auto& name : wish.index_names) {
    take(root, wish.path.empty() ? name : wish.path + "/" + name, wish, wait,
         out);
    if (out.answer.problem == open_problem::is_folder)
      out.answer.problem = open_problem::not_found;
    if (out.answer.problem != open_problem::not_found)
      return;
  }
}

} // namespace

caf::expected<found_file> find_file(const file_root& root,
                                    const file_wish& wish, disk_wait wait) {
  found_file result;
  auto& answer = result.answer;
  if (wish.is_folder)
    find_index(root, wish, wait, result);
  else
    take(root, wish.path, wish, wait, result);
  if (answer.problem == open_problem::none
      && answer.facts.size <= std::min(
             wish.eager_bytes, runtime::limits::http_file_piece_bytes)) {
    auto bytes = read_piece(
        result.file, {0, static_cast<std::size_t>(answer.facts.size)}, wait);
    if (!bytes)
      return bytes.error();
    if (*bytes)
      answer.bytes = std::move(**bytes);
  }
  return result;
}

caf::expected<std::optional<byte_slice>>
read_piece(const open_file& file, const file_piece& which, disk_wait wait) {
  auto size = file ? file.facts().size : 0;
  if (!file || which.size > runtime::limits::http_file_piece_bytes
      || which.offset > size || which.size > size - which.offset)
    return make_error(errc::bad_setting,
                      "a piece of " + std::to_string(which.size)
                          + " bytes at byte " + std::to_string(which.offset)
                          + " of a file of " + std::to_string(size));
  if (which.size == 0)
    return std::optional{byte_slice{}};
  auto memory = runtime::slab::make(which.size);
  std::span<char> room{memory->data(), which.size};
  if (wait == disk_wait::allowed) {
    if (auto err = file.read(which.offset, room))
      return err;
  } else {
    auto is_there = file.read_cached(which.offset, room);
    if (!is_there)
      return is_there.error();
    if (!*is_there)
      return std::optional<byte_slice>{};
  }
  return std::optional{byte_slice{std::move(memory), 0, which.size}};
}

} // namespace sluice::net::http
