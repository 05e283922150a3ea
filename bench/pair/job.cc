#include "bench/pair/job.h"

#include "bench/pair/load.h"

#include <cstdio>
#include <map>

namespace sluice::bench::pair {

namespace {

void wait_for_line() {
  int c = 0;
  while ((c = std::getchar()) != EOF && c != '\n') {
  }
}

// Faults are texts of our own or of a library about sockets: quotes at worst.
std::string quoted(const std::string& text) {
  if (text.empty())
    return "null";
  std::string result = "\"";
  for (char c : text) {
    auto printable = static_cast<unsigned char>(c) >= 0x20;
    if (c == '"' || c == '\\')
      result += '\\';
    result += printable ? c : ' ';
  }
  return result + '"';
}

} // namespace

const char* to_string(job x) {
  switch (x) {
  case job::stream:
    return "stream";
  case job::bulk:
    return "bulk";
  case job::ping:
    return "ping";
  case job::slow:
    return "slow";
  }
  return "none";
}

void add_pair_options(CLI::App& app, pair_options& options,
                      const std::vector<job>& jobs) {
  std::map<std::string, job> names;
  for (auto x : jobs)
    names[to_string(x)] = x;
  app.require_subcommand(1);
  app.fallthrough();
  auto* receive = app.add_subcommand(
      "receive", "prints `listening PORT`, and does what the sender wants");
  receive->add_option("--port", options.port, "0 lets the system choose");
  auto* send = app.add_subcommand("send", "sends, and prints what it measured");
  send->callback([&options] { options.sends = true; });
  send->add_option("--port", options.port, "of the receiver")->required();
  send->add_option("--job", options.what)
      ->required()
      ->transform(CLI::CheckedTransformer(names));
  send->add_option("--seconds", options.seconds, "to send for")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  send->add_option("--count", options.count,
                   "messages at most; 0: what the time allows")
      ->capture_default_str();
}

void await_start(const pair_options& options) {
  if (options.what != job::slow)
    return;
  std::puts("ready");
  std::fflush(stdout);
  wait_for_line();
}

int finish(const pair_options& options, const job_result& result) {
  auto rate = result.seconds > 0
                  ? static_cast<double>(result.messages) / result.seconds
                  : 0.0;
  auto us = [&](double percent) {
    return static_cast<double>(result.latency_ns.percentile(percent)) / 1e3;
  };
  auto bytes = options.what == job::bulk ? block_bytes : sizeof(uint64_t);
  std::printf("{\"job\": \"%s\", \"messages\": %llu, \"seconds\": %.4f, "
              "\"rate\": %.1f, \"mb_per_s\": %.2f, \"p50_us\": %.1f, "
              "\"p99_us\": %.1f, \"fault\": %s}\n",
              to_string(options.what),
              static_cast<unsigned long long>(result.messages), result.seconds,
              rate, rate * static_cast<double>(bytes) / 1e6, us(50), us(99),
              quoted(result.fault).c_str());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return result.fault.empty() ? 0 : 1;
}

} // namespace sluice::bench::pair
