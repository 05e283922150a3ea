// The judge is judged: text that is not in the format is found out.

#include "tests/actors/metrics/exposition.h"

#include <gtest/gtest.h>

namespace sluice::testing {
namespace {

std::string first_error(std::string_view text) {
  exposition read{text};
  return read.errors().empty() ? "" : read.errors().front();
}

TEST(exposition_test, good_text_is_read) {
  exposition read{"# HELP a_total What.\n# TYPE a_total counter\n"
                  "a_total{b=\"x\\\"y\\\\z\\n\",a=\"1\"} 3\na_total 4.5\n"
                  "# HELP s Time.\n# TYPE s histogram\n"
                  "s_count 3\ns_sum 1.5\ns_bucket{le=\"0.1\"} 1\n"
                  "s_bucket{le=\"+Inf\"} 3\n"};
  EXPECT_EQ(read.errors(), std::vector<std::string>{});
  EXPECT_EQ(read.value("a_total{a=\"1\",b=\"x\"y\\z\n\"}"), 3.0);
  EXPECT_EQ(read.value("a_total"), 4.5);
  EXPECT_EQ(read.value("s_bucket{le=\"0.1\"}"), 1.0);
  EXPECT_EQ(read.value("a"), std::nullopt);
  EXPECT_EQ(read.sum("a_total"), 7.5);
}

TEST(exposition_test, what_is_wrong_is_said) {
  const std::string head = "# HELP a_total What.\n# TYPE a_total counter\n";
  EXPECT_EQ(first_error(head + "a_total 1"),
            "line 0: the last line has no end");
  EXPECT_EQ(first_error(head + "a_total{x=\"1} 1\n"),
            "line 3: labels that do not end");
  EXPECT_EQ(first_error(head + "a_total{x=\"1\",x=\"2\"} 1\n"),
            "line 3: the label x comes twice");
  EXPECT_EQ(first_error(head + "a_total one\n"), "line 3: no number: \"one\"");
  EXPECT_EQ(first_error(head + "a_total 1 \n"), "line 3: no number: \"1 \"");
  EXPECT_EQ(first_error(head + "a_total -1\n"),
            "line 3: a counter below 0: a_total");
  EXPECT_EQ(first_error(head + "a_total 1\na_total 2\n"),
            "line 4: the same series twice: a_total");
  EXPECT_EQ(first_error(head + "b_total 1\n"),
            "line 3: a sample outside of its family: b_total");
  EXPECT_EQ(first_error("a_total 1\n"),
            "line 1: a sample outside of its family: a_total");
  EXPECT_EQ(first_error("# TYPE a gauge\na 1\n"),
            "line 1: \"a\" has a TYPE without a HELP before it");
  EXPECT_EQ(first_error("# HELP a What.\n# TYPE a counter\na 1\n"),
            "line 2: a counter that is not called _total: a");
  EXPECT_EQ(first_error(head + "a_total 1\n" + head), "line 4: \"a_total\" "
                                                      "comes a second time");
}

TEST(exposition_test, histograms_that_do_not_add_up_are_found) {
  const std::string head = "# HELP s Time.\n# TYPE s histogram\n";
  EXPECT_EQ(first_error(head + "s_count 2\ns_sum 1\ns_bucket{le=\"1\"} 2\n"),
            "line 5: no bucket +Inf: s");
  EXPECT_EQ(first_error(head + "s_count 1\ns_sum 1\ns_bucket{le=\"+Inf\"} 2\n"),
            "line 5: the count is not that of +Inf: s");
  EXPECT_EQ(first_error(head + "s_count 2\ns_bucket{le=\"+Inf\"} 2\n"),
            "line 4: no sum: s");
  EXPECT_EQ(first_error(head + "s_bucket{le=\"2\"} 1\ns_bucket{le=\"1\"} 1\n"),
            "line 4: buckets that do not ascend: s_bucket");
  EXPECT_EQ(first_error(head + "s_bucket{le=\"1\"} 2\ns_bucket{le=\"2\"} 1\n"),
            "line 4: buckets that are not cumulative: s_bucket");
}

} // namespace
} // namespace sluice::testing
