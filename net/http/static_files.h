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
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::net::http {

class request;
class server_broker;

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

/// An answer on its way.
class sending {
public:
  virtual ~sending();

  /// Writes the next piece of the body, now or when it has been read, or ends
  /// it. Does nothing while a piece is being read, and once all is over. On the
  /// loop of the actor that asked.
  virtual void more() = 0;
};

/// Where one answer goes: exactly one `respond`, or one `start` and then one
/// `finish` or `break_off`.
class answer_sink {
public:
  virtual ~answer_sink();

  /// A whole answer. With HEAD, and with a status of 304, there is no body and
  /// `body_size` is that of the body that GET would have had.
  virtual void respond(unsigned status, const fields& head,
                       runtime::byte_slice body, std::uint64_t body_size) = 0;

  /// The head of an answer whose body of `body_size` bytes follows, as often as
  /// `body` is asked for more: first when the head was written, and then
  /// whenever the piece before was taken.
  virtual void start(unsigned status, const fields& head,
                     std::uint64_t body_size,
                     std::shared_ptr<sending> body) = 0;

  /// Some bytes of the body, at most limits::http_file_piece_bytes.
  virtual void write(runtime::byte_slice bytes) = 0;

  /// The body is complete; what was written last need not be taken yet.
  virtual void finish() = 0;

  /// The body cannot be completed: end the connection, so that nobody takes
  /// what came for the whole.
  virtual void break_off(caf::error why) = 0;
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
  /// The value of a field by its name in lower case.
  std::function<std::optional<std::string_view>(std::string_view)> find;
};

class static_files : public std::enable_shared_from_this<static_files> {
public:
  /// Errors: errc::system_error naming the folder, see file_root::open.
  static caf::expected<std::shared_ptr<const static_files>>
  make(const std::string& folder, static_options options = {});

  /// Answers a request of `self`, the actor that asks. The sink is kept until
  /// the answer is complete; it is called on the loop of `self`, perhaps before
  /// this returns, and not any more when `self` has ended.
  void serve(runtime::loop_actor* self, std::shared_ptr<answer_sink> sink,
             const file_demand& what) const;

  /// Answers the request that `self` has just delivered. `below` is the end of
  /// its path that names the file. (static_route.cc)
  void serve(server_broker* self, const request& in,
             std::string_view below) const;

  const file_root& root() const noexcept { return *root_; }

private:
  static_files(std::shared_ptr<const file_root> root, static_options options);

  std::shared_ptr<const file_root> root_;
  static_options options_;
};

} // namespace sluice::net::http
