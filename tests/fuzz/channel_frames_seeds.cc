// Writes one well-formed input for each kind of frame, and a whole
// conversation, into a folder: where channel_frames_fuzz starts from.

#include "actors/channel/wire.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace {

namespace channel = sluice::actors::channel;
namespace wire = sluice::actors::channel::wire;

/// As channel_frames_fuzz reads it: behind a length of two bytes.
std::string input(const std::string& frame) {
  auto size = frame.size() - 4;
  std::string result;
  result += static_cast<char>(size & 255);
  result += static_cast<char>(size >> 8);
  return result + frame.substr(4);
}

template <class Frame>
std::string input(const Frame& x) {
  std::string text;
  wire::encode(x, text);
  return input(text);
}

std::string data(std::uint64_t first, std::vector<std::string> items) {
  std::string bytes;
  for (auto& x : items) {
    char header[wire::item_header_bytes];
    wire::put_item_header(x.size(), header);
    bytes.append(header, sizeof header);
    bytes += x;
  }
  std::string frame;
  wire::encode_data_header(1, first, static_cast<std::uint32_t>(items.size()),
                           bytes.size(), frame);
  return input(frame + bytes);
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: channel_frames_seeds FOLDER\n", stderr);
    return EXIT_FAILURE;
  }
  using channel::end_reason;
  const std::vector<std::string> seeds{
      input(wire::hello{1, 1, 7, 1'000, 10}),
      input(wire::welcome{1, 8, 1'000, 10}),
      input(wire::refuse{end_reason::version_mismatch, "why"}),
      input(wire::ping{1}),
      input(wire::pong{1}),
      input(wire::open{1, {7, 1}, 0, 20, "name", "type"}),
      data(0, {"a", "", "bcd"}),
      data(0, {"a"}) + data(1, {"b", "c"}) + input(wire::blocked{1}),
      input(wire::end{1, 20}),
      input(wire::opened{1, 0, 0, 0, 8, 1'000, 8, 1'000}),
      input(wire::opened{1, 0, 0, 0, 8, 1'000, 8, 1'000})
          + input(wire::grant{1, 8, 20, 2'000}),
      input(wire::refused{1, end_reason::unknown_name, "nobody"}),
      input(wire::finished{1}),
      input(wire::close{1, end_reason::cancelled, "enough"}),
  };
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    std::ofstream file{argv[1] + ("/" + std::to_string(i)), std::ios::binary};
    file << seeds[i];
    if (!file.flush()) {
      std::fprintf(stderr, "%s: cannot be written\n", argv[1]);
      return EXIT_FAILURE;
    }
  }
}
