#include "tools/sluice/table.h"

#include "tools/sluice/text.h"

#include <algorithm>
#include <utility>

namespace sluice::tools {

void table::add(std::vector<std::string> cells) {
  if (cells.size() > columns_.size())
    cells.resize(columns_.size());
  for (auto& x : cells)
    x = printable(x);
  rows_.push_back(std::move(cells));
}

std::string table::text() const {
  std::vector<std::size_t> widths;
  for (auto& x : columns_)
    widths.push_back(width_of(x.title));
  for (auto& row : rows_) {
    auto ends_early = row.size() < columns_.size();
    for (std::size_t i = 0; i + (ends_early ? 1 : 0) < row.size(); ++i)
      widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string result;
  auto print = [&](auto&& cell, std::size_t count) {
    std::string line;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string& x = cell(i);
      auto room = widths[i] - std::min(widths[i], width_of(x));
      line += columns_[i].where == align::right ? std::string(room, ' ') + x
                                                : x + std::string(room, ' ');
      line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    result += line + '\n';
  };
  print(
      [&](std::size_t i) -> auto& { return columns_[i].title; },
      columns_.size());
  for (auto& row : rows_)
    print(
        [&](std::size_t i) -> auto& { return row[i]; }, row.size());
  return result;
}

} // namespace sluice::tools
