#include "actors/remote/forward.h"

#include "actors/rejected_message.h"

#include <caf/atom.hpp>

namespace sluice::actors::remote {

std::optional<forward> forward_in(const caf::type_erased_tuple& x) {
  using stages = std::vector<caf::strong_actor_ptr>;
  // A token holds the last five types of a message, so that it says all but
  // what the first is; and it is one comparison, for each message that the
  // broker gets.
  constexpr auto token =
      caf::make_type_token<caf::atom_value, caf::strong_actor_ptr, stages,
                           caf::strong_actor_ptr, caf::message_id,
                           caf::message>();
  if (x.type_token() != token || x.size() != 6
      || !x.match_element<caf::atom_value>(0)
      || x.get_as<caf::atom_value>(0) != caf::atom("forward"))
    return std::nullopt;
  return forward{x.get_as<caf::strong_actor_ptr>(1), x.get_as<stages>(2),
                 x.get_as<caf::strong_actor_ptr>(3),
                 x.get_as<caf::message_id>(4), x.get_as<caf::message>(5)};
}

bool may_refuse(const forward& x) {
  return x.id.is_normal_message() && !x.is_link()
         && actors::may_refuse(*x.element());
}

} // namespace sluice::actors::remote
