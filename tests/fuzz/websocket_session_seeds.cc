// Writes well-formed streams of a client and of a server, one for each kind of
// frame and a whole conversation, and headers with lengths at the edges of 64
// bits, into a folder: where websocket_session_fuzz starts from.

#include "net/websocket/session.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace {

using namespace sluice::net::websocket;
using sluice::runtime::byte_slice;

std::string bytes(const std::optional<frame>& x) {
  return std::string{x->header.view()}.append(x->payload.view());
}

std::vector<std::string> streams(role who) {
  session_options options;
  options.role = who;
  options.make_mask = [] { return mask_key{1, 2, 3, 4}; };
  auto text = byte_slice::copy("h\xc3\xa4llo \xe2\x82\xac \xf0\x9f\x8c\x8a");
  std::vector<std::string> result;
  session one{options};
  result.push_back(bytes(one.send(message_kind::text, text)));
  result.push_back(bytes(
      one.send(message_kind::binary, byte_slice::copy(std::string(300, 'x')))));
  result.push_back(bytes(one.ping(byte_slice::copy("there?"))));
  auto fragments = bytes(one.begin(message_kind::text, text.sub(0, 2)));
  fragments += bytes(one.ping());
  fragments += bytes(one.send_more(text.sub(2, 3)));
  fragments += bytes(one.send_more(text.sub(5), true));
  result.push_back(fragments);
  auto all = result[0] + result[1] + result[2] + fragments;
  result.push_back(all
                   + bytes(one.close(close_code::normal, "bye \xe2\x82\xac")));
  session two{options};
  result.push_back(bytes(two.close(close_code::service_restart)));
  session three{options};
  result.push_back(bytes(three.close(close_code::no_status)));
  return result;
}

/// Fragments of a text, then one that claims 2^64 - `below` bytes: with its
/// header, of 10 bytes or masked of 14, the frame would have few, or none.
std::string claim(role who, std::uint64_t below) {
  session_options options;
  options.role = who;
  options.make_mask = [] { return mask_key{}; };
  session one{options};
  auto result = bytes(one.begin(message_kind::text, byte_slice::copy("h\xc3")));
  result += bytes(one.ping());
  result += bytes(one.send_more(byte_slice::copy("\xa4")));
  result += '\0'; // a continuation
  result += who == role::client ? '\xff' : '\x7f';
  for (int shift = 56; shift >= 0; shift -= 8)
    result += static_cast<char>((0 - below) >> shift);
  return result.append(100, '\0');
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: websocket_session_seeds FOLDER\n", stderr);
    return EXIT_FAILURE;
  }
  auto seeds = streams(role::server);
  for (auto& x : streams(role::client))
    seeds.push_back(x);
  for (auto who : {role::server, role::client})
    for (std::uint64_t below : {1, 9, 10, 13, 14})
      seeds.push_back(claim(who, below));
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    std::ofstream file{argv[1] + ("/" + std::to_string(i)), std::ios::binary};
    file << '\n' << seeds[i]; // the size of the pieces, and the stream
    if (!file.flush()) {
      std::fprintf(stderr, "%s: cannot be written\n", argv[1]);
      return EXIT_FAILURE;
    }
  }
}
