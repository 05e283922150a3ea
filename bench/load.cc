// The load generator: judges echo and sink servers from outside. Uses no code
// of Sluice's. Each job ends by itself; the result is one line on stdout.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "bench/echo_load.h"
#include "bench/hold_load.h"
#include "bench/loopback.h"
#include "bench/pattern.h"

namespace {

using namespace sluice::bench;

int run_echo_job(const echo_options& options) {
  auto result = run_echo(options);
  auto us = [&](double percent) {
    return static_cast<double>(result.latency_ns.percentile(percent)) / 1e3;
  };
  auto per_second = result.elapsed_s > 0 ? static_cast<double>(result.messages)
                                               / result.elapsed_s
                                         : 0.0;
  std::printf(
      "{\"connections\": %u, \"bytes\": %zu, \"pipelined\": %u, "
      "\"messages\": %llu, \"messages_total\": %llu, \"seconds\": %.4f, "
      "\"messages_per_s\": %.1f, \"mb_per_s\": %.1f, \"p50_us\": %.1f, "
      "\"p99_us\": %.1f, \"max_us\": %.1f, \"server_cpu_s\": %.4f, "
      "\"server_waited_s\": %.4f, \"client_cpu_s\": %.4f, "
      "\"client_waited_s\": %.4f, \"fault\": %s%s%s}\n",
      options.connections, options.message_bytes, options.pipelined,
      static_cast<unsigned long long>(result.messages),
      static_cast<unsigned long long>(result.messages_total), result.elapsed_s,
      per_second, per_second * static_cast<double>(options.message_bytes) / 1e6,
      us(50), us(99), static_cast<double>(result.latency_ns.max()) / 1e3,
      result.server_cpu.used_s, result.server_cpu.waited_s,
      result.client_cpu.used_s, result.client_cpu.waited_s,
      result.fault ? "\"" : "", result.fault ? result.fault : "null",
      result.fault ? "\"" : "");
  return result.fault ? 1 : 0;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Loads an echo or sink server on 127.0.0.1 and measures it."};
  app.require_subcommand(1);
  const CLI::Range seconds{0.0, 3600.0};
  uint16_t port = 0;
  double limit_s = 60;
  auto add_job = [&](const char* name, const char* what) {
    auto* job = app.add_subcommand(name, what);
    job->add_option("--port", port, "of the server")->required();
    return job;
  };

  echo_options echo;
  auto* echo_job =
      add_job("echo", "messages there and back; prints one line of JSON");
  echo_job->add_option("--connections", echo.connections)
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  echo_job->add_option("--bytes", echo.message_bytes, "of a message")
      ->check(CLI::Range(pattern::message_bytes_min, size_t{64} << 20))
      ->capture_default_str();
  echo_job
      ->add_option("--pipelined", echo.pipelined,
                   "messages on their way, per connection")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  echo_job->add_option("--warmup", echo.warmup_s, "seconds, not measured")
      ->check(seconds)
      ->capture_default_str();
  echo_job->add_option("--seconds", echo.measured_s, "that are measured")
      ->check(seconds)
      ->capture_default_str();
  echo_job->add_flag("--check-all", echo.check_all,
                     "compare every byte, not samples");
  echo_job->add_option("--watch-pid", echo.watched_pid,
                       "report this process's CPU time, too");

  unsigned idle_connections = 10'000;
  auto* idle_job = add_job(
      "idle", "opens connections, prints \"connected N\" and holds them until "
              "stdin ends; the line \"speak\" on stdin sends one message on "
              "each and prints \"spoke N\"");
  idle_job->add_option("--connections", idle_connections)
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  auto* never_job = add_job("never-read", "opens one connection and never "
                                          "reads from it, until stdin ends");
  for (auto* job : {idle_job, never_job})
    job->add_option("--seconds", limit_s, "at most, even if stdin stays open")
        ->check(seconds)
        ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  raise_descriptor_limit();
  echo.port = port;
  if (echo_job->parsed())
    return run_echo_job(echo);
  if (idle_job->parsed())
    return hold_idle(port, idle_connections, limit_s) ? 0 : 1;
  never_read(port, limit_s);
  return 0;
}
