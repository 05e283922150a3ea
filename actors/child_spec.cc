#include "actors/child_spec.h"

#include "runtime/error.h"

namespace sluice::actors {

std::string to_string(restart x) {
  switch (x) {
  case restart::permanent:
    return "permanent";
  case restart::transient:
    return "transient";
  case restart::temporary:
    return "temporary";
  }
  return "invalid";
}

std::string to_string(strategy x) {
  switch (x) {
  case strategy::one_for_one:
    return "one_for_one";
  case strategy::one_for_all:
    return "one_for_all";
  case strategy::rest_for_one:
    return "rest_for_one";
  }
  return "invalid";
}

caf::error check(const child_spec& x) {
  using runtime::errc;
  using runtime::make_error;
  if (x.name.empty())
    return make_error(errc::bad_setting, "child_spec: a child has no name");
  if (!x.start)
    return make_error(errc::bad_setting,
                      "child_spec: '" + x.name + "' has no factory");
  if (x.shutdown && *x.shutdown < runtime::duration::zero())
    return make_error(errc::bad_setting, "child_spec: the shutdown of '"
                                             + x.name + "' is negative");
  return {};
}

caf::error check(const supervisor_options& x) {
  if (auto err = check(x.limits))
    return err;
  return check(x.backoff);
}

} // namespace sluice::actors
