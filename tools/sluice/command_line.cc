#include "tools/sluice/command_line.h"

#include "tools/sluice/commands.h"
#include "tools/sluice/completion.h"
#include "tools/sluice/node_plan.h"
#include "tools/sluice/up.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::tools {

namespace {

constexpr auto etcd_default = "http://127.0.0.1:2379";

// What `slow` takes if no rate is given: a link that anybody notices.
constexpr std::uint64_t slow_bytes_per_s = 64 * 1024;

constexpr auto about =
    "Starts a cluster of nodes on this machine, shows how it is, and makes "
    "trouble\nfor it: killed, stopped, slow and cut-off nodes.";

constexpr auto app_footer = R"(
A first try:
  sluice up -d             three nodes, in the background
  sluice status --watch    who is a member, and what they hold
  sluice kill n2           see what becomes of its keys
  sluice start n2
  sluice down

`sluice COMMAND --help` says more. The cluster's files are in $SLUICE_DIR, or
$XDG_RUNTIME_DIR/sluice, or /tmp/sluice-UID; --dir takes another directory.

Exit codes: 0 ok; 1 failed; 2 bad command line, or no node of that name; 3 no
cluster runs there, or for `up`: one does; 4 the launcher or a node is there and
does not answer.)";

class command_line {
public:
  command_line();

  exit_code run(int argc, const char* const* argv);

private:
  using action = std::function<exit_code()>;

  CLI::App* add(const std::string& name, const std::string& description,
                const std::string& examples, action f);
  CLI::App* add_for_node(const std::string& name,
                         const std::string& description,
                         const std::string& examples, action f);
  void add_up();
  void add_views();
  void add_troubles();
  void add_completion();
  std::vector<command_words> words();
  std::string bad_command(const std::vector<std::string>& arguments);

  place where() const { return place{dir_}; }

  CLI::App app_{about, "sluice"};
  std::map<const CLI::App*, action> actions_;
  std::string dir_;
  up_options up_;
  view_options view_;
  double interval_s_ = 1;
  bool once_ = false;
  std::string node_;
  std::string peer_;
  std::string shell_;
  std::uint64_t rate_ = slow_bytes_per_s;
  CLI::Option* etcd_ = nullptr;
};

CLI::App* command_line::add(const std::string& name,
                            const std::string& description,
                            const std::string& examples, action f) {
  auto result = app_.add_subcommand(name, description);
  result->footer("\nExamples:\n" + examples);
  result->add_option("--dir", dir_, "the cluster's directory")
      ->type_name("DIR");
  actions_[result] = std::move(f);
  return result;
}

CLI::App* command_line::add_for_node(const std::string& name,
                                     const std::string& description,
                                     const std::string& examples, action f) {
  auto result = add(name, description, examples, std::move(f));
  result->add_option("NODE", node_, "n1, n2, ...")->required()->type_name("");
  return result;
}

command_line::command_line() {
  app_.footer(app_footer);
  app_.require_subcommand(1);
  app_.add_option("--dir", dir_, "the cluster's directory")->type_name("DIR");
  add_up();
  add_views();
  add_troubles();
  add_completion();
}

void command_line::add_up() {
  auto up = add(
      "up", "start a cluster of nodes, and keep it until Ctrl-C",
      "  sluice up                          three nodes; Ctrl-C ends them\n"
      "  sluice up --nodes 5 --port 7000    clients at 7000 to 7004\n"
      "  sluice up -d                       in the background; `sluice down`\n"
      "  sluice up --etcd                   membership from a running etcd\n"
      "  sluice up --program ./my_node -- --verbose\n"
      "                                     what follows -- goes to each node\n"
      "\n"
      "Nodes listen on 127.0.0.1: for clients at --port and the next ones, "
      "for\n"
      "each other 10000 above. What they say is in DIR/nN.log.",
      [this] {
        if (etcd_->count() > 0 && up_.etcd.empty())
          up_.etcd = etcd_default;
        up_.dir = dir_;
        return run_up(up_);
      });
  up->add_option("-n,--nodes", up_.nodes, "how many")
      ->capture_default_str()
      ->type_name("N");
  up->add_option("--program", up_.program,
                 "what each node runs; by default kv_cluster")
      ->type_name("PATH");
  up->add_option("--port", up_.port, "of the first node, for clients")
      ->capture_default_str()
      ->type_name("PORT");
  up->add_option("--page-port", up_.page_port,
                 "of the first node's page for browsers; 0: no pages")
      ->capture_default_str()
      ->type_name("PORT");
  etcd_ = up->add_option("--etcd", up_.etcd,
                         std::string{"membership from etcd; by default at "}
                             + etcd_default)
              ->expected(0, 1)
              ->type_name("[ENDPOINTS]");
  up->add_option("--wait", up_.wait_s,
                 "how long the nodes have until all are members")
      ->capture_default_str()
      ->check(CLI::Range(1, 3600))
      ->type_name("SECONDS");
  up->add_flag("--restart", up_.restart, "start nodes again that fail");
  up->add_flag("-d,--detach", up_.detach,
               "return when all nodes are members; they go on");
}

void command_line::add_views() {
  auto add_view = [this](CLI::App* x) {
    x->add_flag("--json", view_.json, "for programs");
    x->add_option("--interval", interval_s_, "between two looks")
        ->capture_default_str()
        ->check(CLI::Range(0.1, 3600.0))
        ->type_name("SECONDS");
  };
  auto status = add("status", "show the nodes: who is a member, what they hold",
                    "  sluice status\n"
                    "  sluice status --watch\n"
                    "  sluice status --json | jq '.nodes[].state'\n"
                    "\n"
                    "A node that does not answer within 1 s is shown with the "
                    "time since it\nlast did. Then the exit code is 4.",
                    [this] { return run_status(where(), view_); });
  add_view(status);
  status->add_flag("-w,--watch", view_.repeat, "again and again until Ctrl-C");
  auto top = add("top", "show rates, queues, and who is holding whom",
                 "  sluice top\n"
                 "  sluice top --once --json",
                 [this] { return run_top(where(), view_); });
  add_view(top);
  top->add_flag("--once", once_, "one look instead of many");
  add("nodes", "list the names of the nodes",
      "  for node in $(sluice nodes); do sluice slow $node --rate 1M; done",
      [this] { return run_nodes(where()); });
}

void command_line::add_troubles() {
  add("down", "end all nodes, the last one first, and their launcher",
      "  sluice down", [this] { return run_down(where()); });
  add_for_node("kill", "kill a node at once (SIGKILL)",
               "  sluice kill n2      `sluice start n2` starts it again",
               [this] { return run_signal(where(), node_, "KILL"); });
  add_for_node("stop", "stop a node where it is (SIGSTOP)",
               "  sluice stop n2      it falls silent; `sluice cont n2`",
               [this] { return run_signal(where(), node_, "STOP"); });
  add_for_node("cont", "let a stopped node go on (SIGCONT)", "  sluice cont n2",
               [this] { return run_signal(where(), node_, "CONT"); });
  add_for_node("start", "start a node again that has ended",
               "  sluice start n2     returns when it is a member",
               [this] { return run_start(where(), node_); });
  add_for_node("leave", "have a node leave in order: it hands over its keys",
               "  sluice leave n3     returns when its process has ended",
               [this] { return run_leave(where(), node_); });
  auto slow = add_for_node(
      "slow", "make a node slow: it takes only so many bytes a second",
      "  sluice slow n2               64 KiB/s\n"
      "  sluice slow n2 --rate 1M\n"
      "  sluice slow n2 --rate 0      no limit any more",
      [this] { return run_slow(where(), node_, rate_); });
  slow->add_option("--rate", rate_, "bytes a second, as in 500, 64k or 1M")
      ->capture_default_str()
      ->transform(CLI::AsSizeValue(false))
      // The last one runs first: -1 would become a very large number.
      ->transform(CLI::Validator{[](std::string& x) {
                                   return x.starts_with("-")
                                              ? "a rate is not negative"
                                              : "";
                                 },
                                 ""})
      ->type_name("BYTES");
  auto add_pair = [this](const std::string& name,
                         const std::string& description,
                         const std::string& examples, action f) {
    auto x = add(name, description, examples, std::move(f));
    auto a = x->add_option("A", node_, "a node")->type_name("");
    auto b = x->add_option("B", peer_, "another one")->type_name("");
    a->needs(b);
    return std::pair{a, b};
  };
  auto [a, b] =
      add_pair("cut", "let two nodes not hear each other", "  sluice cut n1 n2",
               [this] { return run_cut(where(), node_, peer_); });
  a->required();
  b->required();
  add_pair("heal", "let nodes hear all others again, at full speed",
           "  sluice heal n1 n2      these two\n"
           "  sluice heal            all of them",
           [this] { return run_heal(where(), node_, peer_); });
}

void command_line::add_completion() {
  auto x = add("completion", "print a script that completes command lines",
               "  source <(sluice completion bash)\n"
               "  source <(sluice completion zsh)     after compinit",
               [this] {
                 auto text = shell_ == "bash" ? bash_completion(words())
                                              : zsh_completion(words());
                 std::fputs(text.c_str(), stdout);
                 return exit_code::ok;
               });
  x->add_option("SHELL", shell_, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}))
      ->type_name("");
}

std::vector<command_words> command_line::words() {
  std::vector<command_words> result;
  for (auto x : app_.get_subcommands({})) {
    command_words all{x->get_name(), x->get_description(), {}, false};
    for (auto option : x->get_options()) {
      for (auto& name : option->get_lnames())
        all.options.push_back("--" + name);
      auto name = option->get_name();
      all.takes_nodes = all.takes_nodes || name == "NODE" || name == "A";
    }
    result.push_back(std::move(all));
  }
  return result;
}

/// What is wrong with the command: CLI11 would say that an argument was not
/// expected.
std::string
command_line::bad_command(const std::vector<std::string>& arguments) {
  std::vector<std::string> commands;
  std::string names;
  for (auto command : app_.get_subcommands({})) {
    commands.push_back(command->get_name());
    names += (names.empty() ? "" : ", ") + commands.back();
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    auto& x = arguments[i];
    if (x == "-h" || x == "--help")
      return {};
    if (x == "--dir")
      ++i;
    else if (!x.starts_with("-"))
      return std::ranges::find(commands, x) != commands.end()
                 ? ""
                 : "there is no command '" + x + "'; there are " + names;
  }
  return "a command is missing; there are " + names;
}

exit_code command_line::run(int argc, const char* const* argv) {
  // Whoever calls it by another name wants people to do so, too. Else a path is
  // how it is found; a name alone is on the PATH.
  if (auto called = std::getenv("SLUICE_CALLED"))
    up_.tool = called;
  else if (argc > 0
           && std::string_view{argv[0]}.find('/') != std::string_view::npos)
    up_.tool = argv[0];
  std::vector<std::string> arguments{argv + std::min(argc, 1), argv + argc};
  auto rest = std::ranges::find(arguments, "--");
  if (rest != arguments.end()) {
    up_.node_arguments.assign(rest + 1, arguments.end());
    arguments.erase(rest, arguments.end());
  }
  if (auto why = bad_command(arguments); !why.empty())
    return fail(exit_code::bad_command_line, why);
  std::string help = "sluice --help";
  try {
    auto reversed = arguments; // as CLI11 wants them
    std::ranges::reverse(reversed);
    app_.parse(std::move(reversed));
  } catch (const CLI::ParseError& x) {
    if (x.get_exit_code() == 0) {
      app_.exit(x);
      return exit_code::ok;
    }
    for (auto command : app_.get_subcommands())
      help = "sluice " + command->get_name() + " --help";
    return fail(exit_code::bad_command_line,
                std::string{x.what()} + " (" + help + ")");
  }
  auto command = app_.get_subcommands().front();
  if (!up_.node_arguments.empty() && command->get_name() != "up")
    return fail(exit_code::bad_command_line,
                "only `up` takes arguments for nodes after --");
  if (command->get_name() == "top")
    view_.repeat = !once_;
  view_.interval_ms = static_cast<unsigned>(interval_s_ * 1000);
  return actions_.at(command)();
}

} // namespace

exit_code run_command_line(int argc, const char* const* argv) {
  return command_line{}.run(argc, argv);
}

} // namespace sluice::tools
