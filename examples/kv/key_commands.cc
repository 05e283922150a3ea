// Commands that look at keys, not into values.

#include "examples/kv/command.h"
#include "examples/kv/glob.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <vector>

namespace sluice::examples::kv {

namespace {

void del(call& c) {
  std::int64_t count = 0;
  for (auto key : c.args.subspan(1)) {
    if (auto found = c.find(key)) {
      c.home.keys->erase(*found);
      ++count;
    }
  }
  c.integer(count);
}

void exists(call& c) {
  c.integer(std::count_if(c.args.begin() + 1, c.args.end(),
                          [&](auto key) { return c.read(key) != nullptr; }));
}

void type(call& c) {
  c.simple(c.read(c.args[1]) ? "string" : "none");
}

void rename(call& c) {
  auto found = c.find(c.args[1]);
  if (!found)
    return c.error(message::no_such_key);
  c.home.keys->rename(*found, c.args[2]);
  c.ok();
}

void randomkey(call& c) {
  if (auto found = c.home.keys->pick(c.home.dice(), c.now))
    c.bulk(found->key());
  else
    c.null();
}

using entries = std::vector<const store::entry*>;

void append_keys(call& c, const entries& found) {
  c.array(found.size());
  for (auto x : found)
    c.bulk(x->key());
}

void keys(call& c) {
  entries found;
  c.home.keys->scan(0, c.home.keys->size(), c.now, [&](const auto& x) {
    if (glob_match(c.args[1], x.key()))
      found.push_back(&x);
  });
  append_keys(c, found);
}

struct scan_options {
  std::string_view pattern = "*";
  std::int64_t count = 10;
  bool strings = true;
};

bool parse_scan_options(call& c, scan_options& o) {
  for (std::size_t i = 2; i < c.args.size(); i += 2) {
    auto last = i + 1 == c.args.size();
    if (equals(c.args[i], "count") && !last) {
      if (!c.integer_argument(i + 1, o.count))
        return false;
      if (o.count >= 1)
        continue;
    } else if (equals(c.args[i], "match") && !last) {
      o.pattern = c.args[i + 1];
      continue;
    } else if (equals(c.args[i], "type") && !last) {
      o.strings = equals(c.args[i + 1], "string");
      continue;
    }
    c.error(message::syntax);
    return false;
  }
  return true;
}

// As Redis, with whatever strtoul takes for a number.
bool parse_cursor(std::string_view text, std::uint64_t& result) {
  std::string copy{text};
  char* stop;
  errno = 0;
  result = std::strtoull(copy.c_str(), &stop, 10);
  return std::isspace(static_cast<unsigned char>(copy[0])) == 0 && *stop == '\0'
         && errno == 0;
}

void scan(call& c) {
  // COUNT is a hint; this bounds the work of one command.
  constexpr std::int64_t count_max = 10'000;
  std::uint64_t cursor;
  if (!parse_cursor(c.args[1], cursor))
    return c.error("ERR invalid cursor");
  scan_options o;
  if (!parse_scan_options(c, o))
    return;
  entries found;
  auto count = static_cast<std::size_t>(std::min(o.count, count_max));
  cursor = c.home.keys->scan(cursor, count, c.now, [&](const auto& x) {
    if (o.strings && glob_match(o.pattern, x.key()))
      found.push_back(&x);
  });
  c.array(2);
  c.bulk(std::to_string(cursor));
  append_keys(c, found);
}

constexpr command table[] = {
    {"del", -2, del, flag::write, all_keys, "Deletes keys."},
    {"exists", -2, exists, flag::readonly | flag::fast, all_keys,
     "Returns how many of the keys exist."},
    {"keys", 2, keys, flag::readonly, no_key,
     "Returns every key that matches a pattern."},
    {"randomkey", 1, randomkey, flag::readonly, no_key, "Returns some key."},
    {"rename", 3, rename, flag::write, two_keys, "Gives a value another key."},
    {"scan", -2, scan, flag::readonly, no_key,
     "Returns the keys, a few at a time."},
    {"type", 2, type, flag::readonly | flag::fast, one_key,
     "Returns the type of a value."},
    {"unlink", -2, del, flag::write | flag::fast, all_keys, "Deletes keys."},
};

} // namespace

command_group key_commands() {
  return {"generic", table};
}

} // namespace sluice::examples::kv
