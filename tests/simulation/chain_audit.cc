#include "actors/pressure_graph.h"
#include "tests/simulation/chain_world.h"

#include <algorithm>
#include <cstring>

// A chain_world's oracle.

namespace sluice::testing {

/// The first fault counts: others follow from it.
void chain_world::blame(const std::string& what) {
  if (fault_.empty())
    fault_ = what;
}

void chain_world::compare(std::size_t level, std::optional<std::size_t> bound,
                          const char* what, std::size_t index) {
  if (!bound)
    return;
  if (level > *bound)
    blame(std::string{what} + " " + std::to_string(index) + " holds "
          + std::to_string(level) + ", more than " + std::to_string(*bound));
}

void chain_world::audit() {
  for (std::size_t i = 0; i < sinks_.size(); ++i)
    audit_far(sinks_[i], i);
  if (bounded_)
    audit_bounds();
  if (complete_)
    audit_distance();
  if (returned_->overflows > 0)
    blame("a write was refused");
}

/// Looks at what the far peer has read since the last time.
void chain_world::audit_far(sink_end& x, std::size_t index) {
  if (x.server.peers().empty())
    return;
  std::string_view all{x.server.last().received()};
  while (x.parsed < all.size() && fault_.empty()) {
    auto rest = all.substr(x.parsed);
    if (x.frame_left == 0) {
      if (rest.size() < frame_header_bytes)
        return;
      std::uint32_t size = 0;
      std::memcpy(&size, rest.data() + 1, sizeof size);
      x.current = static_cast<unsigned char>(rest[0]);
      x.frame_left = size;
      x.parsed += frame_header_bytes;
      if (x.current >= x.streams.size())
        return blame("sink " + std::to_string(index) + " got no frame");
      continue;
    }
    auto& stream = x.streams[x.current];
    auto part = rest.substr(0, std::min(rest.size(), x.frame_left));
    auto wanted = std::string_view{stream.expected}.substr(
        std::min(stream.arrived, stream.expected.size()), part.size());
    if (part != wanted)
      return blame("sink " + std::to_string(index) + " got something else of "
                   + std::to_string(x.current) + " after byte "
                   + std::to_string(stream.arrived));
    stream.arrived += part.size();
    x.parsed += part.size();
    x.frame_left -= part.size();
  }
}

void chain_world::audit_bounds() {
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    auto& bounds = bounds_.stages[i];
    if (auto most = bounds.mailbox_messages)
      fullest_ =
          std::max(fullest_, static_cast<double>(stages_[i].flow->queued())
                                 / static_cast<double>(*most));
    compare(stages_[i].flow->queued(), bounds.mailbox_messages, "stage", i);
    if (helpers_[i].flow != nullptr)
      compare(helpers_[i].flow->queued(), bounds.helper_messages, "helper", i);
  }
  compare(*cargo_, bounds_.piece_bytes, "chain", 0);
  for (std::size_t i = 0; i < sinks_.size(); ++i) {
    auto& sink = sinks_[i];
    auto& counts = sink.self->counts();
    if (counts.accepted
        != counts.written + sink.self->queued() + counts.returned)
      blame("the accounts of sink " + std::to_string(i) + " are wrong");
    if (sink.self->state() < net::stream_state::failing)
      compare(sink.log->sent_bytes - counts.accepted + sink.self->queued(),
              bounds_.sinks[i], "sink", i);
  }
}

/// How far each near peer is ahead of each far one.
void chain_world::audit_distance() {
  for (std::size_t i = 0; i < sources_.size(); ++i)
    for (std::size_t k = 0; k < sinks_.size(); ++k) {
      auto& stream = sinks_[k].streams[i];
      // Of what it was given, the part that has come out.
      auto out = stream.expected.empty()
                     ? 0
                     : plan_.sources[i].offered_bytes * stream.arrived
                           / stream.expected.size();
      auto in = sources_[i].near.sent();
      compare(in - std::min(in, out),
              bounds_.ahead_bytes(plan_, i, k, kernel_bytes_), "source", i);
    }
}

void chain_world::audit_end() {
  auto left = [&](const flow_node& x, const char* what, std::size_t index) {
    if (x.flow == nullptr
        || caf::actor_cast<caf::abstract_actor*>(x.actor)->getf(
            caf::abstract_actor::is_terminated_flag))
      return;
    if (x.flow->queued() > 0 || x.flow->overloaded() || x.flow->paused()
        || x.flow->holding() > 0 || x.flow->held_by() > 0)
      blame(std::string{what} + " " + std::to_string(index)
            + " is left with something");
  };
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    left(stages_[i], "stage", i);
    left(helpers_[i], "helper", i);
  }
  auto held = actors::list_pressure(run_.system());
  if (!held.edges.empty())
    blame("in the end " + to_text(held));
  if (*cargo_ != 0)
    blame(std::to_string(*cargo_) + " bytes are left in pieces");
  std::uint64_t sent = 0;
  std::uint64_t written = 0;
  for (std::size_t i = 0; i < sinks_.size(); ++i) {
    auto& sink = sinks_[i];
    auto& counts = sink.self->counts();
    sent += sink.log->sent_bytes;
    written += counts.written;
    if (counts.accepted != counts.written + counts.returned)
      blame("sink " + std::to_string(i) + " has lost bytes");
    if (!complete_)
      continue;
    if (!sink.how || !net::is_orderly(sink.how->reason)
        || sink.how->unsent != 0)
      blame("sink " + std::to_string(i) + " has not ended well");
    for (auto& stream : sink.streams)
      if (stream.arrived != stream.expected.size())
        blame("not everything has arrived at sink " + std::to_string(i));
  }
  // What comes back to the dead is not counted.
  auto all_live = std::ranges::none_of(stages_, [](const flow_node& x) {
    return caf::actor_cast<caf::abstract_actor*>(x.actor)->getf(
        caf::abstract_actor::is_terminated_flag);
  });
  if (all_live && sent != written + returned_->bytes)
    blame("of " + std::to_string(sent) + " bytes " + std::to_string(written)
          + " were written, " + std::to_string(returned_->bytes)
          + " came back");
}

} // namespace sluice::testing
