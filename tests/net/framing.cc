#include "tests/net/framing.h"

#include "runtime/error.h"

#include <algorithm>
#include <cstring>

namespace sluice::testing {

namespace {

using runtime::byte_slice;

void take_frames(net::framer& framer, framed& out) {
  byte_slice frame;
  while (framer.next(frame))
    out.frames.push_back(frame.str());
}

framed result(const net::framer& framer, framed out) {
  if (framer.error())
    out.error = runtime::to_text(framer.error());
  out.buffered = framer.buffered();
  return out;
}

} // namespace

std::ostream& operator<<(std::ostream& out, const framed& x) {
  out << x.frames.size() << " frames of";
  for (std::size_t i = 0; i < std::min<std::size_t>(x.frames.size(), 20); ++i)
    out << ' ' << x.frames[i].size();
  return out << " bytes, " << x.buffered << " buffered, error \"" << x.error
             << '"';
}

framed frame_whole(const make_codec& make, std::string_view stream) {
  net::framer framer{make()};
  framed out;
  framer.feed(byte_slice::copy(stream));
  take_frames(framer, out);
  return result(framer, std::move(out));
}

framed frame_bytewise(const make_codec& make, std::string_view stream) {
  net::framer framer{make()};
  framed out;
  for (char c : stream) {
    framer.feed(byte_slice::copy({&c, 1}));
    take_frames(framer, out);
  }
  return result(framer, std::move(out));
}

framed frame_in_pieces(const make_codec& make, std::string_view stream,
                       random_source& random) {
  net::framer framer{make()};
  framed out;
  auto slab = runtime::slab::make(std::max<std::size_t>(stream.size(), 1));
  std::memcpy(slab->data(), stream.data(), stream.size());
  std::size_t done = 0;
  auto longest =
      random.size_between(1, std::max<std::size_t>(stream.size(), 1));
  while (done < stream.size()) {
    auto size = std::min(random.size_between(1, longest), stream.size() - done);
    framer.feed(random.per_mille(500)
                    ? byte_slice{slab, done, size}
                    : byte_slice::copy(stream.substr(done, size)));
    done += size;
    if (random.per_mille(900))
      take_frames(framer, out);
    if (random.per_mille(50))
      framer.compact();
  }
  take_frames(framer, out);
  return result(framer, std::move(out));
}

std::string wrapped(const net::codec& codec, std::string_view payload) {
  auto around = codec.wrap(payload.size());
  std::string result{around.head()};
  result += payload;
  return result += around.tail();
}

std::string random_text(random_source& random, std::size_t size,
                        std::string_view alphabet) {
  std::string text(size, '\0');
  for (auto& c : text)
    c = alphabet.empty() ? static_cast<char>(random.below(256))
                         : alphabet[random.below(alphabet.size())];
  return text;
}

std::size_t frame_with_blanked_past(net::codec& codec, std::string_view stream,
                                    std::size_t step, std::size_t window) {
  std::string shown;
  std::size_t blanked = window;
  while (shown.size() < stream.size()) {
    for (; blanked + window < shown.size(); ++blanked)
      shown[blanked] = blanked % 2 == 0 ? '\n' : '\r';
    shown += stream.substr(shown.size(), step);
    auto found = codec.decode(shown);
    if (found.what != net::decoded::status::need_more)
      return found.what == net::decoded::status::frame ? found.size : 0;
  }
  return 0;
}

} // namespace sluice::testing
