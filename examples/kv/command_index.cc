// find_command: on the way of every command, so no string is made and nothing
// is compared twice.

#include "examples/kv/command.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace sluice::examples::kv {

namespace {

constexpr std::size_t name_bytes_max = 16;

// A name in lower case and padded with zeros: two words to hash and compare.
// Names are letters, so setting one bit is all that lower case takes.
struct folded_name {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  explicit folded_name(std::string_view name) {
    std::array<char, name_bytes_max> text{};
    auto size = std::min(name.size(), text.size());
    for (std::size_t i = 0; i < size; ++i)
      text[i] = static_cast<char>(name[i] | 0x20);
    std::memcpy(&low, text.data(), 8);
    std::memcpy(&high, text.data() + 8, 8);
  }

  bool operator==(const folded_name&) const = default;

  std::size_t hash() const {
    return ((low ^ (high * 31)) * 0x9e3779b97f4a7c15U) >> 56U;
  }
};

// Every command by its name: a table with room enough that most look-ups end
// at the first place.
class command_index {
public:
  command_index() {
    for (const auto& group : command_groups())
      for (const auto& x : group.commands)
        insert(x);
  }

  const command* find(std::string_view name) const {
    if (name.size() > name_bytes_max)
      return nullptr;
    folded_name folded{name};
    for (auto i = folded.hash();; i = (i + 1) % places_.size())
      if (!places_[i].is || places_[i].name == folded)
        return places_[i].is;
  }

private:
  struct place {
    folded_name name{""};
    const command* is = nullptr;
  };

  void insert(const command& x) {
    folded_name folded{x.name};
    auto i = folded.hash();
    while (places_[i].is)
      i = (i + 1) % places_.size();
    places_[i] = {folded, &x};
  }

  std::array<place, 256> places_{};
};

} // namespace

const command* find_command(std::string_view name) {
  static const command_index index;
  return index.find(name);
}

} // namespace sluice::examples::kv
