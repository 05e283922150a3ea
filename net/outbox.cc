#include "net/outbox.h"

#include "runtime/limits.h"

#include <vector>

namespace sluice::net {

namespace {

std::vector<std::unique_ptr<outbox>>& spares() {
  static thread_local std::vector<std::unique_ptr<outbox>> list;
  return list;
}

} // namespace

std::unique_ptr<outbox> outbox::acquire() {
  auto& list = spares();
  if (list.empty())
    return std::make_unique<outbox>();
  auto result = std::move(list.back());
  list.pop_back();
  return result;
}

void outbox::recycle(std::unique_ptr<outbox> x) {
  x->queue.reset();
  x->blocked_since.reset();
  auto& list = spares();
  if (list.size() < runtime::limits::spare_queues)
    list.push_back(std::move(x));
}

} // namespace sluice::net
