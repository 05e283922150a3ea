// COMMAND: what the command table says of itself. redis-cli asks for it at its
// start, for hints while one types.

#include "examples/kv/command.h"

#include <bit>

namespace sluice::examples::kv {

namespace {

std::size_t command_count() {
  std::size_t result = 0;
  for (const auto& group : command_groups())
    result += group.commands.size();
  return result;
}

void append_flags(call& c, const command& x) {
  c.array(static_cast<std::size_t>(std::popcount(x.flags)));
  if (x.flags & flag::write)
    c.simple("write");
  if (x.flags & flag::readonly)
    c.simple("readonly");
  if (x.flags & flag::fast)
    c.simple("fast");
}

// Ten elements as in Redis 7; the last four say nothing: categories, hints,
// key specifications, subcommands.
void append_info(call& c, const command* x) {
  if (!x)
    return c.null();
  c.array(10);
  c.bulk(x->name);
  c.integer(x->arity);
  append_flags(c, *x);
  c.integer(x->keys.first);
  c.integer(x->keys.last);
  c.integer(x->keys.step);
  for (auto i = 0; i < 4; ++i)
    c.array(0);
}

void command_all(call& c) {
  c.array(command_count());
  for (const auto& group : command_groups())
    for (const auto& x : group.commands)
      append_info(c, &x);
}

void command_info(call& c) {
  if (c.args.size() == 2)
    return command_all(c);
  c.array(c.args.size() - 2);
  for (auto name : c.args.subspan(2))
    append_info(c, find_command(name));
}

void append_docs(call& c, std::string_view group, const command& x) {
  c.bulk(x.name);
  c.array(4); // a map of two
  c.bulk("summary");
  c.bulk(x.summary);
  c.bulk("group");
  c.bulk(group);
}

void command_docs(call& c) {
  auto wanted = [&](const command& x) {
    if (c.args.size() == 2)
      return true;
    for (auto name : c.args.subspan(2))
      if (equals(name, x.name))
        return true;
    return false;
  };
  std::size_t count = 0;
  for (const auto& group : command_groups())
    for (const auto& x : group.commands)
      count += wanted(x);
  c.array(count * 2);
  for (const auto& group : command_groups())
    for (const auto& x : group.commands)
      if (wanted(x))
        append_docs(c, group.name, x);
}

void command_number(call& c) {
  c.integer(static_cast<std::int64_t>(command_count()));
}

constexpr command subcommands[] = {
    {"command|count", 2, command_number, 0, no_key,
     "Returns the number of commands."},
    {"command|docs", -2, command_docs, 0, no_key,
     "Says what commands are for."},
    {"command|info", -2, command_info, 0, no_key,
     "Says what arguments commands take."},
};

constexpr command table[] = {
    {"command", -1, command_all, 0, no_key, "Looks at commands.", subcommands},
};

} // namespace

command_group command_commands() {
  return {"server", table};
}

} // namespace sluice::examples::kv
