#include "examples/kv_cluster/peer.h"

#include <algorithm>
#include <utility>

namespace sluice::examples::kv_cluster {

using actors::cluster::shard_letter;

peer::peer(caf::local_actor* owner, actors::channel::host& host,
           actors::cluster::member who)
    : owner_(owner), host_(host), who_(std::move(who)) {
  if (auto out =
          host_.open_outlet<shard_letter>(owner_, who_.endpoint, letters_name))
    letters_ = std::move(*out);
  open(requests_, requests_name);
  open(answers_, answers_name);
}

template <class Bundle>
void peer::open(line<Bundle>& x, const char* name) {
  if (auto out = host_.open_outlet<Bundle>(owner_, who_.endpoint, name))
    x.out = std::move(*out);
}

void peer::say(const shard_letter& x) {
  // What does not leave is lost, as its receiver expects.
  static_cast<void>(letters_.push(x));
}

void peer::ask(const request_entry& x, const actors::cluster::table_version& at,
               const actors::cluster::holder& self) {
  if (at != requests_.gathered.at)
    cut_bundle(requests_);
  requests_.gathered.at = at;
  requests_.gathered.from = self;
  add(requests_, x);
}

void peer::answer(const answer_entry& x) {
  add(answers_, x);
}

template <class Bundle, class Entry>
void peer::add(line<Bundle>& x, const Entry& entry) {
  auto before = x.gathered.entries.size();
  append(x.gathered.entries, entry);
  x.waiting += x.gathered.entries.size() - before;
  if (x.gathered.entries.size() >= bundle_bytes)
    cut_bundle(x);
}

template <class Bundle>
void peer::cut_bundle(line<Bundle>& x) {
  if (x.gathered.entries.empty())
    return;
  x.backlog.push_back(x.gathered);
  x.gathered.entries.clear();
}

void peer::flush() {
  cut_bundle(requests_);
  cut_bundle(answers_);
  push(requests_);
  push(answers_);
}

template <class Bundle>
void peer::push(line<Bundle>& x) {
  while (!x.backlog.empty()) {
    auto& next = x.backlog.front();
    if (x.out.push(next))
      return; // full: there will be a flush when it may go on
    x.waiting -= next.entries.size();
    x.backlog.pop_front();
  }
}

bool peer::on_closed(const actors::channel::outlet_closed& x,
                     runtime::time_point now, bool& letters_lost) {
  letters_lost = x.id == letters_.id();
  if (letters_lost)
    letters_lost_ = true;
  else if (x.id == requests_.out.id())
    requests_.lost = true;
  else if (x.id == answers_.out.id())
    answers_.lost = true;
  else
    return false;
  nobody_listens_ =
      reopened_ && x.reason == actors::channel::end_reason::nobody_listens;
  up_ = std::max(up_ - 1, 0);
  reopen_ = std::min(reopen_, now + reopen_pause);
  return true;
}

runtime::time_point peer::tick(runtime::time_point now) {
  if (now < reopen_)
    return reopen_;
  reopen_ = runtime::time_point::max();
  reopened_ = true;
  if (std::exchange(letters_lost_, false)) {
    letters_ = {};
    if (auto out = host_.open_outlet<shard_letter>(owner_, who_.endpoint,
                                                   letters_name))
      letters_ = std::move(*out);
    else
      letters_lost_ = true;
  }
  if (requests_.lost)
    requests_.lost = static_cast<bool>(requests_.out.reopen());
  if (answers_.lost)
    answers_.lost = static_cast<bool>(answers_.out.reopen());
  if (letters_lost_ || requests_.lost || answers_.lost)
    reopen_ = now + reopen_pause;
  return reopen_;
}

} // namespace sluice::examples::kv_cluster
