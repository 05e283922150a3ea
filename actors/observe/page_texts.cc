#include "actors/observe/page_texts.h"

#include "actors/observe/json_text.h"

#include <utility>

namespace sluice::actors::observe::page_texts {

namespace limits = runtime::limits;

namespace {

const char* text(pressure_unit x) {
  return x == pressure_unit::bytes ? "bytes" : "messages";
}

const char* text(link_state x) {
  return x == link_state::cut ? "cut" : x == link_state::lost ? "lost" : "open";
}

const char* text(link_pressure x) {
  return x == link_pressure::stalled   ? "stalled"
         : x == link_pressure::applied ? "applied"
                                       : "none";
}

const char* text(row_kind x) {
  return x == row_kind::channel ? "channel"
         : x == row_kind::actor ? "actor"
                                : "connection";
}

void figure(json_text& out, std::string_view name, std::uint64_t x) {
  if (x == unknown)
    out.null(name);
  else
    out.field(name, x);
}

void append(json_text& out, const node_view& x, bool whole) {
  out.begin_object();
  out.field("name", x.name);
  out.field("state", to_string(x.state));
  figure(out, "age_ms", x.age_ms.value_or(unknown));
  out.field("since", x.since_ms);
  if (whole) {
    out.field("endpoint", x.endpoint);
    out.begin_array("roles");
    for (auto& y : x.roles)
      out.value(y);
    out.end_array();
  }
  auto& load = x.load;
  out.field("in_bps", load.in_bps);
  out.field("out_bps", load.out_bps);
  out.field("msgs_ps", load.msgs_ps);
  out.field("requests_ps", load.requests_ps);
  out.field("queued_bytes", load.queued_bytes);
  out.field("queued_messages", load.queued_messages);
  out.field("connections", load.connections);
  out.field("pressed", load.pressed);
  out.permille("loop_busy", load.busy_permille);
  out.field("rss", load.rss);
  out.field("slow_bps", load.slow_bps);
  figure(out, "p50_us", load.p50_us);
  figure(out, "p99_us", load.p99_us);
  out.end_object();
}

void append(json_text& out, const link_view& x) {
  auto& y = x.what;
  out.begin_object();
  out.field("from", x.from);
  out.field("to", y.to);
  out.field("state", text(y.state));
  out.field("pressure", text(y.pressure));
  out.field("since", x.since_ms);
  out.field("queued", y.queued);
  out.field("unit", text(y.unit));
  out.field("msgs_ps", y.msgs_ps);
  out.field("bps", y.bps);
  out.end_object();
}

void append(json_text& out, const hold_view& x) {
  auto& y = x.what;
  out.begin_object();
  out.field("node", x.node);
  out.field("held", y.held);
  out.field("holder", y.holder);
  out.field("since_ms", y.for_ms);
  out.field("queued", y.queued);
  out.field("unit", text(y.unit));
  if (!y.to.empty())
    out.field("to", y.to);
  out.end_object();
}

void append(json_text& out, const row_view& x) {
  auto& y = x.what;
  out.begin_object();
  out.field("node", x.node);
  out.field("kind", text(y.kind));
  out.field("id", y.id);
  out.field("name", y.name);
  out.field("local", y.local);
  out.field("remote", y.remote);
  out.field("state", y.state);
  out.field("pressed", y.pressed);
  out.field("queued", y.queued);
  out.field("peak", y.peak);
  out.field("unit", text(y.unit));
  out.field("pressure_ms", y.pressure_ms);
  out.field("applied", y.applied);
  out.field("rejected", y.rejected);
  out.field("in_bps", y.in_bps);
  out.field("out_bps", y.out_bps);
  out.end_object();
}

void append(json_text& out, const event& x) {
  out.begin_object();
  out.field("type", "event");
  out.field("at", x.at_ms);
  out.field("seq", x.number);
  out.field("node", x.node);
  out.field("kind", to_string(x.kind));
  out.field("severity", to_string(x.how_bad));
  out.field("text", x.text);
  out.end_object();
}

bool is_calm(const link_view& x) {
  return x.what.pressure == link_pressure::none
         && x.what.state == link_state::open;
}

std::string text_of(const frame& x, bool whole) {
  json_text out;
  out.begin_object();
  out.field("type", "frame");
  out.field("now", x.now_ms);
  out.begin_array("nodes");
  for (auto& y : x.nodes)
    append(out, y, whole);
  out.end_array();
  out.begin_array("links");
  for (auto& y : x.links)
    if (whole || !is_calm(y))
      append(out, y);
  out.end_array();
  if (whole) {
    out.begin_array("holds");
    for (auto& y : x.holds)
      append(out, y);
    out.end_array();
    out.begin_array("rows");
    for (auto& y : x.rows)
      append(out, y);
    out.end_array();
  }
  out.end_object();
  return std::move(out).text();
}

} // namespace

std::string frame_text(const frame& x) {
  return text_of(x, true);
}

std::string event_text(const event& x) {
  json_text out;
  append(out, x);
  return std::move(out).text();
}

std::string result_text(std::uint64_t id, bool ok, std::string_view text) {
  json_text out;
  out.begin_object();
  out.field("type", "result");
  out.field("id", id);
  out.field("ok", ok);
  out.field("text", text);
  out.end_object();
  return std::move(out).text();
}

void history::add(const frame& x) {
  frames_.push_back(text_of(x, false));
  times_ms_.push_back(x.now_ms);
  bytes_ += frames_.back().size();
  trim(x.now_ms);
}

void history::trim(std::int64_t now_ms) {
  auto oldest =
      now_ms
      - limits::observe_interval.count()
            * static_cast<std::int64_t>(limits::observe_history_frames);
  while (!frames_.empty()
         && (frames_.size() > limits::observe_history_frames
             || times_ms_.front() < oldest
             || bytes_ > limits::observe_history_bytes_max))
    pop();
}

void history::pop() {
  bytes_ -= frames_.front().size();
  frames_.pop_front();
  times_ms_.pop_front();
}

std::string hello_text(const hello& x) {
  json_text out;
  out.begin_object();
  out.field("type", "hello");
  out.field("cluster", x.cluster);
  out.field("node", x.node);
  out.field("now", x.now_ms);
  out.field("interval_ms", limits::observe_interval.count());
  out.begin_array("controls");
  for (auto& y : x.controls)
    out.value(y);
  out.end_array();
  out.begin_object("marks");
  out.field("queued_messages", x.marks.messages);
  out.field("queued_bytes", x.marks.bytes);
  out.end_object();
  out.begin_array("history");
  for (auto& y : x.before.frames())
    out.raw(y);
  out.end_array();
  out.begin_array("events");
  for (auto& y : x.events.events())
    append(out, y);
  out.end_array();
  out.end_object();
  return std::move(out).text();
}

} // namespace sluice::actors::observe::page_texts
