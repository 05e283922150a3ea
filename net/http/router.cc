#include "net/http/router.h"

#include "runtime/error.h"

#include <algorithm>

namespace sluice::net::http {

using runtime::errc;
using runtime::make_error;

namespace {

std::string_view name_of(method x) noexcept {
  switch (x) {
  case method::get:
    return "GET";
  case method::head:
    return "HEAD";
  case method::post:
    return "POST";
  case method::put:
    return "PUT";
  case method::del:
    return "DELETE";
  case method::options:
    return "OPTIONS";
  case method::patch:
    return "PATCH";
  case method::trace:
    return "TRACE";
  case method::connect:
    return "CONNECT";
  case method::other:
    break;
  }
  return "";
}

/// Takes the body, and then runs the handler.
void collect(server_broker* self, const handler& run, path_parameters at) {
  auto text = std::make_shared<std::string>();
  self->read_body([text](byte_slice x) { text->append(x.view()); },
                  [self, text, run, at = std::move(at)] {
                    auto whole = self->current();
                    if (whole == nullptr)
                      return;
                    auto copy = *whole;
                    copy.body(byte_slice::copy(*text));
                    run(self, copy, at);
                  });
}

} // namespace

caf::error router::add(std::optional<method> verb, std::string_view pattern,
                       handler f, const route_options& x) {
  auto number = table_.add(pattern);
  if (!number)
    return number.error();
  if (*number >= routes_.size())
    routes_.resize(*number + 1);
  auto& at = routes_[*number];
  auto taken = verb ? at.verbs.count(*verb) > 0 : at.any.has_value();
  if (taken)
    return make_error(errc::bad_setting,
                      "route '" + std::string{pattern} + "' has a handler for "
                          + (verb ? std::string{name_of(*verb)} : "any method")
                          + " already");
  if (verb)
    at.verbs.emplace(*verb, entry{std::move(f), x});
  else
    at.any = entry{std::move(f), x};
  return {};
}

caf::error router::get(std::string_view pattern, handler f, route_options x) {
  return add(method::get, pattern, std::move(f), x);
}

caf::error router::post(std::string_view pattern, handler f, route_options x) {
  return add(method::post, pattern, std::move(f), x);
}

caf::error router::put(std::string_view pattern, handler f, route_options x) {
  return add(method::put, pattern, std::move(f), x);
}

caf::error router::del(std::string_view pattern, handler f, route_options x) {
  return add(method::del, pattern, std::move(f), x);
}

caf::error router::head(std::string_view pattern, handler f, route_options x) {
  return add(method::head, pattern, std::move(f), x);
}

caf::error router::patch(std::string_view pattern, handler f, route_options x) {
  return add(method::patch, pattern, std::move(f), x);
}

caf::error router::options(std::string_view pattern, handler f,
                           route_options x) {
  return add(method::options, pattern, std::move(f), x);
}

caf::error router::any(std::string_view pattern, handler f, route_options x) {
  return add(std::nullopt, pattern, std::move(f), x);
}

caf::error router::files(std::string_view prefix, const std::string& root,
                         static_options x) {
  auto served = static_files::make(root, std::move(x));
  if (!served)
    return served.error();
  while (prefix.ends_with('/'))
    prefix.remove_suffix(1);
  auto parts = std::count(prefix.begin(), prefix.end(), '/');
  // The rest begins with a slash; what the folder's own path is needs none.
  auto run = [files = *served, parts](server_broker* self, const request& in,
                                      const path_parameters&) {
    auto rest = in.path();
    for (auto i = parts; i > 0; --i)
      rest.remove_prefix(std::min(rest.find('/', 1), rest.size()));
    files->serve(self, in, rest);
  };
  if (auto err = any(std::string{prefix} + "/*", run))
    return err;
  return prefix.empty() ? caf::error{} : any(prefix, run);
}

caf::error
router::upgrade(std::string_view pattern,
                std::shared_ptr<const net::websocket::options> settings,
                successor next) {
  return get(pattern, [settings, next](server_broker* self, const request& in,
                                       const path_parameters&) {
    namespace ws = net::websocket;
    auto lookup = [&in](std::string_view name) {
      std::vector<std::string_view> result;
      for (auto& x : in.fields())
        if (same_name(x.name(), name))
          result.push_back(x.value());
      return result;
    };
    ws::handshake_result result =
        in.has_body() ? ws::handshake_result{ws::handshake_refused{
            400, {}, "A request for a WebSocket has no body."}}
                      : ws::check_request(in.verb_text(),
                                          static_cast<int>(in.minor_version()),
                                          lookup, settings->handshake);
    if (auto no = std::get_if<ws::handshake_refused>(&result)) {
      response head{static_cast<status>(no->status), {}};
      for (auto& [name, value] : no->fields)
        head.fields.add(name, value);
      head.fields.add("Content-Type", "text/plain; charset=utf-8");
      return self->respond(head, byte_slice::copy(no->text + "\n"));
    }
    auto& yes = std::get<ws::handshake_accepted>(result);
    ws::opened info;
    info.path = in.path();
    info.query = in.query();
    info.subprotocol = yes.subprotocol;
    info.origin = in.fields().find("origin").value_or("");
    fields lines;
    for (auto& [name, value] : yes.fields)
      lines.add(name, value);
    self->switch_protocols(lines, next(std::move(info)));
  });
}

// -- at run time --------------------------------------------------------------

const router::entry* router::choose(const route& at, method verb) const {
  auto found = at.verbs.find(verb);
  if (found == at.verbs.end() && verb == method::head)
    found = at.verbs.find(method::get);
  if (found != at.verbs.end())
    return &found->second;
  return at.any ? &*at.any : nullptr;
}

/// For the field Allow.
std::string router::allowed(const route& at) const {
  std::string result;
  auto add_name = [&result](std::string_view name) {
    result.append(result.empty() ? "" : ", ").append(name);
  };
  for (auto& [verb, run] : at.verbs)
    add_name(name_of(verb));
  if (at.verbs.count(method::get) > 0 && at.verbs.count(method::head) == 0)
    add_name("HEAD");
  if (at.verbs.count(method::options) == 0)
    add_name("OPTIONS");
  return result;
}

std::optional<std::uint64_t> router::body_limit(const request& in) const {
  auto found = table_.find(in.path());
  if (!found || found->route == route_table::none)
    return std::nullopt;
  auto chosen = choose(routes_[found->route], in.verb());
  if (chosen == nullptr)
    return std::nullopt;
  if (chosen->options.collect_body_bytes > 0)
    return chosen->options.collect_body_bytes;
  return chosen->options.body_bytes_max;
}

void router::dispatch(server_broker* self, const request& in) const {
  if (in.path() == "*") { // OPTIONS about the server as such
    response head{status::no_content, {}};
    head.fields.add("Allow", "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
    return self->respond(head);
  }
  auto found = table_.find(in.path());
  if (!found)
    return self->respond(status::bad_request, "text/plain; charset=utf-8",
                         runtime::to_text(found.error()) + "\n");
  if (found->route == route_table::none)
    return self->respond(response{status::not_found});
  auto& at = routes_[found->route];
  auto chosen = choose(at, in.verb());
  if (chosen == nullptr) {
    auto asks = in.verb() == method::options;
    auto known = in.verb() != method::other;
    response head{asks    ? status::no_content
                  : known ? status::method_not_allowed
                          : status::not_implemented,
                  {}};
    head.fields.add("Allow", allowed(at));
    return self->respond(head);
  }
  if (chosen->options.collect_body_bytes > 0)
    return collect(self, chosen->run, std::move(found->parameters));
  chosen->run(self, in, found->parameters);
}

} // namespace sluice::net::http
