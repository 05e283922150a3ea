#include "net/reports.h"

#include "net/datagram_broker.h"
#include "net/listener.h"
#include "net/stream_broker.h"

#include <algorithm>
#include <tuple>

// An open broker holds itself until it retires, on the loop's thread: so the
// pointers that are found here stay good until this returns to the loop.

namespace sluice::net {

namespace {

using runtime::event_loop;
using runtime::loop_resident;
using runtime::resident_kind;

/// How urgent it is to show a connection.
struct candidate {
  bool pressed;
  std::uint64_t queued;
  const stream_broker* who;

  bool operator<(const candidate& x) const { // the first to be shown is least
    return std::tuple{x.pressed, x.queued, who->id()}
           < std::tuple{pressed, queued, x.who->id()};
  }
};

bool is_listed(const stream_broker& x) {
  return x.state() != stream_state::idle && x.state() != stream_state::closed;
}

template <class Broker, class Report>
std::vector<Report> report_all(event_loop& loop, resident_kind kind,
                               std::size_t count) {
  std::vector<const Broker*> found;
  loop.visit_residents(kind, [&](loop_resident& x) {
    auto& broker = static_cast<Broker&>(x);
    if (found.size() < count && broker.is_open())
      found.push_back(&broker);
  });
  std::vector<Report> result;
  for (auto x : found)
    result.push_back(x->report());
  return result;
}

} // namespace

std::vector<connection_report> report_connections(event_loop& loop,
                                                  std::size_t count) {
  std::vector<candidate> best; // a heap, of which the front is the first to go
  loop.visit_residents(resident_kind::connection, [&](loop_resident& x) {
    auto& broker = static_cast<stream_broker&>(x);
    if (!is_listed(broker) || count == 0)
      return;
    candidate one{broker.pressed(), broker.queued(), &broker};
    if (best.size() == count) {
      if (!(one < best.front()))
        return;
      std::ranges::pop_heap(best, std::less{});
      best.pop_back();
    }
    best.push_back(one);
    std::ranges::push_heap(best, std::less{});
  });
  std::ranges::sort_heap(best, std::less{});
  std::vector<connection_report> result;
  for (auto& x : best)
    result.push_back(x.who->report());
  return result;
}

std::size_t count_pressed_connections(event_loop& loop) {
  std::size_t result = 0;
  loop.visit_residents(resident_kind::connection, [&](loop_resident& x) {
    auto& broker = static_cast<stream_broker&>(x);
    result += is_listed(broker) && broker.pressed() ? 1 : 0;
  });
  return result;
}

std::vector<datagram_report> report_datagrams(event_loop& loop,
                                              std::size_t count) {
  return report_all<datagram_broker, datagram_report>(
      loop, resident_kind::datagram_socket, count);
}

std::vector<listener_report> report_listeners(event_loop& loop,
                                              std::size_t count) {
  return report_all<listener, listener_report>(loop, resident_kind::listener,
                                               count);
}

} // namespace sluice::net
