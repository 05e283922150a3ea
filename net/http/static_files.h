#pragma once

// static_files: a folder, served with GET and HEAD. What is served, and what
// becomes of files that change meanwhile, is told in docs/http_files.md.
//
// It knows no connection: what it has to say goes to an answer_sink, and the
// bytes of a file follow each other as the sink asks for more.
//
// For users through the router. Thread rule: any thread may make and share
// one; `serve` and what comes of it happen on the loop of the actor that asks.
// Lifetime: shared; what is being sent when the last reference goes is sent to
// its end.

#include "net/http/fields.h"
#include "net/http/file_root.h"
#include "runtime/byte_slice.h"
#include "runtime/limits.h"
#include "runtime/loop_actor.h"

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::net::http {

struct static_options {
  /// What a folder is: the first of these that is in it.
  std::vector<std::string> index_names{"index.html"};

  /// Whether files are there of whose path a part begins with a dot.
  bool serves_hidden = false;

  /// Whether NAME.gz is sent in place of NAME to those who accept gzip.
  bool looks_for_gzip = true;

  /// The value of Cache-Control, e.g. "max-age=3600"; empty: not sent, and
  /// clients guess by the age of a file (RFC 9111, section 4.2.2).
  std::string cache_control{};

  /// Files that are open at once; one more is answered 503.
  std::size_t files_open_max = runtime::limits::http_files_open_max;
};

/// Where one answer goes: exactly one `respond`, or one `start` and then one
/// `finish` or `break_off`.
class answer_sink {
public:
  /// A whole answer. With HEAD, and with a status of 304, there is no body and
  /// `body_size` is that of the body that GET would have had.
  virtual void respond(unsigned status, const fields& head,
                       runtime::byte_slice body, std::uint64_t body_size) = 0;

  /// The head of an answer whose body of `body_size` bytes follows.
  virtual void start(unsigned status, const fields& head,
                     std::uint64_t body_size) = 0;

  /// Some bytes of the body, at most limits::http_file_piece_bytes. When they
  /// were taken the sink calls `sending::more`, once.
  virtual void write(runtime::byte_slice bytes) = 0;

  /// The body is complete; what was written last need not be taken yet.
  virtual void finish() = 0;

  /// The body cannot be completed: end the connection, so that nobody takes
  /// what came for the whole.
  virtual void break_off(caf::error why) = 0;

protected:
  ~answer_sink() = default;
};

/// What of a request says which file is meant and how it is wanted. Views,
/// used during `serve` only.
struct file_demand {
  std::string_view verb;
  /// As they were sent.
  std::string_view path;
  std::string_view query;
  /// The end of `path` that names the file in the folder.
  std::string_view below;
  const http::fields& head;
};

/// An answer on its way.
class sending {
public:
  virtual ~sending();

  /// What was written was taken. On the loop of the actor that asked; does
  /// nothing once the answer is complete.
  virtual void more() = 0;
};

class static_files : public std::enable_shared_from_this<static_files> {
public:
  /// Errors: errc::system_error naming the folder, see file_root::open.
  static caf::expected<std::shared_ptr<const static_files>>
  make(const std::string& folder, static_options options = {});

  /// Answers a request. Both `self`, the actor that asks, and `sink` must live
  /// until the answer is complete or `self` has ended; after that the sink is
  /// not called any more. It may be called before this returns.
  std::shared_ptr<sending> serve(runtime::loop_actor* self, answer_sink& sink,
                                 const file_demand& what) const;

  const file_root& root() const noexcept { return *root_; }

private:
  static_files(std::shared_ptr<const file_root> root, static_options options);

  std::shared_ptr<const file_root> root_;
  static_options options_;
};

} // namespace sluice::net::http
