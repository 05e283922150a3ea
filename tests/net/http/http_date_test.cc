#include "net/http/http_date.h"

#include <gtest/gtest.h>

#include <ctime>
#include <string>

namespace sluice::net::http {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

/// 1994-11-06 08:49:37, the RFC's example.
constexpr date example = sys_days{1994y / November / 6} + 8h + 49min + 37s;
constexpr date present = sys_days{2026y / November / 23} + 18h;

std::string text_of(date x) {
  auto text = format_date(x);
  return {text.data(), text.size()};
}

TEST(http_date_test, the_three_forms_of_the_rfc_are_one_date) {
  EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT", present), example);
  EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT", present), example);
  EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994", present), example);
}

TEST(http_date_test, one_form_is_written) {
  EXPECT_EQ(text_of(example), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(text_of(date{}), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(http_date_test, every_day_is_written_as_the_c_library_writes_it_and_read) {
  for (auto day = sys_days{1899y / December / 25};
       day < sys_days{2101y / January / 10}; day += days{1}) {
    date x = day + seconds{(day.time_since_epoch().count() * 7919) % 86'400};
    auto number = static_cast<std::time_t>(x.time_since_epoch().count());
    std::tm parts{};
    gmtime_r(&number, &parts);
    char expected[40];
    std::strftime(expected, sizeof(expected), "%a, %d %b %Y %H:%M:%S GMT",
                  &parts);
    ASSERT_EQ(text_of(x), expected);
    ASSERT_EQ(parse_date(expected, present), x) << expected;
    std::strftime(expected, sizeof(expected), "%a %b %e %H:%M:%S %Y", &parts);
    ASSERT_EQ(parse_date(expected, present), x) << expected;
  }
}

TEST(http_date_test, years_without_room_become_the_nearest) {
  EXPECT_EQ(text_of(sys_days{12'000y / May / 5}),
            "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(text_of(sys_days{year{-5} / May / 5}),
            "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST(http_date_test, two_digits_are_a_year_at_most_fifty_ahead) {
  auto year_of = [](std::string_view digits) {
    auto x = parse_date(
        "Monday, 01-Jan-" + std::string{digits} + " 00:00:00 GMT", present);
    return x ? static_cast<int>(year_month_day{floor<days>(*x)}.year()) : 0;
  };
  EXPECT_EQ(year_of("26"), 2026);
  EXPECT_EQ(year_of("76"), 2076);
  EXPECT_EQ(year_of("77"), 1977);
  EXPECT_EQ(year_of("99"), 1999);
  EXPECT_EQ(year_of("00"), 2000);
}

TEST(http_date_test, what_is_no_date_is_none) {
  for (auto text : {"",
                    "Sun",
                    "Sun,",
                    "Sun, 06 Nov 1994 08:49:37",
                    "0",
                    "now",
                    "Sun, 06 Nov 1994 08:49:37 GMT ",
                    "Sun, 06 Nov 1994 08:49:37 UTC",
                    "Sun, 6 Nov 1994 08:49:37 GMT",
                    "Sun, 06 nov 1994 08:49:37 GMT",
                    "Son, 06 Nov 1994 08:49:37 GMT",
                    "Sun, 31 Feb 1994 08:49:37 GMT",
                    "Sun, 00 Nov 1994 08:49:37 GMT",
                    "Sun, 06 Nov 1994 24:00:00 GMT",
                    "Sun, 06 Nov 1994 08:60:37 GMT",
                    "Sun, 06 Nov 1994 08:49:61 GMT",
                    "Sun, 06 Nov 94 08:49:37 GMT",
                    "Sun, 06-Nov-94 08:49:37 GMT",
                    "Sunday Nov  6 08:49:37 1994",
                    "Sun Nov 6 08:49:37 1994",
                    "Sun, 06 Nov -994 08:49:37 GMT",
                    "Sun, 29 Feb 2023 00:00:00 GMT"})
    EXPECT_EQ(parse_date(text, present), std::nullopt) << text;
}

TEST(http_date_test, leap_days_and_leap_seconds_are_read) {
  EXPECT_EQ(parse_date("Thu, 29 Feb 2024 00:00:00 GMT", present),
            sys_days{2024y / February / 29});
  EXPECT_EQ(parse_date("Sat, 31 Dec 2016 23:59:60 GMT", present),
            sys_days{2017y / January / 1});
}

TEST(http_date_test, text_of_the_present_changes_with_the_second) {
  date_text text;
  EXPECT_EQ(text.at(example), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(text.at(example + 999ms), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(text.at(example + 1000ms), "Sun, 06 Nov 1994 08:49:38 GMT");
  // A clock that was set back.
  EXPECT_EQ(text.at(example), "Sun, 06 Nov 1994 08:49:37 GMT");
}

} // namespace
} // namespace sluice::net::http
