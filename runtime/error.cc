#include "runtime/error.h"

#include <caf/deep_to_string.hpp>
#include <caf/make_message.hpp>
#include <caf/message.hpp>

#include <cstdlib>
#include <cstring>

namespace sluice::runtime {

caf::error make_error(errc code, std::string text) {
  return caf::error{static_cast<std::uint8_t>(code), error_category,
                    caf::make_message(std::move(text))};
}

std::string errno_text(int number) {
  auto positive = std::abs(std::int64_t{number});
  const char* description = ::strerrordesc_np(static_cast<int>(positive));
  const char* name = ::strerrorname_np(static_cast<int>(positive));
  if (description == nullptr || name == nullptr)
    return "unknown error " + std::to_string(positive);
  return std::string{description} + " (" + name + ")";
}

caf::error make_system_error(int number, std::string_view what) {
  return make_error(errc::system_error,
                    std::string{what} + ": " + errno_text(number));
}

std::string render_error(std::uint8_t, caf::atom_value,
                         const caf::message& context) {
  return context.match_elements<std::string>() ? context.get_as<std::string>(0)
                                               : caf::to_string(context);
}

std::string to_text(const caf::error& x) {
  if (x && x.category() == error_category
      && x.context().match_elements<std::string>())
    return x.context().get_as<std::string>(0);
  return caf::to_string(x);
}

} // namespace sluice::runtime
