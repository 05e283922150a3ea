// What framing costs: nanoseconds per frame (time_per_frame) for each codec,
// by the codec alone and with the framer around it, and for the commands of
// redis-benchmark from bytes to reply.

#include "net/framer.h"
#include "net/length_prefix_codec.h"
#include "net/line_codec.h"
#include "net/resp.h"
#include "net/resp_codec.h"
#include "runtime/limits.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace sluice::net {
namespace {

using runtime::byte_slice;
namespace limits = runtime::limits;

constexpr std::size_t stream_bytes = 1024 * 1024;

// As redis-benchmark sends it by default.
const std::string set_command =
    "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000042\r\n$3\r\nxxx\r\n";
const std::string get_command =
    "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000042\r\n";

void report(benchmark::State& state, std::size_t frames) {
  state.counters["time_per_frame"] = benchmark::Counter(
      static_cast<double>(frames),
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

std::unique_ptr<codec> line() {
  return std::make_unique<line_codec>(1 << 20);
}

std::unique_ptr<codec> u32() {
  return std::make_unique<length_prefix_codec>(length_format::u32_be);
}

std::unique_ptr<codec> varint() {
  return std::make_unique<length_prefix_codec>(length_format::varint);
}

std::unique_ptr<codec> resp() {
  return std::make_unique<resp_codec>(resp_side::commands);
}

std::unique_ptr<codec> resp_reply() {
  return std::make_unique<resp_codec>(resp_side::replies);
}

/// A frame with a payload of `size` bytes; for RESP a bulk string of that size,
/// in a command if `in_array`.
std::string frame_of(const codec& c, std::size_t size, bool is_resp,
                     bool in_array) {
  std::string payload(size, 'x');
  std::string out;
  if (is_resp) {
    if (in_array)
      append_array(out, 1);
    append_bulk(out, payload);
    return out;
  }
  auto around = c.wrap(size);
  out += around.head();
  out += payload;
  return out += around.tail();
}

std::string stream_of(const std::string& frame) {
  std::string out;
  do
    out += frame;
  while (out.size() + frame.size() <= stream_bytes);
  return out;
}

/// The stream as reads give it: each in a slab of its own.
std::vector<byte_slice> reads_of(const std::string& stream) {
  std::vector<byte_slice> reads;
  for (std::size_t i = 0; i < stream.size(); i += limits::read_slab_bytes) {
    auto size = std::min(stream.size() - i, limits::read_slab_bytes);
    auto slab = runtime::slab::make(limits::read_slab_bytes);
    std::memcpy(slab->data(), stream.data() + i, size);
    reads.emplace_back(std::move(slab), 0, size);
  }
  return reads;
}

template <class Make>
void decode(benchmark::State& state, Make make, bool is_resp, bool in_array) {
  auto c = make();
  auto size = static_cast<std::size_t>(state.range(0));
  auto stream = stream_of(frame_of(*c, size, is_resp, in_array));
  std::size_t frames = 0;
  for (auto _ : state) {
    std::string_view rest = stream;
    while (!rest.empty()) {
      auto found = c->decode(rest);
      benchmark::DoNotOptimize(found);
      rest.remove_prefix(found.consumed);
      ++frames;
    }
  }
  report(state, frames);
}

template <class Make>
void frame(benchmark::State& state, Make make, bool is_resp, bool in_array) {
  framer f{make()};
  auto size = static_cast<std::size_t>(state.range(0));
  auto reads =
      reads_of(stream_of(frame_of(f.codec(), size, is_resp, in_array)));
  std::size_t frames = 0;
  byte_slice found;
  for (auto _ : state) {
    for (auto& bytes : reads) {
      f.feed(bytes);
      for (; f.next(found); ++frames)
        benchmark::DoNotOptimize(found.data());
    }
  }
  report(state, frames);
}

#define SIZES ->Arg(16)->Arg(1024)->Arg(64 * 1024)
BENCHMARK_CAPTURE(decode, line, line, false, false) SIZES;
BENCHMARK_CAPTURE(decode, u32, u32, false, false) SIZES;
BENCHMARK_CAPTURE(decode, varint, varint, false, false) SIZES;
BENCHMARK_CAPTURE(decode, resp_command, resp, true, true) SIZES;
BENCHMARK_CAPTURE(decode, resp_reply, resp_reply, true, false) SIZES;
BENCHMARK_CAPTURE(frame, line, line, false, false) SIZES;
BENCHMARK_CAPTURE(frame, u32, u32, false, false) SIZES;
BENCHMARK_CAPTURE(frame, varint, varint, false, false) SIZES;
BENCHMARK_CAPTURE(frame, resp_command, resp, true, true) SIZES;
BENCHMARK_CAPTURE(frame, resp_reply, resp_reply, true, false) SIZES;
#undef SIZES

// -- what a Redis-compatible server does for each command
// ----------------------

void redis_decode(benchmark::State& state, const std::string& command) {
  auto c = resp();
  auto stream = stream_of(command);
  std::size_t frames = 0;
  for (auto _ : state) {
    std::string_view rest = stream;
    for (; !rest.empty(); ++frames)
      rest.remove_prefix(c->decode(rest).consumed);
  }
  report(state, frames);
}
BENCHMARK_CAPTURE(redis_decode, set, set_command);
BENCHMARK_CAPTURE(redis_decode, get, get_command);

void redis_split(benchmark::State& state, const std::string& command) {
  std::vector<std::string_view> args;
  std::string unescaped;
  std::size_t frames = 0;
  for (auto _ : state) {
    auto wrong = split_command(command, args, unescaped);
    benchmark::DoNotOptimize(wrong);
    benchmark::DoNotOptimize(args.data());
    ++frames;
  }
  report(state, frames);
}
BENCHMARK_CAPTURE(redis_split, set, set_command);
BENCHMARK_CAPTURE(redis_split, get, get_command);
BENCHMARK_CAPTURE(redis_split, inline_set, "SET key:000000000042 xxx\r\n");

/// Bytes to reply, reads of `range(0)` commands: 1 as without pipelining, 16 as
/// with -P 16.
void redis_serve(benchmark::State& state, const std::string& command) {
  framer f{resp()};
  std::string pipeline;
  for (auto n = state.range(0); n > 0; --n)
    pipeline += command;
  auto read = byte_slice::copy(pipeline);
  std::vector<std::string_view> args;
  std::string unescaped;
  std::string out;
  std::size_t frames = 0;
  byte_slice found;
  for (auto _ : state) {
    f.feed(read);
    for (; f.next(found); ++frames) {
      auto wrong = split_command(found.view(), args, unescaped);
      benchmark::DoNotOptimize(wrong);
      if (args.size() == 3)
        append_simple(out, "OK");
      else
        append_bulk(out, "xxx");
    }
    benchmark::DoNotOptimize(out.data());
    out.clear();
  }
  report(state, frames);
}
BENCHMARK_CAPTURE(redis_serve, set, set_command)->Arg(1)->Arg(16);
BENCHMARK_CAPTURE(redis_serve, get, get_command)->Arg(1)->Arg(16);

/// The worst way to send a command.
void redis_bytewise(benchmark::State& state) {
  framer f{resp()};
  std::vector<byte_slice> reads;
  for (char c : set_command)
    reads.push_back(byte_slice::copy({&c, 1}));
  std::size_t frames = 0;
  byte_slice found;
  for (auto _ : state)
    for (auto& bytes : reads) {
      f.feed(bytes);
      frames += f.next(found);
    }
  report(state, frames);
}
BENCHMARK(redis_bytewise);

} // namespace
} // namespace sluice::net
