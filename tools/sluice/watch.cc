#include "tools/sluice/commands.h"
#include "tools/sluice/control.h"
#include "tools/sluice/status_view.h"
#include "tools/sluice/top_view.h"
#include "tools/sluice/up.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>

// The commands that look: once, or again and again.

namespace sluice::tools {

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

// Nodes have 1 s to answer; then there is a row without them.
constexpr auto look_deadline = 5'000ms;

// ANSI: to the upper left; to the end of the line, and of the screen.
constexpr auto home = "\x1b[H";
constexpr auto clear_screen = "\x1b[2J";
constexpr auto clear_line = "\x1b[K";
constexpr auto clear_rest = "\x1b[J";

struct look {
  std::vector<std::string> asks;
  json (*to_json)(const json& launcher);
  std::string (*to_text)(const json& shown);
};

/// Overwrites what is there, so that nothing flickers.
void draw(const std::string& text) {
  std::string screen = home;
  for (auto c : text) {
    if (c == '\n')
      screen += clear_line;
    screen += c;
  }
  screen += clear_rest;
  std::fwrite(screen.data(), 1, screen.size(), stdout);
}

/// False when a signal came that ends the watch.
bool pause_for(std::chrono::milliseconds x) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  timespec rest{x.count() / 1000, x.count() % 1000 * 1'000'000};
  return ::sigtimedwait(&signals, nullptr, &rest) < 0;
}

void block_end_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void show(const json& shown, const look& what, const view_options& options,
          bool on_screen) {
  if (options.json) {
    // One line for each look, for programs that read on.
    auto text = shown.dump(options.repeat ? -1 : 2, ' ', false,
                           json::error_handler_t::replace);
    std::printf("%s\n", text.c_str());
  } else if (on_screen) {
    draw(what.to_text(shown));
  } else {
    std::printf("%s%s", what.to_text(shown).c_str(),
                options.repeat ? "\n" : "");
  }
  std::fflush(stdout);
}

exit_code run(const place& where, const view_options& options,
              const look& what) {
  if (options.repeat)
    block_end_signals();
  auto on_screen = options.repeat && !options.json && ::isatty(STDOUT_FILENO);
  control launcher{where};
  if (on_screen)
    std::fputs(clear_screen, stdout);
  for (;;) {
    auto got =
        launcher.ask({{"do", "status"}, {"ask", what.asks}}, look_deadline);
    if (got.code != exit_code::ok)
      return fail(got.code, got.why);
    auto shown = what.to_json(got.content);
    show(shown, what, options, on_screen);
    if (std::ferror(stdout))
      return exit_code::ok; // nobody looks any more
    if (!options.repeat)
      return all_answer(shown) ? exit_code::ok : exit_code::no_answer;
    if (!pause_for(std::chrono::milliseconds{options.interval_ms}))
      return exit_code::ok;
  }
}

} // namespace

exit_code run_status(const place& where, const view_options& options) {
  return run(where, options, {{"status"}, status_json, status_text});
}

exit_code run_top(const place& where, const view_options& options) {
  return run(where, options, {{"status", "pressure"}, top_json, top_text});
}

} // namespace sluice::tools
