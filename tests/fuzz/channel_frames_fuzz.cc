// Whatever comes over a link: frames as they are cut, decoded, encoded again,
// and given to both ends of a channel. Nothing may crash, read what is not
// there, or be believed that goes over the credit.

#include "actors/channel/inlet_core.h"
#include "actors/channel/outlet_core.h"
#include "actors/channel/wire.h"
#include "runtime/panic.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace {

namespace channel = sluice::actors::channel;
namespace wire = sluice::actors::channel::wire;
using sluice::runtime::byte_slice;
using sluice::runtime::check;

constexpr std::size_t pushed = 20;
constexpr std::size_t window = 8;

template <class Frame>
constexpr bool encodable = requires(const Frame& x, std::string& out) {
  wire::encode(x, out);
};

/// What was decoded is encoded to bytes that decode to the same bytes again.
void round_trip(const wire::frame& x) {
  std::visit(
      [](const auto& y) {
        if constexpr (encodable<std::decay_t<decltype(y)>>) {
          std::string once;
          wire::encode(y, once);
          auto again =
              wire::decode(byte_slice::copy(once).sub(4, once.size() - 4));
          check(static_cast<bool>(again), "what was encoded does not decode");
          std::string twice;
          std::visit(
              [&](const auto& z) {
                if constexpr (encodable<std::decay_t<decltype(z)>>)
                  wire::encode(z, twice);
              },
              *again);
          check(once == twice, "a frame changes when it is encoded again");
        }
      },
      x);
}

class ends {
public:
  ends() : outlet_(0), inlet_(0, window, 1'000) {
    for (std::size_t i = 0; i < pushed; ++i)
      outlet_.push(std::string(i, 'x'));
    static_cast<void>(inlet_.open(0));
  }

  void take(const wire::frame& x) {
    if (auto frame = std::get_if<wire::opened>(&x))
      outlet_.open(*frame);
    else if (auto frame = std::get_if<wire::grant>(&x))
      static_cast<void>(outlet_.grant(*frame));
    else if (auto frame = std::get_if<wire::data>(&x))
      receive(*frame);
    else if (std::holds_alternative<wire::blocked>(x))
      inlet_.blocked();
    while (outlet_.take(100, taken_)) {
      std::size_t bytes = 0;
      for (auto& slice : taken_.slices)
        bytes += slice.size();
      check(bytes == taken_.bytes, "the outlet miscounts");
    }
    check(outlet_.confirmed() <= outlet_.sent()
              && outlet_.sent() <= outlet_.next() && outlet_.next() == pushed,
          "the outlet's positions are out of order");
  }

private:
  void receive(const wire::data& x) {
    std::size_t count = 0;
    std::size_t bytes = 0;
    wire::item_reader reader{x.items.view()};
    for (std::string_view item; reader.next(item); ++count)
      bytes += item.size() + wire::item_header_bytes;
    check(count == x.count && bytes == x.items.size(),
          "a data frame is not what its header says");
    if (inlet_.receive(x.first, x.count, bytes))
      return;
    check(inlet_.held_messages() <= window, "more than the window came in");
    // Every second frame is freed at once.
    if (x.count % 2 == 0)
      inlet_.free(x.first, x.count, bytes);
    if (inlet_.grant_due())
      static_cast<void>(inlet_.grant(0));
  }

  channel::outlet_core outlet_;
  channel::inlet_core inlet_;
  channel::outlet_core::taken taken_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  std::string_view rest{reinterpret_cast<const char*>(data), size};
  ends both;
  while (rest.size() >= 2) {
    // A length of two bytes, so that the fuzzer finds its way soon.
    std::size_t length = static_cast<unsigned char>(rest[0])
                         + 256u * static_cast<unsigned char>(rest[1]);
    rest.remove_prefix(2);
    auto text = rest.substr(0, length);
    rest.remove_prefix(text.size());
    auto frame = wire::decode(byte_slice::copy(text));
    if (!frame)
      continue;
    round_trip(*frame);
    both.take(*frame);
  }
  return 0;
}
