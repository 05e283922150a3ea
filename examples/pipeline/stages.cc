#include "examples/pipeline/stages.h"

#include "examples/pipeline/messages.h"
#include "examples/support/chunk.h"
#include "examples/support/write_budget.h"

#include <cstdio>
#include <memory>

namespace sluice::examples::pipeline {

using actors::flow_actor;
using runtime::byte_slice;
using support::chunk;
using support::end_of_input;
using support::taken;

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

} // namespace

caf::behavior sink(flow_actor* self, const caf::actor& writer, bool numbers,
                   progress* shared) {
  auto out =
      std::make_shared<support::write_budget<flow_actor>>(self, writer, shared);
  return {
      [=](line& x) {
        if (numbers && x.starts)
          out->send(number_text(x.number));
        out->send(std::move(x.text));
      },
      [=](taken x) { out->took(x); },
      [=](end_of_input x) { out->send(x); },
  };
}

} // namespace sluice::examples::pipeline
