// Commands that look at the connection.

#include "examples/kv/command.h"

#include <algorithm>

namespace sluice::examples::kv {

namespace {

void ping(call& c) {
  if (c.args.size() > 2)
    return c.wrong_arity("ping");
  if (c.args.size() == 2)
    c.bulk(c.args[1]);
  else
    c.simple("PONG");
}

void echo(call& c) {
  c.bulk(c.args[1]);
}

void quit(call& c) {
  c.self.closing = true;
  c.ok();
}

void reset(call& c) {
  c.self.name.clear();
  c.simple("RESET");
}

void select(call& c) {
  std::int64_t database;
  if (!c.integer_argument(1, database))
    return;
  if (database != static_cast<std::int32_t>(database))
    return c.error("ERR value is out of range, value must between -2147483648 "
                   "and 2147483647");
  if (database != 0)
    return c.error("ERR DB index is out of range");
  c.ok();
}

// Whether `text` can stand in a line of CLIENT LIST.
bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char x) { return x >= '!' && x <= '~'; });
}

bool set_name(call& c, std::string_view name) {
  if (!is_printable(name)) {
    c.error("ERR Client names cannot contain spaces, newlines or special "
            "characters.");
    return false;
  }
  c.self.name = name;
  return true;
}

// Reads the options of HELLO. There are no passwords: the user that Redis has
// from the start gets in with any.
bool hello_options(call& c) {
  for (std::size_t i = 2; i < c.args.size(); ++i) {
    auto more = c.args.size() - 1 - i;
    if (equals(c.args[i], "auth") && more >= 2) {
      if (c.args[i + 1] != "default") {
        c.error("WRONGPASS invalid username-password pair or user is "
                "disabled.");
        return false;
      }
      i += 2;
    } else if (equals(c.args[i], "setname") && more >= 1) {
      if (!set_name(c, c.args[++i]))
        return false;
    } else {
      c.error("ERR Syntax error in HELLO option '"
              + std::string{quotable(c.args[i])} + "'");
      return false;
    }
  }
  return true;
}

void hello(call& c) {
  constexpr std::int64_t protocol = 2;
  if (c.args.size() > 1) {
    std::int64_t wanted;
    if (!parse_integer(c.args[1], wanted))
      return c.error("ERR Protocol version is not an integer or out of range");
    if (wanted != protocol)
      return c.error("NOPROTO unsupported protocol version");
  }
  if (!hello_options(c))
    return;
  c.array(14); // a map of seven
  c.bulk("server");
  c.bulk("redis");
  c.bulk("version");
  c.bulk(redis_version);
  c.bulk("proto");
  c.integer(protocol);
  c.bulk("id");
  c.integer(static_cast<std::int64_t>(c.self.id));
  c.bulk("mode");
  c.bulk("standalone");
  c.bulk("role");
  c.bulk("master");
  c.bulk("modules");
  c.array(0);
}

void client_id(call& c) {
  c.integer(static_cast<std::int64_t>(c.self.id));
}

void client_setname(call& c) {
  if (set_name(c, c.args[2]))
    c.ok();
}

void client_getname(call& c) {
  if (c.self.name.empty())
    c.null();
  else
    c.bulk(c.self.name);
}

// As Redis 7.2 has it: clients send it unasked, and do not mind an error.
void client_setinfo(call& c) {
  auto is_name = equals(c.args[2], "lib-name");
  if (!is_name && !equals(c.args[2], "lib-ver"))
    return c.error("ERR Unrecognized option '"
                   + std::string{quotable(c.args[2])} + "'");
  if (!is_printable(c.args[3]))
    return c.error(std::string{"ERR "} + (is_name ? "lib-name" : "lib-ver")
                   + " cannot contain spaces, newlines or special characters.");
  (is_name ? c.self.library : c.self.library_version) = c.args[3];
  c.ok();
}

void append_line(std::string& out, const session& x, time_ms now) {
  auto seconds = [&](time_ms since) {
    return std::to_string((now - since) / 1000);
  };
  out += "id=" + std::to_string(x.id);
  out += " addr=" + x.peer_address;
  out += " laddr=" + x.local_address;
  out += " name=" + x.name;
  out += " age=" + seconds(x.opened);
  out += " idle=" + seconds(x.last_active);
  out += " flags=N db=0 cmd=";
  out += x.last ? x.last->name : "NULL";
  out += " user=default resp=2 lib-name=" + x.library;
  out += " lib-ver=" + x.library_version + '\n';
}

void client_list(call& c) {
  std::string text;
  for (const auto& [id, x] : c.home.sessions)
    append_line(text, *x, c.now);
  c.bulk(text);
}

constexpr command client_table[] = {
    {"client|getname", 2, client_getname, 0, no_key,
     "Returns this connection's name."},
    {"client|id", 2, client_id, 0, no_key, "Returns this connection's number."},
    {"client|list", 2, client_list, 0, no_key, "Describes every connection."},
    {"client|setinfo", 4, client_setinfo, 0, no_key,
     "Names the client's library or its version."},
    {"client|setname", 3, client_setname, 0, no_key, "Names this connection."},
};

constexpr command table[] = {
    {"client", -2, nullptr, 0, no_key, "Looks at connections.", client_table},
    {"echo", 2, echo, flag::fast, no_key, "Returns its argument."},
    {"hello", -1, hello, flag::fast, no_key, "Greets; RESP2 only."},
    {"ping", -1, ping, flag::fast, no_key, "Answers PONG or its argument."},
    {"quit", -1, quit, flag::fast, no_key, "Closes the connection."},
    {"reset", 1, reset, flag::fast, no_key, "Forgets the connection's name."},
    {"select", 2, select, flag::fast, no_key, "Selects database 0."},
};

} // namespace

command_group connection_commands() {
  return {"connection", table};
}

} // namespace sluice::examples::kv
