#include "examples/fanout/publisher.h"

#include "actors/topic.h"
#include "net/commands.h"

#include <caf/atom.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

namespace sluice::examples::fanout {

namespace {

using go_on = caf::atom_constant<caf::atom("go on")>;

/// Messages between two looks at the clock.
constexpr std::uint64_t burst_messages = 16;

/// A number, a space, and a line of x: so that a reader sees what it missed.
runtime::byte_slice line(std::uint64_t number, std::size_t size) {
  auto text = std::to_string(number) + " ";
  text.resize(std::max(size, text.size() + 1), 'x');
  text.back() = '\n';
  return runtime::byte_slice::copy(text);
}

} // namespace

caf::behavior publisher(actors::flow_actor* self, const caf::actor& topic,
                        const publisher_options& options) {
  using clock = std::chrono::steady_clock;
  auto start = clock::now();
  auto count = std::make_shared<std::uint64_t>(0);
  // To itself it sends an ordinary message: who is paused does not go on.
  self->send(self, go_on::value);
  return {[=](go_on) {
    // The connections get it as a command to write these bytes, and all of them
    // write the same ones.
    for (std::uint64_t i = 0; i < burst_messages; ++i)
      self->send(topic, actors::publish{caf::make_message(net::write{
                            line((*count)++, options.message_bytes)})});
    if (options.rate == 0)
      return self->send(self, go_on::value);
    std::chrono::duration<double> due{static_cast<double>(*count)
                                      / static_cast<double>(options.rate)};
    auto wait = std::chrono::duration_cast<std::chrono::nanoseconds>(
        due - (clock::now() - start));
    self->delayed_send(self, std::max(wait, std::chrono::nanoseconds{0}),
                       go_on::value);
  }};
}

} // namespace sluice::examples::fanout
