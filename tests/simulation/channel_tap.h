#pragma once

// channel_tap: a man in the middle of a simulated link. It passes bytes on in
// both directions, reads the frames that it passes, and resets both connections
// when it is told to. What it saw of the data is what was really in flight.
//
// For tests. Thread rule: the world's. Lifetime: within that of the world.

#include "actors/channel/wire.h"
#include "tests/support/sim_peer.h"
#include "tests/support/sim_server.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::testing {

class channel_tap {
public:
  /// Accepts at `front` and passes everything on to `back`.
  channel_tap(sim_world& world, const runtime::socket_address& front,
              const runtime::socket_address& back)
      : world_(world), back_(back), server_(world, front) {
    server_.on_accept = [this](sim_peer& x) { begin(x); };
  }

  /// Resets all connections that are open.
  void reset() {
    for (auto& x : pairs_)
      if (!std::exchange(x->over, true)) {
        x->near->reset();
        x->far->reset();
        ++resets_;
      }
  }

  std::size_t resets() const noexcept { return resets_; }
  std::size_t connections() const noexcept { return pairs_.size(); }

  /// How far each inlet was fed, by name: the position after the last message
  /// and, counted once each, all bytes with their lengths.
  struct progress {
    std::uint64_t position = 0;
    std::uint64_t bytes = 0;
  };
  const std::map<std::string, progress>& seen() const noexcept { return seen_; }

private:
  struct pair_type {
    sim_peer* near = nullptr;
    std::unique_ptr<sim_peer> far;
    std::string input; // from the outlets, not cut into frames yet
    std::map<std::uint32_t, std::string> names; // of the channels
    bool near_ended = false;
    bool far_ended = false;
    bool over = false;
  };

  void begin(sim_peer& near) {
    auto& pair = *pairs_.emplace_back(std::make_unique<pair_type>());
    pair.near = &near;
    pair.far = std::make_unique<sim_peer>(world_);
    near.on_progress = [this, &pair] { pass(pair, true); };
    pair.far->on_progress = [this, &pair] { pass(pair, false); };
    pair.far->connect(back_);
  }

  void pass(pair_type& pair, bool forward) {
    if (pair.over)
      return;
    auto& from = forward ? *pair.near : *pair.far;
    auto& to = forward ? *pair.far : *pair.near;
    if (auto bytes = from.take_received(); !bytes.empty()) {
      if (forward)
        look_at(pair, bytes);
      to.send(bytes);
    }
    if (from.error() != 0) {
      pair.over = true;
      to.reset();
    } else if (from.saw_end()
               && !std::exchange(forward ? pair.near_ended : pair.far_ended,
                                 true)) {
      to.half_close();
    }
  }

  void look_at(pair_type& pair, const std::string& bytes) {
    using namespace actors::channel;
    auto& input = pair.input.append(bytes);
    while (input.size() >= 4) {
      auto size = wire::item_size(input.data());
      if (input.size() < 4 + size)
        return;
      auto frame =
          wire::decode(runtime::byte_slice::copy(input.substr(4, size)));
      input.erase(0, 4 + size);
      ASSERT_TRUE(frame) << "a link sent what it cannot read itself";
      if (auto opening = std::get_if<wire::open>(&*frame))
        pair.names[opening->channel] = opening->name;
      if (auto data = std::get_if<wire::data>(&*frame))
        note(seen_[pair.names[data->channel]], *data);
    }
  }

  /// A message that is sent again counts once.
  static void note(progress& x, const actors::channel::wire::data& data) {
    using namespace actors::channel;
    auto position = data.first;
    wire::item_reader rest{data.items.view()};
    for (std::string_view item; rest.next(item); ++position)
      if (position >= x.position) {
        EXPECT_EQ(position, x.position) << "a message was left out";
        x.position = position + 1;
        x.bytes += item.size() + wire::item_header_bytes;
      }
  }

  sim_world& world_;
  runtime::socket_address back_;
  std::vector<std::unique_ptr<pair_type>> pairs_;
  std::map<std::string, progress> seen_;
  std::size_t resets_ = 0;
  sim_server server_;
};

} // namespace sluice::testing
