#include "examples/relay/stages.h"

#include "examples/relay/digest.h"
#include "examples/relay/forwarder.h"
#include "examples/relay/part.h"
#include "examples/support/chunk.h"
#include "examples/support/write_budget.h"
#include "runtime/error.h"

#include <memory>

namespace sluice::examples::relay {

using actors::flow_actor;
using actors::channel::batch;
using actors::channel::host;
using actors::channel::inlet;
using actors::channel::inlet_closed;
using actors::channel::inlet_ended;
using actors::channel::inlet_interrupted;
using actors::channel::inlet_opened;
using support::chunk;
using support::end_of_input;
using support::taken;

namespace {

/// The part of an actor that receives from the process before.
class intake {
public:
  intake(flow_actor* self, host& channels, status& shared)
      : self_(self), shared_(shared) {
    auto in = channels.open_inlet<part>(self, channel_name);
    if (in)
      in_ = std::move(*in);
    else
      shared_.end(runtime::to_text(in.error()));
  }

  /// What the inlet says when all is not well.
  caf::message_handler events() {
    return {
        [this](const inlet_opened&) { ++times_open_; },
        [this](const inlet_interrupted& x) {
          auto times = ++times_open_;
          self_->delayed_send<caf::message_priority::high>(
              self_, shared_.patience + std::chrono::seconds{1},
              caf::make_message(given_up::value, times, x.error));
        },
        [this](given_up, int times, const caf::error& why) {
          if (times == times_open_)
            shared_.end(runtime::to_text(why));
        },
        [this](const inlet_closed& x) {
          shared_.end(runtime::to_text(x.error));
        },
    };
  }

private:
  using given_up = caf::atom_constant<caf::atom("given up")>;

  flow_actor* self_;
  status& shared_;
  inlet<part> in_;
  int times_open_ = 0;
};

struct source_state {
  forwarder next;
  digest sum;
};

struct hop_state {
  forwarder next;
  intake before;
};

struct sink_state {
  intake before;
  support::write_budget<flow_actor> out;
  digest sum;
  std::string expected;
};

} // namespace

// [source]
caf::behavior source(flow_actor* self, host* channels, const std::string& to,
                     status* shared) {
  auto state = std::make_shared<source_state>(
      source_state{{self, *channels, to, *shared}, {}});
  caf::message_handler stream{
      [=](const chunk& x) {
        state->sum.add(x.bytes.view());
        state->next.push({x.bytes, {}});
      },
      [=](end_of_input) {
        shared->sha256 = state->sum.finish();
        state->next.push({{}, shared->sha256});
        state->next.finish();
      },
      [=](look) { state->next.look(); },
  };
  return stream.or_else(state->next.events());
}
// [/source]

// [hop]
caf::behavior hop(flow_actor* self, host* channels, const std::string& to,
                  status* shared) {
  auto state = std::make_shared<hop_state>(
      hop_state{{self, *channels, to, *shared}, {self, *channels, *shared}});
  caf::message_handler stream{
      [=](const batch<part>& parts) {
        for (auto& x : parts) {
          shared->bytes_received += x.bytes.size();
          state->next.push(x);
        }
      },
      [=](const inlet_ended&) { state->next.finish(); },
      [=](look) { state->next.look(); },
  };
  return stream.or_else(state->next.events()).or_else(state->before.events());
}
// [/hop]

// [sink]
caf::behavior sink(flow_actor* self, host* channels, const caf::actor& writer,
                   status* shared) {
  auto state = std::make_shared<sink_state>(
      sink_state{{self, *channels, *shared}, {self, writer, shared}, {}, {}});
  caf::message_handler stream{
      [=](const batch<part>& parts) {
        for (auto& x : parts) {
          shared->bytes_received += x.bytes.size();
          state->sum.add(x.bytes.view());
          if (!x.bytes.empty())
            state->out.send(x.bytes);
          if (!x.sha256.empty())
            state->expected = x.sha256;
        }
      },
      [=](taken x) { state->out.took(x); },
      [=](const inlet_ended&) {
        shared->sha256 = state->sum.finish();
        if (shared->sha256 != state->expected)
          return shared->end("the SHA-256 of the source is " + state->expected
                             + ", and here it is " + shared->sha256);
        state->out.send(end_of_input{});
      },
      [=](look) {},
  };
  return stream.or_else(state->before.events());
}
// [/sink]

} // namespace sluice::examples::relay
