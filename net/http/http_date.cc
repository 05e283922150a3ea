#include "net/http/http_date.h"

#include <algorithm>
#include <utility>

namespace sluice::net::http {

namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 7> day_names = {
    "Sunday",   "Monday", "Tuesday", "Wednesday",
    "Thursday", "Friday", "Saturday"};

constexpr std::array<std::string_view, 12> month_names = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun",
    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void put_number(char* at, unsigned value, int digits) noexcept {
  while (digits-- > 0) {
    at[digits] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

/// Takes a date apart from the front; after the first thing that does not fit
/// nothing fits any more.
class reader {
public:
  explicit reader(std::string_view text) noexcept : rest_(text) {}

  void skip(std::string_view what) noexcept {
    if (rest_.starts_with(what))
      rest_.remove_prefix(what.size());
    else
      good_ = false;
  }

  unsigned number(std::size_t digits) noexcept {
    unsigned result = 0;
    if (rest_.size() < digits)
      good_ = false;
    for (std::size_t i = 0; good_ && i < digits; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9')
        good_ = false;
      result = result * 10 + static_cast<unsigned>(rest_[i] - '0');
    }
    if (good_)
      rest_.remove_prefix(digits);
    return result;
  }

  /// One digit with a space in front, or two: the day in asctime's form.
  unsigned padded_number() noexcept {
    if (!rest_.starts_with(' '))
      return number(2);
    skip(" ");
    return number(1);
  }

  /// The month, from 1.
  unsigned month() noexcept {
    for (unsigned i = 0; i < month_names.size(); ++i)
      if (rest_.starts_with(month_names[i])) {
        rest_.remove_prefix(3);
        return i + 1;
      }
    good_ = false;
    return 0;
  }

  seconds time_of_day() noexcept {
    auto h = number(2);
    skip(":");
    auto m = number(2);
    skip(":");
    auto s = number(2);
    if (h > 23 || m > 59 || s > 60)
      good_ = false;
    return hours{h} + minutes{m} + seconds{s};
  }

  bool at_end() const noexcept { return good_ && rest_.empty(); }

private:
  std::string_view rest_;
  bool good_ = true;
};

std::optional<date> join(int y, unsigned m, unsigned d, seconds time) {
  auto day = year{y} / month{m} / std::chrono::day{d};
  if (!day.ok())
    return std::nullopt;
  return sys_days{day} + time;
}

/// How long the name of the day is at the start of `text`: 3, or more if it
/// is a long one; 0 if there is none.
std::size_t day_name_length(std::string_view text) noexcept {
  for (auto& name : day_names) {
    if (text.starts_with(name))
      return name.size();
    if (text.starts_with(name.substr(0, 3)))
      return 3;
  }
  return 0;
}

/// The year with these last two digits that is nearest, but at most 50 years
/// ahead.
int full_year(unsigned two_digits, date now) {
  auto present = static_cast<int>(year_month_day{floor<days>(now)}.year());
  auto result = present - present % 100 + static_cast<int>(two_digits);
  if (result > present + 50)
    return result - 100;
  return result + 100 <= present + 50 ? result + 100 : result;
}

} // namespace

date_characters format_date(date x) noexcept {
  constexpr auto first = sys_days{year{0} / January / 1};
  constexpr auto last = sys_days{year{10'000} / January / 1} - seconds{1};
  x = std::clamp(x, date{first}, date{last});
  auto day = floor<days>(x);
  year_month_day civil{day};
  hh_mm_ss time{x - day};
  date_characters text{};
  constexpr std::string_view form = "Sun, 06 Nov 1994 08:49:37 GMT";
  std::copy(form.begin(), form.end(), text.begin());
  auto& name = day_names[weekday{day}.c_encoding()];
  std::copy_n(name.begin(), 3, text.begin());
  put_number(&text[5], static_cast<unsigned>(civil.day()), 2);
  auto& month_name = month_names[static_cast<unsigned>(civil.month()) - 1];
  std::copy_n(month_name.begin(), 3, &text[8]);
  put_number(&text[12], static_cast<unsigned>(static_cast<int>(civil.year())),
             4);
  put_number(&text[17], static_cast<unsigned>(time.hours().count()), 2);
  put_number(&text[20], static_cast<unsigned>(time.minutes().count()), 2);
  put_number(&text[23], static_cast<unsigned>(time.seconds().count()), 2);
  return text;
}

std::optional<date> parse_date(std::string_view text, date now) {
  auto name = day_name_length(text);
  if (name == 0)
    return std::nullopt;
  reader in{text.substr(name)};
  int y = 0;
  unsigned m = 0;
  unsigned d = 0;
  seconds time{};
  if (text.substr(name).starts_with(" ")) { // asctime
    if (name != 3)
      return std::nullopt;
    in.skip(" ");
    m = in.month();
    in.skip(" ");
    d = in.padded_number();
    in.skip(" ");
    time = in.time_of_day();
    in.skip(" ");
    y = static_cast<int>(in.number(4));
  } else {
    // Long names of days have "-" and two digits of the year (RFC 850).
    auto old = name != 3;
    std::string_view between = old ? "-" : " ";
    in.skip(", ");
    d = in.number(2);
    in.skip(between);
    m = in.month();
    in.skip(between);
    y = old ? full_year(in.number(2), now) : static_cast<int>(in.number(4));
    in.skip(" ");
    time = in.time_of_day();
    in.skip(" GMT");
  }
  if (!in.at_end())
    return std::nullopt;
  return join(y, m, d, time);
}

} // namespace sluice::net::http
