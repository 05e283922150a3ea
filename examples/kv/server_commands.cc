// Commands that look at the server.

#include "examples/kv/command.h"
#include "examples/kv/glob.h"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

namespace sluice::examples::kv {

namespace {

// -- TIME, DBSIZE, FLUSHALL
// ---------------------------------------------------------------------

void time(call& c) {
  c.array(2);
  c.bulk(std::to_string(c.now / 1000));
  c.bulk(std::to_string(c.now % 1000 * 1000));
}

void dbsize(call& c) {
  c.integer(static_cast<std::int64_t>(c.home.keys->size()));
}

void flush(call& c) {
  if (c.args.size() > 2
      || (c.args.size() == 2 && !equals(c.args[1], "async")
          && !equals(c.args[1], "sync")))
    return c.error(message::syntax);
  c.home.keys->clear();
  c.ok();
}

// -- CONFIG -------------------------------------------------------------------

struct setting {
  std::string_view name;
  std::string_view value;
};

// What clients ask for before they start; nothing of it can be changed.
constexpr setting settings[] = {
    {"appendonly", "no"},
    {"databases", "1"},
    {"maxmemory", "0"},
    {"save", ""},
};

void config_get(call& c) {
  std::vector<std::string> patterns;
  for (auto x : c.args.subspan(2)) {
    auto& pattern = patterns.emplace_back(x);
    for (auto& y : pattern)
      y = y >= 'A' && y <= 'Z' ? static_cast<char>(y + 32) : y;
  }
  std::vector<const setting*> found;
  for (const auto& x : settings)
    if (std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) {
          return glob_match(pattern, x.name);
        }))
      found.push_back(&x);
  c.array(found.size() * 2);
  for (auto x : found) {
    c.bulk(x->name);
    c.bulk(x->value);
  }
}

// -- INFO ---------------------------------------------------------------------

// The lines `name:value` of one section.
class info_lines {
public:
  explicit info_lines(std::string& text) : text_(text) {}

  void add(std::string_view name, std::string_view value) {
    text_.append(name).append(":").append(value).append("\r\n");
  }

  template <class Integer>
  void add_number(std::string_view name, Integer value) {
    add(name, std::to_string(value));
  }

  void add_bytes(const std::string& name, std::size_t bytes) {
    add_number(name, bytes);
    add(name + "_human", human(bytes));
  }

private:
  static std::string human(std::size_t bytes) {
    constexpr std::array units{'B', 'K', 'M', 'G', 'T'};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < units.size(); ++unit)
      value /= 1024;
    std::array<char, 32> text;
    std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f%c" : "%.2f%c",
                  value, units[unit]);
    return text.data();
  }

  std::string& text_;
};

void info_server(call& c, info_lines& out) {
  auto uptime_s = (c.now - c.home.started) / 1000;
  out.add("redis_version", redis_version);
  out.add("redis_mode", "standalone");
  out.add_number("arch_bits", sizeof(void*) * 8);
  out.add_number("process_id", c.home.process_id);
  out.add_number("tcp_port", c.home.port);
  out.add_number("server_time_usec", c.now * 1000);
  out.add_number("uptime_in_seconds", uptime_s);
  out.add_number("uptime_in_days", uptime_s / (24 * 60 * 60));
}

void info_clients(call& c, info_lines& out) {
  out.add_number("connected_clients", c.home.sessions.size());
  out.add_number("blocked_clients", 0);
}

void info_memory(call&, info_lines& out) {
  auto heap = mallinfo2();
  out.add_bytes("used_memory", heap.uordblks + heap.hblkhd);
  out.add_bytes("maxmemory", 0);
  out.add("maxmemory_policy", "noeviction");
  out.add("mem_allocator", "libc");
}

void info_stats(call& c, info_lines& out) {
  out.add_number("total_connections_received", c.home.connections);
  out.add_number("total_commands_processed", c.home.commands);
  std::uint64_t expired = 0;
  for (auto x : c.home.all)
    expired += x->expired();
  out.add_number("expired_keys", expired);
  out.add_number("evicted_keys", 0);
  out.add_number("keyspace_hits", c.home.hits);
  out.add_number("keyspace_misses", c.home.misses);
}

void info_keyspace(call& c, info_lines& out) {
  std::size_t size = 0;
  std::size_t expiring = 0;
  for (auto x : c.home.all) {
    size += x->size();
    expiring += x->expiring();
  }
  if (size > 0)
    out.add("db0", "keys=" + std::to_string(size)
                       + ",expires=" + std::to_string(expiring) + ",avg_ttl=0");
}

struct info_section {
  std::string_view name;
  std::string_view title;
  void (*write)(call&, info_lines&);
};

constexpr info_section sections[] = {
    {"server", "# Server\r\n", info_server},
    {"clients", "# Clients\r\n", info_clients},
    {"memory", "# Memory\r\n", info_memory},
    {"stats", "# Stats\r\n", info_stats},
    {"keyspace", "# Keyspace\r\n", info_keyspace},
};

void info(call& c) {
  auto names = c.args.subspan(1);
  auto wanted = [&](const info_section& x) {
    return names.empty()
           || std::any_of(names.begin(), names.end(), [&](auto name) {
                return equals(name, x.name) || equals(name, "default")
                       || equals(name, "all") || equals(name, "everything");
              });
  };
  std::string text;
  info_lines lines{text};
  for (const auto& x : sections) {
    if (!wanted(x))
      continue;
    text.append(text.empty() ? "" : "\r\n").append(x.title);
    x.write(c, lines);
  }
  c.bulk(text);
}

constexpr command config_table[] = {
    {"config|get", -3, config_get, 0, no_key,
     "Returns the settings that match a pattern."},
};

constexpr command table[] = {
    {"config", -2, nullptr, 0, no_key, "Looks at settings.", config_table},
    {"dbsize", 1, dbsize, flag::readonly | flag::fast, no_key,
     "Returns the number of keys."},
    {"flushall", -1, flush, flag::write, no_key, "Deletes every key."},
    {"flushdb", -1, flush, flag::write, no_key, "Deletes every key."},
    {"info", -1, info, 0, no_key, "Describes the server."},
    {"time", 1, time, flag::fast, no_key,
     "Returns the time in seconds and microseconds."},
};

} // namespace

command_group server_commands() {
  return {"server", table};
}

} // namespace sluice::examples::kv
