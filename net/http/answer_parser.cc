#include "net/http/answer_parser.h"

#include "runtime/error.h"
#include "runtime/limits.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace sluice::net::http {

namespace {

namespace beast = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;
using runtime::byte_slice;
using runtime::errc;
using runtime::make_error;

/// Also of one line of a chunk's frame.
constexpr auto head_bytes_max =
    std::uint32_t{runtime::limits::http_answer_head_bytes_max};

/// A body without any chunk: "0", and two ends of lines. Beast 1.74 aborts when
/// it has seen the first line of that and is called again with fewer bytes than
/// all of it.
constexpr std::size_t last_chunk_bytes = 5;

std::string_view to_std(string_view x) {
  return {x.data(), x.size()};
}

} // namespace

/// What Beast finds in one call.
class answer_parser::machine : public beast::basic_parser<false> {
public:
  explicit machine(bool to_head) {
    header_limit(head_bytes_max);
    // Whoever collects has a limit. None at all is not it: Boost 1.74 takes
    // boost::none for a limit below any length.
    body_limit(std::numeric_limits<std::uint64_t>::max());
    skip(to_head);
  }

  unsigned code = 0;
  http::fields found;
  std::size_t fields = 0;
  bool head_done = false;
  bool head_told = false;
  bool finished = false;
  std::string_view body;
  std::uint64_t chunk_left = 0;

  /// The line before a chunk comes next.
  bool awaits_chunk() { return head_done && chunked() && chunk_left == 0; }

private:
  void on_request_impl(beast::verb, string_view, string_view, int,
                       error_code&) override {}

  void on_response_impl(int status, string_view, int version,
                        error_code& ec) override {
    code = static_cast<unsigned>(status);
    if (status < 100 || status > 599)
      ec = beast::error::bad_status;
    else if (version / 10 != 1)
      ec = beast::error::bad_version;
  }

  void on_field_impl(beast::field, string_view name, string_view value,
                     error_code& ec) override {
    if (++fields > runtime::limits::http_answer_fields_max)
      ec = beast::error::header_limit;
    else if (!head_done) // else it is in a trailer, which says nothing new
      found.add(to_std(name), to_std(value));
  }

  void on_header_impl(error_code&) override { head_done = true; }

  void on_body_init_impl(const boost::optional<std::uint64_t>&,
                         error_code&) override {}

  std::size_t on_body_impl(string_view x, error_code&) override {
    body = to_std(x);
    return x.size();
  }

  void on_chunk_header_impl(std::uint64_t size, string_view,
                            error_code&) override {
    chunk_left = size;
  }

  std::size_t on_chunk_body_impl(std::uint64_t, string_view x,
                                 error_code&) override {
    chunk_left -= x.size();
    body = to_std(x);
    return x.size();
  }

  void on_finish_impl(error_code&) override {}
};

answer_parser::answer_parser() = default;
answer_parser::~answer_parser() = default;

void answer_parser::begin(bool to_head) {
  to_head_ = to_head;
  machine_ = std::make_unique<machine>(to_head);
}

void answer_parser::feed(byte_slice bytes) {
  if (error_)
    return;
  if (input_.empty()) {
    input_ = std::move(bytes);
    return;
  }
  // Something spans reads: a head, or the frame of a chunk. Rare, and bounded
  // by what `next` leaves.
  auto memory = runtime::slab::make(input_.size() + bytes.size());
  std::copy(input_.begin(), input_.end(), memory->data());
  std::copy(bytes.begin(), bytes.end(), memory->data() + input_.size());
  auto size = memory->capacity();
  input_ = {std::move(memory), 0, size};
}

answer_step answer_parser::next() {
  if (error_)
    return answer_step::failed;
  while (machine_ && !machine_->finished) {
    if (machine_->is_done() && machine_->head_told) {
      if (machine_->code >= 200) {
        machine_->finished = true;
        return answer_step::end;
      }
      begin(to_head_); // that was a hint
    }
    if (machine_->head_done && !machine_->head_told) {
      machine_->head_told = true;
      return machine_->code < 200 ? answer_step::hint : answer_step::head;
    }
    if (input_.empty())
      return answer_step::need_more;
    machine_->body = {};
    error_code ec;
    std::size_t count = 0;
    if (machine_->awaits_chunk() && input_.view().starts_with('0')
        && input_.size() < last_chunk_bytes)
      ec = beast::error::need_more;
    else
      count = machine_->put({input_.data(), input_.size()}, ec);
    auto part = machine_->body;
    if (!part.empty())
      bytes_ = input_.sub(static_cast<std::size_t>(part.data() - input_.data()),
                          part.size());
    input_.remove_prefix(count);
    if (ec && ec != beast::error::need_more)
      return fail(ec == beast::error::header_limit ? errc::frame_too_long
                                                   : errc::malformed_frame,
                  "an answer with a " + ec.message());
    if (!part.empty())
      return answer_step::part;
    if (ec) {
      if (input_.size() > head_bytes_max)
        return fail(errc::frame_too_long, "an answer with a line of more than "
                                              + std::to_string(head_bytes_max)
                                              + " bytes");
      input_ = input_.compact();
      return answer_step::need_more;
    }
  }
  return answer_step::need_more;
}

answer_step answer_parser::at_end() {
  if (error_)
    return answer_step::failed;
  if (!machine_ || machine_->finished || !machine_->got_some())
    return input_.empty()
               ? answer_step::need_more
               : fail(errc::truncated_frame, "the beginning of an answer");
  error_code ec;
  machine_->put_eof(ec);
  if (ec || !input_.empty())
    return fail(errc::truncated_frame, "an answer that is cut short");
  machine_->finished = true;
  return answer_step::end;
}

unsigned answer_parser::status() const noexcept {
  return machine_ ? machine_->code : 0;
}

http::fields answer_parser::take_fields() {
  return std::move(machine_->found);
}

std::optional<std::uint64_t> answer_parser::body_size() const {
  auto size = machine_->content_length();
  return size ? std::optional<std::uint64_t>{*size} : std::nullopt;
}

bool answer_parser::keeps_alive() const {
  return machine_ && machine_->finished && !machine_->need_eof()
         && machine_->keep_alive();
}

answer_step answer_parser::fail(errc code, std::string text) {
  error_ = make_error(code, std::move(text));
  input_ = {};
  return answer_step::failed;
}

} // namespace sluice::net::http
