#include "actors/metrics/sample.h"

namespace sluice::actors::metrics {

loop_sample loop_sample::of(runtime::event_loop& loop) {
  auto& totals = net::totals_of(loop);
  return {loop.stats(), loop.residents(), totals.streams, totals.datagrams,
          totals.listeners};
}

} // namespace sluice::actors::metrics
