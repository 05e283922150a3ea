#pragma once

// control: the tool's end of a launcher's control socket. Each question waits
// for its answer; what can be wrong is put into words and an exit code.
//
// Thread rule: one thread at a time. Lifetime: the place outlives it.

#include "tools/sluice/exit_code.h"
#include "tools/sluice/place.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace sluice::tools {

struct control_answer {
  exit_code code = exit_code::ok;
  /// What is wrong, if it is not `ok`.
  std::string why;
  nlohmann::json content;
};

class control {
public:
  explicit control(const place& where);
  ~control();

  control(const control&) = delete;
  control& operator=(const control&) = delete;

  control_answer ask(const nlohmann::json& request,
                     std::chrono::milliseconds deadline);

private:
  struct system;

  control_answer no_launcher(const std::string& why) const;

  const place& where_;
  std::unique_ptr<system> system_;
};

} // namespace sluice::tools
