#include "actors/cluster/member.h"

namespace sluice::actors::cluster {

const char* to_string(change_kind x) noexcept {
  switch (x) {
  case change_kind::joined:
    return "joined";
  case change_kind::suspected:
    return "suspected";
  case change_kind::trusted:
    return "trusted";
  case change_kind::left:
    return "left";
  case change_kind::down:
    return "down";
  }
  return "unknown";
}

const char* event_name(change_kind x) noexcept {
  switch (x) {
  case change_kind::joined:
    return "sluice.node_joined";
  case change_kind::suspected:
    return "sluice.node_suspected";
  case change_kind::trusted:
    return "sluice.node_trusted";
  case change_kind::left:
    return "sluice.node_left";
  case change_kind::down:
    return "sluice.node_down";
  }
  return "sluice.node_event";
}

} // namespace sluice::actors::cluster
