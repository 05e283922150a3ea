#include "examples/pipeline/stages.h"

#include "examples/pipeline/limits.h"
#include "examples/pipeline/messages.h"
#include "net/commands.h"

#include <cstdio>
#include <memory>

namespace sluice::examples::pipeline {

using actors::flow_actor;

// [parse]
caf::behavior parse(flow_actor* self, const caf::actor& next) {
  auto starts = std::make_shared<bool>(true);
  return {
      [=](chunk& x) {
        while (!x.bytes.empty()) {
          auto end = x.bytes.view().find('\n');
          auto whole = end != std::string_view::npos;
          auto text = whole ? x.bytes.sub(0, end + 1) : x.bytes;
          x.bytes.remove_prefix(text.size());
          self->send(next, line{std::move(text), *starts});
          *starts = whole;
        }
      },
      [=](end_of_input x) { self->send(next, x); },
  };
}
// [/parse]

caf::behavior enrich(flow_actor* self, const caf::actor& next,
                     progress* shared) {
  return {
      [=](line& x) {
        x.number = shared->lines += x.starts ? 1 : 0;
        self->send(next, std::move(x));
      },
      [=](end_of_input x) { self->send(next, x); },
  };
}

namespace {

/// As `cat -n` does it.
byte_slice number_text(std::uint64_t number) {
  char text[24];
  auto size = std::snprintf(text, sizeof text, "%6llu\t",
                            static_cast<unsigned long long>(number));
  return byte_slice::copy({text, static_cast<std::size_t>(size)});
}

/// What the sink has handed to the writer, and the writer not written. The
/// writer could say when it is too much, but its loop would have to have a turn
/// before: the sink holds itself, and the next line waits in its mailbox.
class on_their_way {
public:
  on_their_way(flow_actor* self, caf::actor writer, progress* shared)
      : self_(self), writer_(std::move(writer)), shared_(shared) {}

  void send(byte_slice bytes) {
    count_ += bytes.size();
    self_->send(writer_, net::write{std::move(bytes)});
    if (count_ >= write_high_bytes && !held_) {
      held_ = true;
      ++shared_->sink_held;
      self_->hold_mailbox();
    }
    show();
  }

  void taken(std::size_t bytes) {
    count_ -= bytes;
    if (count_ <= write_low_bytes && held_) {
      held_ = false;
      self_->release_mailbox();
    }
    show();
  }

private:
  void show() {
    shared_->bytes_waiting = count_;
    if (count_ > shared_->bytes_waiting_peak)
      shared_->bytes_waiting_peak = count_;
  }

  flow_actor* self_;
  caf::actor writer_;
  progress* shared_;
  std::size_t count_ = 0;
  bool held_ = false;
};

} // namespace

// [sink]
caf::behavior sink(flow_actor* self, const caf::actor& writer, bool numbers,
                   progress* shared) {
  auto out = std::make_shared<on_their_way>(self, writer, shared);
  return {
      [=](line& x) {
        if (numbers && x.starts)
          out->send(number_text(x.number));
        out->send(std::move(x.text));
      },
      [=](taken x) { out->taken(x.bytes); },
      [=](end_of_input x) { self->send(writer, x); },
  };
}
// [/sink]

} // namespace sluice::examples::pipeline
