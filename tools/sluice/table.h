#pragma once

// table: rows of text under titles, as wide as they have to be.
//
// Thread rule: a value.

#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

namespace sluice::tools {

enum class align : unsigned char { left, right };

class table {
public:
  struct column {
    std::string title;
    align where = align::left;
  };

  explicit table(std::initializer_list<column> columns) : columns_(columns) {}

  /// A row with fewer cells than columns ends early; its last cell may be as
  /// long as it likes and makes no column wider. What would not be printable
  /// is replaced.
  void add(std::vector<std::string> cells);

  bool empty() const noexcept { return rows_.empty(); }

  /// The titles and the rows, two spaces between the columns, none at the end
  /// of a line.
  std::string text() const;

private:
  std::vector<column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

} // namespace sluice::tools
