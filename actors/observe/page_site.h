#pragma once

// page_site: what is answered to a request for the page's files, without a
// socket: the files that are in the program, who may have them, and what a
// browser has already.
//
// Internal; for page_server. Thread rule: const after it was made; any thread.

#include "runtime/byte_slice.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::actors::observe {

struct site_answer {
  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> fields{};
  runtime::byte_slice body{};
};

class page_site {
public:
  /// `hosts`: see access.h; in any case.
  explicit page_site(const std::vector<std::string>& hosts);

  /// To a GET or HEAD for `path`, "/" or the name of a file behind it; of
  /// If-None-Match (RFC 9110, 13.1.2) the value, or empty. 403 for a Host that
  /// may not, 404, 304.
  site_answer file(std::string_view path, std::string_view host,
                   std::string_view if_none_match) const;

  /// Something that was made now, as JSON.
  site_answer text(std::string_view host, std::string_view content_type,
                   runtime::byte_slice body) const;

  /// An error, with a sentence.
  site_answer error(unsigned status, std::string_view why) const;

  /// Why a request with that Host is refused, or an empty text.
  std::string refusal(std::string_view host) const;

  const std::vector<std::string>& hosts() const noexcept { return hosts_; }

  /// The paths that `file` knows.
  std::vector<std::string> paths() const;

private:
  struct entry {
    std::string content_type;
    std::string tag; // a strong one, of the content
    runtime::byte_slice bytes;
  };

  std::vector<std::string> hosts_; // in lower case
  std::map<std::string, entry, std::less<>> files_;
};

} // namespace sluice::actors::observe
