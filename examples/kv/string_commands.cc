// Commands that look into values.

#include "examples/kv/command.h"
#include "examples/kv/commands.h"
#include "examples/kv/expiry.h"

#include <array>
#include <charconv>
#include <optional>

namespace sluice::examples::kv {

namespace {

struct set_options {
  bool only_new = false;
  bool only_old = false;
  bool get = false;
  bool keep_deadline = false;
  std::optional<expiry_unit> unit;
  std::size_t expiry_argument = 0;
};

bool parse_set_options(call& c, set_options& o) {
  for (std::size_t i = 3; i < c.args.size(); ++i) {
    auto x = c.args[i];
    auto unit = parse_expiry_unit(x);
    if (equals(x, "nx") && !o.only_old) {
      o.only_new = true;
    } else if (equals(x, "xx") && !o.only_new) {
      o.only_old = true;
    } else if (equals(x, "get")) {
      o.get = true;
    } else if (equals(x, "keepttl") && !o.unit) {
      o.keep_deadline = true;
    } else if (unit && i + 1 < c.args.size() && !o.keep_deadline
               && (!o.unit || *o.unit == *unit)) {
      o.unit = unit;
      o.expiry_argument = ++i;
    } else {
      c.error(message::syntax);
      return false;
    }
  }
  return true;
}

void set(call& c) {
  set_options o;
  auto deadline = never;
  if (c.args.size() > 3) {
    if (!parse_set_options(c, o))
      return;
    if (o.unit
        && !deadline_argument(c, o.expiry_argument, *o.unit, "set", deadline))
      return;
    auto old = o.get ? c.read(c.args[1]) : c.find(c.args[1]);
    auto wanted = old ? !o.only_new : !o.only_old;
    if (o.get)
      c.value_or_null(old);
    else if (!wanted)
      c.null();
    if (!wanted)
      return;
    if (o.keep_deadline && old)
      deadline = old->deadline();
  }
  c.home.keys->put(c.args[1], c.args[2], deadline);
  if (!o.get)
    c.ok();
}

void setnx(call& c) {
  auto old = c.find(c.args[1]);
  if (!old)
    c.home.keys->put(c.args[1], c.args[2]);
  c.integer(old ? 0 : 1);
}

void set_for(call& c, expiry_unit unit, std::string_view name) {
  time_ms deadline;
  if (!deadline_argument(c, 2, unit, name, deadline))
    return;
  c.home.keys->put(c.args[1], c.args[3], deadline);
  c.ok();
}

void setex(call& c) {
  set_for(c, expiry_unit::seconds, "setex");
}

void psetex(call& c) {
  set_for(c, expiry_unit::milliseconds, "psetex");
}

void get(call& c) {
  c.value_or_null(c.read(c.args[1]));
}

void getset(call& c) {
  c.value_or_null(c.read(c.args[1]));
  c.home.keys->put(c.args[1], c.args[2]);
}

void getdel(call& c) {
  auto found = c.read(c.args[1]);
  c.value_or_null(found);
  if (found)
    c.home.keys->erase(*found);
}

void mget(call& c) {
  auto start = c.reply.size();
  c.array(c.args.size() - 1);
  for (auto key : c.args.subspan(1)) {
    c.value_or_null(c.read(key));
    if (c.reply.size() - start > reply_bytes_max) {
      c.reply.resize(start);
      return c.error(message::reply_too_long);
    }
  }
}

void mset(call& c) {
  if (c.args.size() % 2 == 0)
    return c.wrong_arity("mset");
  for (std::size_t i = 1; i < c.args.size(); i += 2)
    c.home.keys->put(c.args[i], c.args[i + 1]);
  c.ok();
}

void add(call& c, std::int64_t amount) {
  std::int64_t n = 0;
  auto found = c.find(c.args[1]);
  if (found && !parse_integer(found->value, n))
    return c.error(message::not_an_integer);
  if (__builtin_add_overflow(n, amount, &n))
    return c.error("ERR increment or decrement would overflow");
  std::array<char, 24> digits;
  auto end = std::to_chars(digits.begin(), digits.end(), n).ptr;
  std::string_view text{digits.data(),
                        static_cast<std::size_t>(end - digits.data())};
  c.home.keys->put(c.args[1], text, found ? found->deadline() : never);
  c.integer(n);
}

void incr(call& c) {
  add(c, 1);
}

void decr(call& c) {
  add(c, -1);
}

void incrby(call& c) {
  std::int64_t amount;
  if (c.integer_argument(2, amount))
    add(c, amount);
}

void decrby(call& c) {
  std::int64_t amount;
  if (!c.integer_argument(2, amount))
    return;
  if (amount == std::numeric_limits<std::int64_t>::min())
    return c.error("ERR decrement would overflow");
  add(c, -amount);
}

void append(call& c) {
  auto tail = c.args[2];
  auto found = c.find(c.args[1]);
  if (!found)
    found = &c.home.keys->put(c.args[1], tail);
  else if (found->value.size() + tail.size()
           > runtime::limits::resp_bulk_bytes_max)
    return c.error(message::too_long);
  else
    found->value.append(tail);
  c.integer(static_cast<std::int64_t>(found->value.size()));
}

void strlen(call& c) {
  auto found = c.read(c.args[1]);
  c.integer(found ? static_cast<std::int64_t>(found->value.size()) : 0);
}

constexpr auto reads = flag::readonly | flag::fast;
constexpr auto writes = flag::write | flag::fast;

constexpr command table[] = {
    {"append", 3, append, writes, one_key, "Appends to a value."},
    {"decr", 2, decr, writes, one_key, "Subtracts one from an integer."},
    {"decrby", 3, decrby, writes, one_key, "Subtracts from an integer."},
    {"get", 2, get, reads, one_key, "Returns a value."},
    {"getdel", 2, getdel, writes, one_key, "Returns and deletes a value."},
    {"getset", 3, getset, writes, one_key, "Returns the value it replaces."},
    {"incr", 2, incr, writes, one_key, "Adds one to an integer."},
    {"incrby", 3, incrby, writes, one_key, "Adds to an integer."},
    {"mget", -2, mget, reads, all_keys, "Returns several values."},
    {"mset", -3, mset, flag::write, every_other_key, "Sets several keys."},
    {"psetex", 4, psetex, flag::write, one_key, "Sets a key for milliseconds."},
    {"set", -3, set, flag::write, one_key,
     "Sets a key, on conditions, for a time."},
    {"setex", 4, setex, flag::write, one_key, "Sets a key for seconds."},
    {"setnx", 3, setnx, writes, one_key, "Sets a key that does not exist."},
    {"strlen", 2, strlen, reads, one_key, "Returns the length of a value."},
};

} // namespace

command_group string_commands() {
  return {"string", table};
}

} // namespace sluice::examples::kv
