// The receiver of channel_pair: one actor that owns the inlets of numbers, and
// one for blocks. A wrong message cancels the stream, which fails the sender's
// run.
//
// One sender at a time; each job at most once.
#pragma once

#include "actors/channel/host.h"
#include "bench/pair/job.h"
#include "bench/pair/load.h"
#include "runtime/byte_slice.h"
#include "runtime/error.h"

#include <caf/behavior.hpp>

#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <utility>

namespace sluice::bench::pair {

// For what cannot fail on loopback, but would leave the other side waiting.
template <class T>
T value_or_end(caf::expected<T> x) {
  if (!x) {
    std::fprintf(stderr, "%s\n", runtime::to_text(x.error()).c_str());
    std::exit(1);
  }
  return std::move(*x);
}

inline std::string local_endpoint(uint64_t port) {
  return "tcp://127.0.0.1:" + std::to_string(port);
}

template <class Self>
class channel_receiver {
public:
  using numbers = actors::channel::batch<uint64_t>;
  using blocks = actors::channel::batch<runtime::byte_slice>;

  channel_receiver(Self* self, actors::channel::host& channels,
                   const actors::channel::inlet_options& window, bool of_blocks)
      : self_(self), channels_(channels) {
    if (of_blocks) {
      bulk_ = value_or_end(channels.open_inlet<runtime::byte_slice>(
          self, to_string(job::bulk), window));
      return;
    }
    auto open = [&](job what) {
      return value_or_end(
          channels.open_inlet<uint64_t>(self, to_string(what), window));
    };
    stream_ = open(job::stream);
    ping_ = open(job::ping);
    slow_ = open(job::slow);
  }

  void take(const numbers& batch) {
    if (batch.id == ping_.id())
      return answer(batch);
    for (auto x : batch) {
      if (batch.id == slow_.id())
        pace_.take_time();
      seen_.number(x);
    }
    if (!seen_.good())
      batch.id == slow_.id() ? slow_.close() : stream_.close();
  }

  void take(const blocks& batch) {
    for (const auto& x : batch)
      seen_.block(x.data(), x.size());
    if (!seen_.good())
      bulk_.close();
  }

private:
  // The first number of a ping is the port at which the sender listens.
  void answer(const numbers& batch) {
    for (auto x : batch) {
      if (!back_)
        back_ = value_or_end(
            channels_.open_outlet<uint64_t>(self_, local_endpoint(x), "pong"));
      back_.push(x);
    }
  }

  Self* self_;
  actors::channel::host& channels_;
  actors::channel::inlet<uint64_t> stream_;
  actors::channel::inlet<uint64_t> ping_;
  actors::channel::inlet<uint64_t> slow_;
  actors::channel::inlet<runtime::byte_slice> bulk_;
  actors::channel::outlet<uint64_t> back_;
  tally seen_;
  pace pace_;
};

// To be spawned; `open` outlives the actor's start.
template <class Self>
caf::behavior receiver(Self* self, actors::channel::host* channels,
                       const actors::channel::inlet_options& window,
                       bool of_blocks, std::promise<void>* open) {
  using actors::channel::batch;
  auto me = std::make_shared<channel_receiver<Self>>(self, *channels, window,
                                                     of_blocks);
  open->set_value();
  return {
      [=](const batch<uint64_t>& x) { me->take(x); },
      [=](const batch<runtime::byte_slice>& x) { me->take(x); },
      [](const actors::channel::inlet_opened&) {},
      [](const actors::channel::inlet_ended&) {},
      [](const actors::channel::inlet_interrupted&) {},
      [](const actors::channel::inlet_closed&) {},
      [](const actors::channel::outlet_opened&) {},
      [](const actors::channel::outlet_closed&) {},
  };
}

} // namespace sluice::bench::pair
