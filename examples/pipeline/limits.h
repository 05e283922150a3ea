#pragma once

// What the pipeline allows, with the reasons; the unit is the last word of a
// name.
//
// Thread rule: constants.

#include <cstddef>

namespace sluice::examples::pipeline {

/// Chunks that wait for `parse`: they are large, so few of them.
inline constexpr std::size_t chunks_high = 2;
inline constexpr std::size_t chunks_low = 1;

} // namespace sluice::examples::pipeline
