#include "actors/cluster/etcd/etcd_options.h"

#include "actors/cluster/etcd/member_record.h"
#include "net/endpoint.h"
#include "runtime/error.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace sluice::actors::cluster::etcd {

namespace limits = runtime::limits;
using runtime::errc;
using runtime::make_error;
using runtime::to_text;

namespace {

std::string_view trimmed(std::string_view x) {
  constexpr std::string_view blank = " \t\r\n";
  auto first = x.find_first_not_of(blank);
  if (first == std::string_view::npos)
    return {};
  return x.substr(first, x.find_last_not_of(blank) - first + 1);
}

caf::expected<etcd_server> read_server(std::string_view text) {
  auto bad = [&](const std::string& why) {
    return make_error(
        errc::bad_endpoint,
        "bad endpoint of etcd \""
            + std::string{text.substr(0, limits::error_excerpt_bytes)}
            + "\": " + why);
  };
  std::string_view place = text;
  constexpr std::string_view scheme = "http://";
  if (place.starts_with(scheme))
    place.remove_prefix(scheme.size());
  else if (place.find("://") != std::string_view::npos)
    return bad("its scheme is not http");
  if (place.ends_with('/'))
    place.remove_suffix(1);
  auto parsed = net::endpoint::parse("tcp://" + std::string{place});
  if (!parsed)
    return bad(to_text(parsed.error()));
  if (parsed->is_any() || parsed->port() == 0)
    return bad("this is where something may listen, not where it can be "
               "reached");
  etcd_server result;
  result.url = std::string{scheme} + to_string(*parsed).substr(6);
  result.host = std::string{parsed->host()};
  result.port = parsed->port();
  result.is_numeric = parsed->is_numeric();
  return result;
}

} // namespace

caf::expected<std::vector<etcd_server>> read_servers(std::string_view text) {
  std::vector<etcd_server> result;
  while (true) {
    auto comma = text.find(',');
    auto server = read_server(trimmed(text.substr(0, comma)));
    if (!server)
      return std::move(server.error());
    result.push_back(std::move(*server));
    if (result.size() > limits::etcd_endpoints_max)
      return make_error(errc::bad_setting,
                        "more than "
                            + std::to_string(limits::etcd_endpoints_max)
                            + " endpoints of etcd");
    if (comma == std::string_view::npos)
      return result;
    text.remove_prefix(comma + 1);
  }
}

caf::error etcd_options::check() const {
  auto bad = [](std::string why) {
    return make_error(errc::bad_setting, std::move(why));
  };
  if (endpoints.empty())
    return bad("no endpoint of etcd is given");
  if (auto servers = read_servers(endpoints); !servers)
    return std::move(servers.error());
  if (auto error = check_name(cluster, "the name of the cluster"))
    return error;
  if (lease_ttl < limits::etcd_lease_min || lease_ttl > limits::etcd_lease_max)
    return bad("a lease of " + std::to_string(lease_ttl.count())
               + " s is not in "
               + std::to_string(limits::etcd_lease_min.count()) + ".."
               + std::to_string(limits::etcd_lease_max.count()) + " s");
  if (start_deadline <= runtime::duration{0}
      || leave_deadline <= runtime::duration{0})
    return bad("no time to reach etcd: a deadline is not positive");
  if (retry <= runtime::duration{0} || retry_max < retry)
    return bad("the pause between two attempts is not positive, or more than "
               "its maximum");
  return {};
}

runtime::duration etcd_options::answer_deadline() const noexcept {
  return std::min<runtime::duration>(runtime::duration{lease_ttl} / 4,
                                     limits::etcd_answer);
}

} // namespace sluice::actors::cluster::etcd
