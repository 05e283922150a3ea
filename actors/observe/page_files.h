#pragma once

// page_files: the page's HTML, scripts and styles (actors/observe/assets), as
// they were when the program was built.
//
// Internal. Thread rule: constants.

#include <span>
#include <string_view>

namespace sluice::actors::observe {

struct page_file {
  std::string_view name; // as page.css
  std::string_view bytes;
};

std::span<const page_file> page_files() noexcept;

} // namespace sluice::actors::observe
