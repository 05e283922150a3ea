#pragma once

// command: what a page asks for, as its text says:
//
//   {"do":"slow","id":7,"node":"n2","bytes_per_s":1000}  0: as fast as it can
//   {"do":"cut","id":8,"node":"n1","peer":"n2"}
//   {"do":"heal","id":9}  all nodes    {"do":"heal","id":9,"node":"n1"}
//   {"do":"stop"|"cont"|"kill"|"start","id":10,"node":"n2"}
//
// Internal. Thread rule: pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::actors::observe {

enum class verb : std::uint8_t { slow, cut, heal, stop, cont, kill, start };

const char* to_string(verb x) noexcept;
std::optional<verb> verb_of(std::string_view name) noexcept;

/// Those that a launcher does.
constexpr bool is_for_launcher(verb x) {
  return x >= verb::stop;
}

struct command {
  verb what = verb::heal;
  std::uint64_t id = 0; // the page's own, comes back in the answer
  std::string node;     // empty: all, for heal alone
  std::string peer;     // of a cut
  std::uint64_t bytes_per_second = 0;
};

/// `text` as it came: of any length, from anybody. On failure `why` is a
/// sentence, and the id is the text's if that could be read.
std::optional<command> read_command(std::string_view text, std::uint64_t& id,
                                    std::string& why);

} // namespace sluice::actors::observe
