#include "examples/kv/commands.h"

#include "examples/kv/command.h"

#include <array>

namespace sluice::examples::kv {

namespace {

// How much of a client's words an error repeats, as in Redis.
constexpr std::size_t quoted_bytes_max = 128;

void unknown_command(call& c) {
  std::string text = "ERR unknown command '";
  text += quotable(c.args[0]).substr(0, quoted_bytes_max);
  text += "', with args beginning with: ";
  std::string quoted;
  for (auto x : c.args.subspan(1)) {
    if (quoted.size() >= quoted_bytes_max)
      break;
    auto room = quoted_bytes_max - quoted.size();
    quoted.append("'").append(quotable(x).substr(0, room)).append("' ");
  }
  c.error(text + quoted);
}

std::string upper(std::string_view text) {
  std::string result{text};
  for (auto& x : result)
    x = x >= 'a' && x <= 'z' ? static_cast<char>(x - 32) : x;
  return result;
}

std::string_view short_name(const command& subcommand) {
  return subcommand.name.substr(subcommand.name.find('|') + 1);
}

void help(call& c, const command& parent) {
  c.array(parent.subcommands.size() + 1);
  c.simple(upper(parent.name) + " <subcommand> [<arg> ...]. Subcommands are:");
  for (const auto& x : parent.subcommands)
    c.simple(upper(short_name(x)) + ": " + std::string{x.summary});
}

// The subcommand that args[1] names. Replies and returns null if there is none,
// or if it was HELP.
const command* find_subcommand(call& c, const command& parent) {
  for (const auto& x : parent.subcommands)
    if (equals(c.args[1], short_name(x)))
      return &x;
  if (c.args.size() == 2 && equals(c.args[1], "help"))
    help(c, parent);
  else
    c.error("ERR unknown subcommand '"
            + std::string{quotable(c.args[1]).substr(0, quoted_bytes_max)}
            + "'. Try " + upper(parent.name) + " HELP.");
  return nullptr;
}

} // namespace

std::span<const command_group> command_groups() {
  static const std::array groups{string_commands(), key_commands(),
                                 expiry_commands(), connection_commands(),
                                 server_commands(), command_commands()};
  return groups;
}

void execute(session& self, std::span<const std::string_view> args, time_ms now,
             std::string& reply) {
  if (args.empty())
    return;
  call c{self, self.home, args, now, reply};
  self.last_active = now;
  auto found = find_command(args[0]);
  if (!found) {
    // A browser that was made to talk to us: do not take its next lines, which
    // a stranger wrote, for commands.
    if (equals(args[0], "post") || equals(args[0], "host:"))
      self.closing = true;
    else
      unknown_command(c);
    return;
  }
  if (!found->subcommands.empty() && args.size() > 1) {
    found = find_subcommand(c, *found);
    if (!found)
      return;
  }
  if (!found->accepts(args.size()))
    return c.wrong_arity(found->name);
  ++c.home.commands;
  self.last = found;
  found->run(c);
}

} // namespace sluice::examples::kv
