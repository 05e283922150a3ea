#pragma once

// What the pipeline allows, with the reasons; the unit is the last word of a
// name.
//
// Thread rule: constants.

#include <cstddef>

namespace sluice::examples::pipeline {

/// One read. `parse` sends all the lines of a chunk at once, so this also
/// bounds how far it can get past the mark of the next stage.
inline constexpr std::size_t chunk_bytes = 16 * 1024;

/// Chunks that wait for `parse`: they are large, so few of them.
inline constexpr std::size_t chunks_high = 2;
inline constexpr std::size_t chunks_low = 1;

/// Bytes that wait for the descriptor: as for a connection.
inline constexpr std::size_t write_high_bytes = 64 * 1024;
inline constexpr std::size_t write_low_bytes = 32 * 1024;

/// Slices gathered into one writev; as for a connection.
inline constexpr std::size_t write_gather_slices = 64;

} // namespace sluice::examples::pipeline
