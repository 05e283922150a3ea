#include "net/http/request_codec.h"

#include "net/http/token.h"
#include "net/http/uri.h"
#include "runtime/panic.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cctype>
#include <limits>
#include <optional>
#include <vector>

namespace sluice::net::http {

namespace beast = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

namespace {

std::string_view to_std(string_view x) {
  return {x.data(), x.size()};
}

method to_method(beast::verb x) noexcept {
  switch (x) {
  case beast::verb::get:
    return method::get;
  case beast::verb::head:
    return method::head;
  case beast::verb::post:
    return method::post;
  case beast::verb::put:
    return method::put;
  case beast::verb::delete_:
    return method::del;
  case beast::verb::connect:
    return method::connect;
  case beast::verb::options:
    return method::options;
  case beast::verb::trace:
    return method::trace;
  case beast::verb::patch:
    return method::patch;
  default:
    return method::other;
  }
}

/// RFC 9110, section 5.5, allows a tab, spaces, visible characters and bytes
/// above 127. Beast sees to that, too; what depends on it here does not rely on
/// another library's version.
bool is_value(std::string_view x) noexcept {
  return std::all_of(x.begin(), x.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

bool is_digits(std::string_view x) noexcept {
  return !x.empty() && std::all_of(x.begin(), x.end(), [](char c) {
    return c >= '0' && c <= '9';
  });
}

/// True if each line from `from` on ends as it should, and none is the rest of
/// a folded one.
bool is_well_ended(std::string_view x, std::size_t from) noexcept {
  for (auto at = x.find_first_of("\r\n", from); at != x.npos;
       at = x.find_first_of("\r\n", at + 2)) {
    if (x[at] == '\n')
      return false;
    if (at + 1 < x.size() && x[at + 1] != '\n')
      return false;
    if (at + 2 < x.size() && (x[at + 2] == ' ' || x[at + 2] == '\t'))
      return false;
  }
  return true;
}

/// True if the line before a chunk, up to its line feed, says that there is
/// none.
bool is_last_chunk(std::string_view line) noexcept {
  auto zeros = std::min(line.find_first_not_of('0'), line.size());
  return zeros > 0
         && (zeros == line.size()
             || std::isxdigit(static_cast<unsigned char>(line[zeros])) == 0);
}

/// True if a request line ends in a minor version of HTTP/1 above ours.
bool is_later_minor(std::string_view line) noexcept {
  return line.size() > 9 && line.substr(line.size() - 9, 8) == " HTTP/1."
         && line.back() >= '2' && line.back() <= '9';
}

/// Heads that are being read: each thread keeps a few for the next requests.
constexpr std::size_t spare_machines_max = 64;

} // namespace

/// What Beast finds in one call, and what it is asked not to let through.
class request_codec::machine {
public:
  class parser : public beast::basic_parser<true> {
  public:
    explicit parser(machine& owner) : owner_(owner) {
      // The codec has measured the head; the broker measures the body.
      header_limit(std::numeric_limits<std::uint32_t>::max());
      body_limit(std::numeric_limits<std::uint64_t>::max());
    }

  private:
    void on_request_impl(beast::verb verb, string_view name, string_view target,
                         int version, error_code&) override {
      owner_.verb = to_method(verb);
      owner_.verb_text = to_std(name);
      owner_.target = to_std(target);
      owner_.minor_version = static_cast<std::uint8_t>(version % 10);
    }

    void on_response_impl(int, string_view, int, error_code&) override {}

    void on_field_impl(beast::field known, string_view name, string_view value,
                       error_code& error) override {
      if (!owner_.on_field(known, to_std(name), to_std(value)))
        error = beast::error::bad_value;
    }

    void on_header_impl(error_code&) override { owner_.head_done = true; }

    void on_body_init_impl(const boost::optional<std::uint64_t>&,
                           error_code&) override {}

    std::size_t on_body_impl(string_view x, error_code&) override {
      owner_.body = to_std(x);
      return x.size();
    }

    void on_chunk_header_impl(std::uint64_t size, string_view,
                              error_code& error) override {
      if (size <= owner_.body_left) {
        owner_.body_left -= size;
        owner_.chunk_left = size;
        owner_.behind_chunk = true;
        return;
      }
      owner_.refuse(status::content_too_large, "the body is too long");
      error = beast::error::body_limit;
    }

    std::size_t on_chunk_body_impl(std::uint64_t, string_view x,
                                   error_code&) override {
      owner_.chunk_left -= x.size();
      owner_.body = to_std(x);
      return x.size();
    }

    void on_finish_impl(error_code&) override {}

    machine& owner_;
  };

  static std::unique_ptr<machine> acquire(std::size_t fields_max) {
    auto& spare = spares();
    std::unique_ptr<machine> result;
    if (spare.empty()) {
      result = std::make_unique<machine>();
    } else {
      result = std::move(spare.back());
      spare.pop_back();
    }
    result->begin(fields_max);
    return result;
  }

  static void recycle(std::unique_ptr<machine> x) {
    if (spares().size() < spare_machines_max)
      spares().push_back(std::move(x));
  }

  /// The line before a chunk comes next.
  bool awaits_chunk() const { return parse->chunked() && chunk_left == 0; }

  std::optional<parser> parse;
  std::vector<field_view> fields;
  std::size_t field_count = 0;
  std::size_t fields_max = 0;
  unsigned hosts = 0;
  unsigned lengths = 0;
  unsigned codings = 0;
  unsigned expectations = 0;
  std::string_view verb_text;
  std::string_view target;
  std::string_view host;
  std::string_view coding;
  std::string_view expectation;
  std::string_view body;
  byte_slice own; // of a head that had to be changed
  method verb = method::other;
  std::uint64_t body_left = 0;  // of what chunks may hold
  std::uint64_t chunk_left = 0; // of the current one
  std::uint8_t minor_version = 1;
  bool behind_chunk = false; // whose end is still to come
  bool head_done = false;
  status refusal = status::bad_request;
  const char* why = nullptr;

private:
  static std::vector<std::unique_ptr<machine>>& spares() {
    static thread_local std::vector<std::unique_ptr<machine>> result;
    return result;
  }

  void begin(std::size_t most) {
    parse.emplace(*this);
    fields.clear();
    field_count = hosts = lengths = codings = expectations = 0;
    fields_max = most;
    host = coding = expectation = body = {};
    own = {};
    body_left = std::numeric_limits<std::uint64_t>::max();
    chunk_left = 0;
    behind_chunk = false;
    head_done = false;
    refusal = status::bad_request;
    why = nullptr;
  }

  bool refuse(status code, const char* text) noexcept {
    refusal = code;
    why = text;
    return false;
  }

  bool on_field(beast::field known, std::string_view name,
                std::string_view value) {
    if (++field_count > fields_max)
      return refuse(status::request_header_fields_too_large,
                    "the request has too many fields");
    if (!is_value(value))
      return refuse(status::bad_request,
                    "a field has a control character in its value");
    if (head_done) // a trailer says nothing that a server may act on
      return true;
    switch (known) {
    case beast::field::host:
      ++hosts;
      host = value;
      break;
    case beast::field::content_length:
      if (++lengths > 1)
        return refuse(status::bad_request,
                      "the request has more than one Content-Length");
      if (!is_digits(value))
        return refuse(status::bad_request, "Content-Length is not a number");
      break;
    case beast::field::transfer_encoding:
      ++codings;
      coding = value;
      break;
    case beast::field::expect:
      ++expectations;
      expectation = value;
      break;
    default:
      break;
    }
    fields.emplace_back(name, value);
    return true;
  }
};

request_codec::request_codec(const request_limits& limits) : limits_(limits) {
  checked_frame_bound(frame_bytes_max());
}

request_codec::~request_codec() = default;

decoded request_codec::refuse(status code, const char* text) {
  refusal_ = code;
  machine_.reset();
  return decoded::malformed(text);
}

decoded request_codec::decode(std::string_view input) {
  return in_body_ ? decode_body(input) : decode_head(input);
}

// -- heads --------------------------------------------------------------------

/// A line that ends at `line_end`, its carriage return included, of a head that
/// ends at `end` so far.
std::optional<decoded> request_codec::over_limits(std::size_t line_end,
                                                  std::size_t end) {
  if (line_ == begin_ && line_end - begin_ > limits_.line_bytes + 1)
    return refuse(status::uri_too_long, "the request line is too long");
  if (end - begin_ > limits_.head_bytes)
    return refuse(status::request_header_fields_too_large,
                  "the head of the request is too long");
  return std::nullopt;
}

/// Looks for the empty line at the head's end. Beast would find it, too, but
/// take lines that end in a line feed alone, or are folded.
decoded request_codec::decode_head(std::string_view input) {
  // Until it is complete or refused, nothing else is known about it.
  refusal_ = status::bad_request;
  if (scanned_ == begin_) {
    // Empty lines before a request: some clients end a body with one (RFC 9112,
    // section 2.2).
    while (input.substr(begin_).starts_with("\r\n"))
      begin_ += 2;
    line_ = scanned_ = begin_;
    if (begin_ > limits_.line_bytes)
      return refuse(status::bad_request, "there are only empty lines");
    if (input.size() <= begin_ + 1)
      return decoded::more();
  }
  for (;;) {
    auto at = input.find('\n', scanned_);
    if (at == std::string_view::npos) {
      scanned_ = static_cast<std::uint32_t>(input.size());
      break;
    }
    // The limits come first: how a request was cut must make no difference.
    if (auto why = over_limits(at, at + 1))
      return *why;
    scanned_ = static_cast<std::uint32_t>(at + 1);
    if (at == line_ || input[at - 1] != '\r')
      return refuse(status::bad_request,
                    "a line ends without a carriage return");
    if (at - 1 == line_)
      return parse_head(input, begin_, scanned_ - begin_);
    if (line_ != begin_ && (input[line_] == ' ' || input[line_] == '\t'))
      return refuse(status::bad_request, "a field is folded");
    line_ = scanned_;
  }
  if (auto why = over_limits(input.size(), input.size()))
    return *why;
  return decoded::more();
}

decoded request_codec::parse_head(std::string_view input, std::size_t begin,
                                  std::size_t size) {
  auto block = input.substr(begin, size);
  begin_ = line_ = scanned_ = 0;
  machine_ = machine::acquire(limits_.fields);
  auto line_size = block.find('\r');
  if (is_later_minor(block.substr(0, line_size))) {
    // Beast knows 1.0 and 1.1 only; what is later is read as 1.1 (RFC 9110,
    // section 2.5).
    std::string as_1_1{block};
    as_1_1[line_size - 1] = '1';
    machine_->own = byte_slice::copy(as_1_1);
    block = machine_->own.view();
  }
  error_code error;
  auto taken = machine_->parse->put({block.data(), block.size()}, error);
  if (machine_->why != nullptr)
    return refuse(machine_->refusal, machine_->why);
  if (error == beast::error::bad_version) {
    auto line = block.substr(0, block.find('\r'));
    auto version = line.substr(std::min(line.rfind("HTTP/"), line.size()));
    if (version.size() == 8 && version[5] >= '2' && version[5] <= '9'
        && version[6] == '.')
      return refuse(status::http_version_not_supported,
                    "HTTP/1.1 is spoken here");
    return refuse(status::bad_request, "the request line has no HTTP version");
  }
  if (error == beast::error::bad_method)
    return refuse(status::bad_request, "the method is not a word");
  if (error == beast::error::bad_target)
    return refuse(status::bad_request, "the target is malformed");
  if (error == beast::error::bad_content_length)
    return refuse(
        status::bad_request,
        "Content-Length is no number, or one that is too large, or contradicts "
        "Transfer-Encoding");
  if (error == beast::error::bad_transfer_encoding)
    return refuse(status::bad_request,
                  "Transfer-Encoding is not one \"chunked\"");
  if (error || taken != block.size() || !machine_->head_done)
    return refuse(status::bad_request, "a field of the request is malformed");
  if (auto why = judge_head(block))
    return refuse(machine_->refusal, why);
  found_ = part::head;
  in_body_ = !machine_->parse->is_done();
  return decoded::frame(begin, size, begin + size);
}

/// What Beast does not ask. The text says what is wrong, and
/// `machine_->refusal` the status.
const char* request_codec::judge_head(std::string_view) {
  auto& x = *machine_;
  auto with = [&x](status code, const char* text) {
    x.refusal = code;
    return text;
  };
  if (x.verb == method::connect)
    return with(status::not_implemented, "there are no tunnels here");
  if (x.codings > 1)
    return "there is more than one Transfer-Encoding";
  if (x.codings == 1) {
    if (x.minor_version == 0)
      return "HTTP/1.0 has no Transfer-Encoding";
    if (x.lengths > 0)
      return "there are both Content-Length and Transfer-Encoding";
    if (!same_name(x.coding, "chunked"))
      return with(status::not_implemented,
                  "the only transfer coding that is known is \"chunked\"");
  }
  // HTTP/1.0 would end such a body with the connection, and nobody could be
  // answered (RFC 9110, section 15.5.12).
  auto has_content = x.verb == method::post || x.verb == method::put
                     || x.verb == method::patch;
  if (x.minor_version == 0 && has_content && x.lengths == 0)
    return with(status::length_required,
                "a body in HTTP/1.0 needs a Content-Length");
  if (x.hosts > 1)
    return "there is more than one Host";
  if (x.hosts == 0 && x.minor_version > 0)
    return "there is no Host";
  if (x.expectations > 1
      || (x.expectations == 1 && !same_name(x.expectation, "100-continue")))
    return with(status::expectation_failed,
                "the only expectation that is known is "
                "\"100-continue\"");
  if (!x.host.empty() && !split_authority(x.host))
    return "Host is malformed";
  auto target = split_target(x.target);
  if (!target)
    return "the target is malformed";
  if (!form_fits(target->form, x.verb_text))
    return "the target does not fit the method";
  if (!target->authority.empty() && !split_authority(target->authority))
    return "the target's host is malformed";
  if (target->form == target_form::absolute && target->authority.empty())
    return "the target names no host";
  return nullptr;
}

void request_codec::take_request(byte_slice bytes, request& into) {
  auto& x = *machine_;
  into.bytes_ = x.own.empty() ? std::move(bytes) : std::move(x.own);
  into.verb_ = x.verb;
  into.verb_text_ = x.verb_text;
  into.target_ = x.target;
  into.minor_version_ = x.minor_version;
  // The common form, without a look at what `judge_head` has seen.
  if (x.target.front() == '/') {
    auto mark = x.target.find('?');
    into.path_ = x.target.substr(0, mark);
    into.query_ =
        mark == x.target.npos ? std::string_view{} : x.target.substr(mark + 1);
    into.host_ = x.host;
  } else {
    auto target = split_target(x.target);
    into.path_ = target ? target->path : std::string_view{};
    into.query_ = target ? target->query.value_or("") : std::string_view{};
    into.host_ =
        target && !target->authority.empty() ? target->authority : x.host;
  }
  std::swap(into.fields_.lines_, x.fields);
  auto length = x.parse->content_length();
  into.content_length_ =
      length ? std::optional<std::uint64_t>{*length} : std::nullopt;
  into.body_ = {};
  into.has_body_ = in_body_;
  // HTTP/1.0 does not know it (RFC 9110, section 10.1.1).
  into.expects_continue_ = x.expectations > 0 && x.minor_version > 0;
  into.keeps_alive_ = x.parse->keep_alive();
  if (!in_body_)
    machine::recycle(std::move(machine_));
}

void request_codec::limit_body(std::uint64_t bytes) noexcept {
  if (in_body_ && machine_) // not after what could not be read
    machine_->body_left = bytes;
}

// -- bodies -------------------------------------------------------------------

/// The end of a chunk before; the line with the size; and if that is 0 the
/// trailers and the empty line. There is none of their ends before `from`, but
/// for the line that ends at `line_`, if that is not 0.
request_codec::chunk_lines
request_codec::measure_chunk_lines(std::string_view x, std::size_t from) {
  auto begin = machine_->behind_chunk ? std::size_t{2} : 0;
  if (from == 0)
    line_ = 0;
  if (line_ == 0) {
    auto end = x.find('\n', std::min(std::max(begin, from), x.size()));
    if (end == x.npos)
      return {x.size(), false};
    if (!is_last_chunk(x.substr(begin, end - begin)))
      return {end + 1, true};
    line_ = static_cast<std::uint32_t>(end + 1);
    from = line_;
  }
  // The empty line may be the one right behind it.
  auto last = x.find("\r\n\r\n", from < 4 ? 0 : from - 4);
  return last == x.npos ? chunk_lines{x.size(), false}
                        : chunk_lines{last + 4, true};
}

decoded request_codec::decode_body(std::string_view input) {
  refusal_ = status::bad_request;
  std::size_t used = 0;
  while (used < input.size()) {
    auto rest = input.substr(used);
    if (machine_->awaits_chunk()) {
      // Beast gets these lines when they are complete, so that it makes no
      // difference how they were cut; and would abort on the beginning of an
      // empty body (1.74).
      auto lines = measure_chunk_lines(rest, used == 0 ? scanned_ : 0);
      auto seen = rest.substr(0, std::min(lines.size, limits_.head_bytes));
      if (!is_well_ended(seen, used == 0 ? scanned_ : 0))
        return refuse(status::bad_request,
                      "a line around a chunk ends without a carriage return "
                      "and a line feed, or is folded");
      if (lines.size > limits_.head_bytes)
        return refuse(status::request_header_fields_too_large,
                      "there is too much around a chunk");
      if (!lines.complete) {
        if (used > 0)
          break;
        // The next look begins at what may be the end of a line.
        scanned_ = static_cast<std::uint32_t>(
            rest.size() - std::min<std::size_t>(rest.size(), 2));
        while (scanned_ > 0 && rest[scanned_] == '\n')
          --scanned_;
        return decoded::more();
      }
    }
    machine_->body = {};
    error_code error;
    used += machine_->parse->put({rest.data(), rest.size()}, error);
    if (machine_->why != nullptr)
      return refuse(machine_->refusal, machine_->why);
    if (error)
      return refuse(status::bad_request, "a chunk is malformed");
    auto body = machine_->body;
    if (machine_->parse->is_done()) {
      in_body_ = false;
      machine::recycle(std::move(machine_));
    }
    if (!in_body_ || !body.empty()) {
      line_ = scanned_ = 0;
      found_ = part::body;
      return decoded::frame(
          body.empty() ? used
                       : static_cast<std::size_t>(body.data() - input.data()),
          body.size(), used);
    }
  }
  if (used == 0)
    return decoded::more();
  line_ = scanned_ = 0;
  found_ = part::body;
  return decoded::frame(used, 0, used);
}

} // namespace sluice::net::http
