#include "tools/sluice/table.h"

#include <gtest/gtest.h>

namespace sluice::tools {
namespace {

TEST(table_test, columns_are_as_wide_as_what_is_in_them) {
  table x{{"NODE"}, {"KEYS", align::right}, {"STATE"}};
  x.add({"n1", "7", "member"});
  x.add({"n10", "1'234", "leaving"});
  EXPECT_EQ(x.text(), "NODE   KEYS  STATE\n"
                      "n1        7  member\n"
                      "n10   1'234  leaving\n");
}

TEST(table_test, short_row_may_end_in_a_long_cell_that_widens_no_column) {
  table x{{"NODE"}, {"STATE"}, {"KEYS"}};
  x.add({"n1", "was killed by SIGKILL 12 s ago"});
  x.add({"n2", "member", "7"});
  EXPECT_EQ(x.text(), "NODE  STATE   KEYS\n"
                      "n1    was killed by SIGKILL 12 s ago\n"
                      "n2    member  7\n");
}

TEST(table_test, table_without_rows_is_its_titles) {
  EXPECT_EQ((table{{"A"}, {"B"}}.text()), "A  B\n");
}

TEST(table_test, cells_too_many_are_dropped) {
  table x{{"A"}};
  x.add({"1", "2"});
  EXPECT_EQ(x.text(), "A\n1\n");
}

TEST(table_test, width_counts_characters_and_not_bytes) {
  table x{{"A"}, {"B"}};
  x.add({"grüß", "1"});
  x.add({"four", "2"});
  EXPECT_EQ(x.text(), "A     B\ngrüß  1\nfour  2\n");
}

TEST(table_test, control_characters_do_not_reach_a_terminal) {
  table x{{"A"}};
  x.add({"a\x1b[2J\nb"});
  EXPECT_EQ(x.text(), "A\na?[2J?b\n");
}

} // namespace
} // namespace sluice::tools
