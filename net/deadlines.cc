#include "net/deadlines.h"

namespace sluice::net {

deadlines::entry* deadlines::find(timeout which, std::uint64_t token) const {
  for (auto& x : entries_)
    if (x->which == which && x->token == token)
      return x.get();
  return nullptr;
}

void deadlines::arm(runtime::timer_wheel& wheel, timeout which,
                    std::uint64_t token, runtime::time_point due) {
  auto x = find(which, token);
  if (x == nullptr) {
    // A place that fired or was cancelled may take another name.
    for (auto& y : entries_)
      if (!y->armed()) {
        x = y.get();
        x->which = which;
        x->token = token;
      }
  }
  if (x == nullptr) {
    entries_.push_back(std::make_unique<entry>(*this, which, token));
    x = entries_.back().get();
  }
  wheel.arm(*x, due);
}

void deadlines::cancel(timeout which, std::uint64_t token) {
  for (auto i = entries_.begin(); i != entries_.end(); ++i)
    if ((*i)->which == which && (*i)->token == token) {
      entries_.erase(i);
      return;
    }
}

bool deadlines::armed(timeout which, std::uint64_t token) const {
  auto x = find(which, token);
  return x != nullptr && x->armed();
}

void deadlines::entry::on_due(timer& t) noexcept {
  auto& self = static_cast<entry&>(t);
  self.all.owner_.on_deadline(self.which, self.token);
}

} // namespace sluice::net
