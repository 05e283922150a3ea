#pragma once

// json_text: writes JSON (RFC 8259) of a known shape straight into a text: what
// the page gets is made twice a second of some thousand numbers, for which a
// tree of objects would take longer than everything else.
//
//   json_text out;
//   out.begin_object();
//   out.field("name", name);
//   out.begin_array("links");
//   ...
//   out.end_array();
//   out.end_object();
//   std::move(out).text()
//
// Internal. Thread rule: one thread.

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::actors::observe {

class json_text {
public:
  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }

  void begin_object(std::string_view name) {
    key(name);
    begin_object();
  }
  void begin_array(std::string_view name) {
    key(name);
    begin_array();
  }

  template <class T>
  void field(std::string_view name, const T& x) {
    key(name);
    value(x);
  }

  /// Bytes that are no UTF-8 are replaced (U+FFFD).
  void value(std::string_view x);
  void value(const char* x) { value(std::string_view{x}); }
  void value(const std::string& x) { value(std::string_view{x}); }

  void value(bool x) {
    separate();
    text_ += x ? "true" : "false";
  }

  template <std::integral T>
  requires(!std::same_as<T, bool>) void value(T x) {
    separate();
    char digits[24];
    auto end = std::to_chars(digits, digits + sizeof digits, x).ptr;
    text_.append(digits, end);
  }

  void null() {
    separate();
    text_ += "null";
  }

  /// A number in thousandths.
  void permille(std::string_view name, std::uint32_t x);

  void null(std::string_view name) {
    key(name);
    null();
  }

  /// What is JSON already, as one value.
  void raw(std::string_view x) {
    separate();
    text_ += x;
  }

  std::size_t size() const noexcept { return text_.size(); }
  std::string text() && { return std::move(text_); }

private:
  void separate() {
    if (std::exchange(behind_, true))
      text_ += ',';
  }
  void open(char x) {
    separate();
    text_ += x;
    behind_ = false;
  }
  void close(char x) {
    text_ += x;
    behind_ = true;
  }
  void key(std::string_view name) {
    value(name);
    text_ += ':';
    behind_ = false;
  }

  std::string text_;
  bool behind_ = false; // a value is before this place
};

} // namespace sluice::actors::observe
