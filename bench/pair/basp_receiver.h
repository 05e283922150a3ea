// The receiver of basp_pair: an actor that is published, of a kind that the
// template argument says, and knows nothing of the middleman that carries the
// messages.
//
// One sender at a time.
#pragma once

#include "bench/pair/basp_words.h"
#include "bench/pair/job.h"
#include "bench/pair/load.h"

#include <caf/actor_cast.hpp>
#include <caf/behavior.hpp>

#include <memory>
#include <string>

namespace sluice::bench::pair {

// Waits for the next sender.
template <class Self>
caf::behavior receiver(Self* self);

// Counts what comes, confirms it if the sender wants that, and says at `done`
// how far it was right.
template <class Self>
caf::behavior counting(Self* self, const caf::actor& peer, job what) {
  struct state {
    tally seen;
    pace own_pace;
  };
  auto s = std::make_shared<state>();
  auto every = credit_of(what).confirmed_at_once;
  auto confirm = [=] {
    if (every != 0 && s->seen.count() % every == 0 && s->seen.good())
      self->send(peer, handled::value, s->seen.count());
  };
  return {
      [=](uint64_t number) {
        if (what == job::slow)
          s->own_pace.take_time();
        s->seen.number(number);
        confirm();
      },
      [=](const std::string& block) {
        s->seen.block(block.data(), block.size());
        confirm();
      },
      [=](done) {
        self->become(receiver(self));
        self->send(peer, done::value, s->seen.count());
      },
      [=](const runtime::backpressure&) {},
  };
}

template <class Self>
caf::behavior answering(Self* self) {
  return {
      [=](uint64_t number) { return number; },
      [=](done) { self->become(receiver(self)); },
      [=](const runtime::backpressure&) {},
  };
}

template <class Self>
caf::behavior receiver(Self* self) {
  return {
      [=](hello, const caf::actor& peer, uint64_t number) {
        auto what = static_cast<job>(number);
        self->become(what == job::ping ? answering(self)
                                       : counting(self, peer, what));
        self->send(peer, hello::value);
      },
  };
}

} // namespace sluice::bench::pair
