#pragma once

// letter: what the nodes of a cluster say to each other about its members. Any
// of them may be lost, and what matters is said again.
//
// Internal. Thread rule: values.

#include "actors/cluster/member.h"
#include "actors/cluster/view.h"

#include <caf/meta/type_name.hpp>
#include <caf/sec.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

namespace sluice::actors::cluster {

/// To any member: the sender wants to be one.
struct join_request {};

/// The sender wants to join, too, and knows of no cluster; it would have the
/// node at `choice` begin one, if that is not empty.
struct seeking {
  std::string choice;
};

/// The sender cannot be a member, and need not ask again.
struct join_refused {
  std::string why;
};

/// Who keeps the list, as of `at`.
struct redirect {
  version at;
  std::string endpoint;
};

/// From a member to the seed: it lives, and has the list as of `at`. A letter
/// may have been under way for long, or have waited for a process that was
/// stopped: so each side has its own stamps come back, which say how old the
/// news is at most, by its own clock.
struct beat {
  version at;
  std::uint64_t stamp = 0;      // comes back
  std::uint64_t seed_stamp = 0; // the last one of the seed
  std::uint64_t term = 0;       // the last one that the sender voted in
};

struct beat_answer {
  std::uint64_t stamp = 0;
  std::uint64_t seed_stamp = 0; // comes back
};

/// The next change of the list.
struct list_changed {
  change what;
};

/// The list.
struct whole_list {
  view list;
  std::uint64_t seed_stamp = 0; // comes back
};

struct leave_request {};

/// The sender has lost the seed, and would follow the receiver in `term`.
struct vote {
  std::uint64_t term = 0;
  view last; // that the sender has
};

using letter_body =
    std::variant<join_request, seeking, join_refused, redirect, beat,
                 beat_answer, list_changed, whole_list, leave_request, vote>;

struct letter {
  member from;
  letter_body body;
};

/// Makes `x` hold a body of the kind with that number; false if there is none.
template <std::size_t I>
bool emplace_body(letter_body& x, std::size_t kind) {
  if constexpr (I == std::variant_size_v<letter_body>) {
    return false;
  } else {
    if (kind != I)
      return emplace_body<I + 1>(x, kind);
    x.emplace<I>();
    return true;
  }
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, join_request&) {
  return f(caf::meta::type_name("sluice.join_request"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, seeking& x) {
  return f(caf::meta::type_name("sluice.seeking"), x.choice);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, join_refused& x) {
  return f(caf::meta::type_name("sluice.join_refused"), x.why);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, redirect& x) {
  return f(caf::meta::type_name("sluice.redirect"), x.at, x.endpoint);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, beat& x) {
  return f(caf::meta::type_name("sluice.beat"), x.at, x.stamp, x.seed_stamp,
           x.term);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, beat_answer& x) {
  return f(caf::meta::type_name("sluice.beat_answer"), x.stamp, x.seed_stamp);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, list_changed& x) {
  return f(caf::meta::type_name("sluice.list_changed"), x.what);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, whole_list& x) {
  return f(caf::meta::type_name("sluice.whole_list"), x.list, x.seed_stamp);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, leave_request&) {
  return f(caf::meta::type_name("sluice.leave_request"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, vote& x) {
  return f(caf::meta::type_name("sluice.vote"), x.term, x.last);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, letter& x) {
  auto kind = static_cast<std::uint8_t>(x.body.index());
  if constexpr (Inspector::reads_state) {
    return std::visit(
        [&](auto& y) {
          return f(caf::meta::type_name("sluice.letter"), x.from, kind, y);
        },
        x.body);
  } else {
    if (auto err = f(x.from, kind))
      return err;
    if (!emplace_body<0>(x.body, kind))
      return caf::make_error(caf::sec::unknown_type);
    return std::visit([&](auto& y) { return f(y); }, x.body);
  }
}

} // namespace sluice::actors::cluster
