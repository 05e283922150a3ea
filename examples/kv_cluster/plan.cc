#include "examples/kv_cluster/plan.h"

#include "actors/cluster/shard_table.h"
#include "examples/kv/command.h"
#include "net/resp.h"

#include <array>
#include <charconv>
#include <initializer_list>

namespace sluice::examples::kv_cluster {

namespace {

std::string command_text(std::initializer_list<std::string_view> args) {
  std::string result;
  net::append_command(result, {args.begin(), args.size()});
  return result;
}

/// The same command for each of the shards.
void ask_all(std::span<const std::string_view> args, std::uint32_t shards,
             merge how, plan& result) {
  result.what = plan_kind::parts;
  result.how = how;
  std::string command;
  net::append_command(command, args);
  for (std::uint32_t i = 0; i < shards; ++i)
    result.parts.push_back({i, command});
}

/// SCAN: one shard after the other. The cursor that a client sees is that of
/// the shard, times the number of shards, plus the shard.
void scan(std::span<const std::string_view> args, std::uint32_t shards,
          plan& result) {
  std::uint64_t cursor = 0;
  auto text = args[1];
  auto [end, failure] =
      std::from_chars(text.data(), text.data() + text.size(), cursor);
  if (failure != std::errc{} || end != text.data() + text.size()) {
    result.what = plan_kind::refused;
    result.error = "ERR invalid cursor";
    return;
  }
  result.what = plan_kind::parts;
  result.how = merge::cursor;
  result.shard = static_cast<std::uint32_t>(cursor % shards);
  auto inner = std::to_string(cursor / shards);
  std::vector<std::string_view> inner_args{args.begin(), args.end()};
  inner_args[1] = inner;
  std::string command;
  net::append_command(command, inner_args);
  result.parts.push_back({result.shard, std::move(command)});
}

/// A command of several keys that is as good as one for each of them.
bool split(const kv::command& is, std::span<const std::string_view> args,
           std::uint32_t shards, plan& result) {
  result.what = plan_kind::parts;
  auto each = [&](std::string_view single, merge how) {
    result.how = how;
    for (auto key : args.subspan(1))
      result.parts.push_back(
          {shard_of_key(key, shards), command_text({single, key})});
    return true;
  };
  if (is.name == "mget")
    return each("get", merge::values);
  if (is.name == "del" || is.name == "unlink" || is.name == "exists")
    return each(is.name, merge::sum);
  if (is.name != "mset" || args.size() % 2 == 0)
    return false;
  result.how = merge::all_ok;
  for (std::size_t i = 1; i < args.size(); i += 2)
    result.parts.push_back({shard_of_key(args[i], shards),
                            command_text({"set", args[i], args[i + 1]})});
  return true;
}

/// Commands that are about all keys. True if it is one.
bool ask_shards(const kv::command& is, std::span<const std::string_view> args,
                std::uint32_t shards, plan& result) {
  struct row {
    std::string_view name;
    merge how;
  };
  static constexpr std::array rows{
      row{"dbsize", merge::sum},     row{"flushall", merge::all_ok},
      row{"flushdb", merge::all_ok}, row{"keys", merge::arrays},
      row{"randomkey", merge::any},
  };
  if (is.name == "scan") {
    scan(args, shards, result);
    return true;
  }
  for (auto& x : rows)
    if (is.name == x.name) {
      ask_all(args, shards, x.how, result);
      return true;
    }
  return false;
}

std::string_view first_error(const std::vector<std::string>& answers) {
  for (auto& x : answers)
    if (x.starts_with('-'))
      return x;
  return {};
}

/// The number of elements of an array, and what follows its header.
std::int64_t take_array(std::string_view& rest) {
  net::resp_element head;
  return net::take_element(rest, head)
                 && head.what == net::resp_element::type::array
             ? head.number
             : 0;
}

std::string scan_answer(std::string_view rest, std::uint32_t shards,
                        std::uint32_t shard) {
  take_array(rest);
  net::resp_element cursor;
  net::take_element(rest, cursor);
  std::uint64_t inner = 0;
  std::from_chars(cursor.text.data(), cursor.text.data() + cursor.text.size(),
                  inner);
  std::uint64_t next = 0;
  if (inner != 0)
    next = inner * shards + shard;
  else if (shard + 1 < shards)
    next = shard + 1;
  std::string result;
  net::append_array(result, 2);
  net::append_bulk(result, std::to_string(next));
  return result.append(rest);
}

} // namespace

std::uint32_t shard_of_key(std::string_view key,
                           std::uint32_t shards) noexcept {
  if (auto open = key.find('{'); open != std::string_view::npos)
    if (auto close = key.find('}', open + 1);
        close != std::string_view::npos && close > open + 1)
      key = key.substr(open + 1, close - open - 1);
  return actors::cluster::shard_of(key, shards);
}

void keys_of(std::span<const std::string_view> args,
             std::vector<std::string_view>& keys) {
  keys.clear();
  auto is = args.empty() ? nullptr : kv::find_command(args[0]);
  if (is == nullptr || is->keys.first == 0)
    return;
  auto count = static_cast<int>(args.size());
  auto last = is->keys.last < 0 ? count + is->keys.last : is->keys.last;
  for (auto i = is->keys.first; i <= last && i < count; i += is->keys.step)
    keys.push_back(args[static_cast<std::size_t>(i)]);
}

void make_plan(std::span<const std::string_view> args, std::uint32_t shards,
               plan& result) {
  result.what = plan_kind::local;
  result.how = merge::one;
  result.writes = false;
  result.parts.clear();
  auto is = args.empty() ? nullptr : kv::find_command(args[0]);
  if (is == nullptr || !is->accepts(args.size()))
    return; // it says so itself
  result.writes = (is->flags & kv::flag::write) != 0;
  auto& range = is->keys;
  if (range.first == 0) {
    ask_shards(*is, args, shards, result);
    return;
  }
  result.what = plan_kind::single;
  result.shard =
      shard_of_key(args[static_cast<std::size_t>(range.first)], shards);
  auto count = static_cast<int>(args.size());
  auto last = range.last < 0 ? count + range.last : range.last;
  for (auto i = range.first + range.step; i <= last && i < count;
       i += range.step) {
    if (shard_of_key(args[static_cast<std::size_t>(i)], shards) == result.shard)
      continue;
    if (!split(*is, args, shards, result)) {
      result.what = plan_kind::refused;
      result.error = "CROSSSLOT Keys in request don't hash to the same slot";
    }
    return;
  }
}

std::string merge_answers(merge how, const std::vector<std::string>& answers,
                          std::uint32_t shards, std::uint32_t shard) {
  if (auto error = first_error(answers); !error.empty())
    return std::string{error};
  std::string result;
  switch (how) {
  case merge::one:
  case merge::all_ok:
    return answers.front();
  case merge::values:
    net::append_array(result, answers.size());
    for (auto& x : answers)
      result += x;
    return result;
  case merge::sum: {
    std::int64_t sum = 0;
    for (auto& x : answers) {
      std::string_view rest = x;
      net::resp_element number;
      if (net::take_element(rest, number))
        sum += number.number;
    }
    net::append_integer(result, sum);
    return result;
  }
  case merge::arrays: {
    std::int64_t count = 0;
    std::string elements;
    for (auto& x : answers) {
      std::string_view rest = x;
      count += take_array(rest);
      elements += rest;
    }
    net::append_array(result, static_cast<std::size_t>(count));
    return result + elements;
  }
  case merge::any:
    for (auto& x : answers)
      if (!x.starts_with("$-1"))
        return x;
    return answers.front();
  case merge::cursor:
    return scan_answer(answers.front(), shards, shard);
  }
  return result;
}

} // namespace sluice::examples::kv_cluster
