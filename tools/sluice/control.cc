#include "tools/sluice/control.h"

#include "actors/admin/client.h"
#include "net/config.h"
#include "runtime/error.h"
#include "runtime/loop_group.h"
#include "tools/sluice/launcher.h"
#include "tools/sluice/text.h"

#include <caf/actor_system.hpp>

#include <filesystem>
#include <future>
#include <utility>

namespace sluice::tools {

namespace admin = actors::admin;
using nlohmann::json;

namespace {

struct one_thread : net::config {
  one_thread() { set("scheduler.max-threads", 1); }
};

} // namespace

struct control::system {
  one_thread cfg;
  caf::actor_system actors{cfg};
  runtime::loop_group loops{actors, {.loops = 1}};
};

control::control(const place& where)
    : where_(where), system_(std::make_unique<system>()) {
}

control::~control() = default;

control_answer control::no_launcher(const std::string& why) const {
  auto pid = where_.launcher_pid();
  auto number = pid ? " (pid " + std::to_string(*pid) + ")" : "";
  if (where_.is_locked())
    return {exit_code::no_answer,
            "the launcher" + number + " of " + where_.dir()
                + " is there, and does not serve: " + why,
            {}};
  if (std::filesystem::exists(where_.control_path()))
    return {exit_code::no_cluster,
            "no cluster runs in " + where_.dir() + ": its launcher" + number
                + " was killed; `sluice up` starts a new one",
            {}};
  return {exit_code::no_cluster,
          "no cluster runs in " + where_.dir() + "; `sluice up` starts one",
          {}};
}

control_answer control::ask(const json& request,
                            std::chrono::milliseconds deadline) {
  struct result {
    admin::outcome how;
    std::string why;
    json content;
  };
  std::promise<result> promise;
  auto err = admin::ask(
      system_->loops.at(0), "unix://" + where_.control_path(), request,
      deadline,
      [&](admin::outcome how, const caf::error& why, const json& content) {
        promise.set_value({how, why ? runtime::to_text(why) : "", content});
      });
  if (err)
    return {exit_code::failed, runtime::to_text(err), {}};
  auto got = promise.get_future().get();
  if (got.how == admin::outcome::late)
    return {exit_code::no_answer,
            "the launcher of " + where_.dir() + " does not answer within "
                + duration_text(deadline),
            {}};
  if (got.how == admin::outcome::unreachable)
    return no_launcher(got.why);
  if (got.content["ok"] == true)
    return {exit_code::ok, {}, std::move(got.content)};
  auto why = got.content.value("error", "it does not say why");
  return {why.starts_with(unknown_node_text) ? exit_code::bad_command_line
                                             : exit_code::failed,
          why, std::move(got.content)};
}

} // namespace sluice::tools
