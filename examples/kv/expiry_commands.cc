// Commands that look at deadlines.

#include "examples/kv/expiry.h"

namespace sluice::examples::kv {

namespace {

struct conditions {
  bool none = false;    // NX: only if there is no deadline yet
  bool some = false;    // XX: only if there is one
  bool later = false;   // GT
  bool earlier = false; // LT

  // No deadline counts as one in the endless future.
  bool allow(time_ms old, time_ms deadline) const {
    return !(none && old != never) && !(some && old == never)
           && !(later && deadline <= old) && !(earlier && deadline >= old);
  }
};

bool parse_conditions(call& c, conditions& result) {
  for (auto x : c.args.subspan(3)) {
    if (equals(x, "nx")) {
      result.none = true;
    } else if (equals(x, "xx")) {
      result.some = true;
    } else if (equals(x, "gt")) {
      result.later = true;
    } else if (equals(x, "lt")) {
      result.earlier = true;
    } else {
      c.error("ERR Unsupported option " + std::string{quotable(x)});
      return false;
    }
  }
  if (result.none && (result.some || result.later || result.earlier)) {
    c.error("ERR NX and XX, GT or LT options at the same time are not "
            "compatible");
    return false;
  }
  if (result.later && result.earlier) {
    c.error("ERR GT and LT options at the same time are not compatible");
    return false;
  }
  return true;
}

void expire_in(call& c, expiry_unit unit, std::string_view name) {
  conditions when;
  std::int64_t amount;
  if (!parse_conditions(c, when) || !c.integer_argument(2, amount))
    return;
  auto deadline = to_deadline(amount, unit, c.now);
  if (!deadline)
    return invalid_expiry(c, name);
  auto found = c.find(c.args[1]);
  if (!found || !when.allow(found->deadline(), *deadline))
    return c.integer(0);
  if (*deadline <= c.now)
    c.home.keys->erase(*found);
  else
    c.home.keys->expire_at(*found, *deadline);
  c.integer(1);
}

void expire(call& c) {
  expire_in(c, expiry_unit::seconds, "expire");
}

void pexpire(call& c) {
  expire_in(c, expiry_unit::milliseconds, "pexpire");
}

void expireat(call& c) {
  expire_in(c, expiry_unit::at_seconds, "expireat");
}

void pexpireat(call& c) {
  expire_in(c, expiry_unit::at_milliseconds, "pexpireat");
}

// Replies with what is left in units of `scale` milliseconds, rounded.
void time_left(call& c, std::int64_t scale) {
  constexpr std::int64_t no_such_key = -2;
  constexpr std::int64_t no_deadline = -1;
  auto found = c.read(c.args[1]);
  if (!found)
    return c.integer(no_such_key);
  if (found->deadline() == never)
    return c.integer(no_deadline);
  auto left = found->deadline() - c.now;
  c.integer(left / scale + (left % scale >= (scale + 1) / 2));
}

void ttl(call& c) {
  time_left(c, 1000);
}

void pttl(call& c) {
  time_left(c, 1);
}

void persist(call& c) {
  auto found = c.find(c.args[1]);
  if (!found || found->deadline() == never)
    return c.integer(0);
  c.home.keys->expire_at(*found, never);
  c.integer(1);
}

constexpr auto reads = flag::readonly | flag::fast;
constexpr auto writes = flag::write | flag::fast;

constexpr command table[] = {
    {"expire", -3, expire, writes, one_key, "Lets a key expire in seconds."},
    {"expireat", -3, expireat, writes, one_key,
     "Lets a key expire at a time in seconds since 1970."},
    {"persist", 2, persist, writes, one_key, "Lets a key stay."},
    {"pexpire", -3, pexpire, writes, one_key,
     "Lets a key expire in milliseconds."},
    {"pexpireat", -3, pexpireat, writes, one_key,
     "Lets a key expire at a time in milliseconds since 1970."},
    {"pttl", 2, pttl, reads, one_key,
     "Returns the milliseconds a key has left."},
    {"ttl", 2, ttl, reads, one_key, "Returns the seconds a key has left."},
};

} // namespace

command_group expiry_commands() {
  return {"generic", table};
}

} // namespace sluice::examples::kv
