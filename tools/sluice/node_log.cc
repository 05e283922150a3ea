#include "tools/sluice/node_log.h"

#include "runtime/limits.h"

#include <cstdio>
#include <utility>

namespace sluice::tools {

node_log::node_log(std::string path, std::size_t bytes_max)
    : path_(std::move(path)), bytes_max_(bytes_max) {
  open();
}

void node_log::open() {
  bytes_ = 0;
  file_.reset(std::fopen(path_.c_str(), "we"));
  if (file_)
    std::setvbuf(file_.get(), nullptr, _IOLBF, BUFSIZ);
}

void node_log::line(std::string_view text) {
  if (!text.empty())
    last_ = text.substr(0, runtime::limits::error_excerpt_bytes);
  if (bytes_ > 0 && bytes_ + text.size() + 1 > bytes_max_) {
    std::rename(path_.c_str(), (path_ + ".1").c_str());
    open();
  }
  if (!file_)
    return;
  std::fwrite(text.data(), 1, text.size(), file_.get());
  std::fputc('\n', file_.get());
  bytes_ += text.size() + 1;
}

} // namespace sluice::tools
