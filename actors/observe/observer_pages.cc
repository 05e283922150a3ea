#include "actors/observe/observer_actor.h"

#include "runtime/error.h"

#include <caf/send.hpp>

#include <utility>

// What an observer tells browsers.

namespace sluice::actors::observe {

namespace limits = runtime::limits;
using runtime::errc;
using runtime::make_error;

caf::result<void> observer_actor::open(const open_page& x) {
  if (!x.page || pages_.contains(x.page))
    return caf::unit;
  if (pages_.size() >= limits::observe_pages_max)
    return make_error(errc::bad_setting,
                      "there are " + std::to_string(limits::observe_pages_max)
                          + " pages open already");
  watch();
  monitor(x.page);
  pages_.insert(x.page);
  history_.trim(at().wall_ms);
  auto name = self_ ? self_->name : node_.self().name;
  tell_page(x.page, text_kind::hello,
            page_texts::hello_text(
                {options_.cluster,
                 name,
                 at().wall_ms,
                 verbs_,
                 history_,
                 board_.events(),
                 {options_.mailbox_high_messages, options_.write_high_bytes}}));
  return caf::unit;
}

/// One that was made just now, or the next one.
caf::result<state_text> observer_actor::state() {
  watch();
  auto fresh = !pages_.empty() && !board_.last().nodes.empty();
  watch_until_ = loop().now() + limits::observe_linger;
  if (fresh)
    return state_text{byte_slice::copy(page_texts::frame_text(board_.last()))};
  auto promise = make_response_promise<state_text>();
  state_waiters_.push_back(promise);
  return promise;
}

void observer_actor::make_frame() {
  auto& made = board_.tick(at());
  history_.add(made);
  send_events();
  if (pages_.empty() && state_waiters_.empty())
    return;
  auto bytes = byte_slice::copy(page_texts::frame_text(made));
  for (auto& promise : std::exchange(state_waiters_, {}))
    promise.deliver(state_text{bytes});
  for (auto& x : pages_)
    caf::anon_send(x, page_text{text_kind::frame, bytes});
}

/// What the pages have not been told. To a page that comes now the hello says
/// it.
void observer_actor::send_events() {
  auto& events = board_.events().events();
  for (auto& x : events)
    if (x.number > events_sent_ && !pages_.empty())
      tell_pages(text_kind::event, page_texts::event_text(x));
  events_sent_ = board_.events().last();
}

void observer_actor::tell_page(const caf::actor& page, text_kind what,
                               std::string_view text) {
  if (page)
    caf::anon_send(page, page_text{what, byte_slice::copy(text)});
}

void observer_actor::tell_pages(text_kind what, std::string_view text) {
  auto bytes = byte_slice::copy(text);
  for (auto& x : pages_)
    caf::anon_send(x, page_text{what, bytes});
}

} // namespace sluice::actors::observe
