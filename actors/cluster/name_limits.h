#pragma once

// The limits of names and topics of a cluster, with their reasons.
//
// Internal. Constants only.

#include <chrono>
#include <cstddef>

namespace sluice::runtime::limits {

using namespace std::chrono_literals;

/// Between two attempts of a keeper of names to reach another one, or to mend
/// what was lost between them.
inline constexpr std::chrono::milliseconds names_retry = 200ms;

/// How long a registration waits for those who decide: as long as it takes
/// until a silent member is down.
inline constexpr std::chrono::milliseconds names_claim_wait = 15'000ms;

/// Names of the actors of one node. Its whole list goes to each other node when
/// they connect: 3 MB with names of the usual length.
inline constexpr std::size_t names_per_node_max = 10'000;

/// Between two attempts of a bridge to go on after its link was lost.
inline constexpr std::chrono::milliseconds topic_retry = 200ms;

/// How often a topic looks whether its subscribers are still there, for the
/// other nodes.
inline constexpr std::chrono::milliseconds topic_census = 500ms;

/// How long a bridge stays when the other node has no subscriber any more:
/// several lost connections of the names, one after the other.
inline constexpr std::chrono::milliseconds topic_linger = 5'000ms;

/// What a bridge may have in flight, in messages: they fit into the mailbox of
/// the topic at the other end without filling it.
inline constexpr std::size_t topic_window_messages = 128;

/// Name of a topic: with what is put before it, it is a name of a registry.
inline constexpr std::size_t topic_name_bytes_max = 200;

} // namespace sluice::runtime::limits
