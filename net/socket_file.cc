#include "net/socket_file.h"

namespace sluice::net {

socket_file::socket_file(const socket& bound) {
  if (!bound.is_open())
    return;
  auto where = bound.local();
  if (!where.is_unix() || where.path().empty() || where.path().starts_with('@'))
    return;
  std::string path{where.path()};
  if (auto number = bound.api().socket_file(path)) {
    api_ = &bound.api();
    path_ = std::move(path);
    number_ = *number;
  }
}

void socket_file::remove() {
  if (api_ != nullptr && api_->socket_file(path_) == number_)
    api_->unlink(path_);
  api_ = nullptr;
}

} // namespace sluice::net
