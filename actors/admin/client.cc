#include "actors/admin/client.h"

#include "actors/admin/line.h"
#include "net/line_codec.h"
#include "net/listen.h"
#include "runtime/error.h"
#include "runtime/limits.h"

#include <memory>
#include <string>
#include <utility>

namespace sluice::actors::admin {

using nlohmann::json;
using runtime::errc;

namespace {

/// Calls the handler once: at the latest when the connection's behavior goes.
class question {
public:
  question(std::string where, runtime::duration deadline, answer_handler f)
      : where_(std::move(where)), deadline_(deadline), f_(std::move(f)) {}
  question(const question&) = delete;
  question& operator=(const question&) = delete;
  ~question() { broken("the connection ended without an answer"); }

  void answered(const json& x) { call(outcome::answered, {}, x); }

  void forget() { f_ = nullptr; }

  void broken(const std::string& how) {
    call(outcome::unreachable, error_of(how), {});
  }

  void failed(const caf::error& why) {
    if (why)
      call(outcome::unreachable, why, {});
    else
      broken("the connection ended without an answer");
  }

  void late() {
    using std::chrono::milliseconds;
    auto ms = std::chrono::duration_cast<milliseconds>(deadline_).count();
    call(outcome::late,
         error_of("no answer within " + std::to_string(ms) + " ms"), {});
  }

private:
  caf::error error_of(const std::string& how) const {
    return runtime::make_error(errc::connection_closed, where_ + ": " + how);
  }

  void call(outcome how, const caf::error& why, const json& answer) {
    if (auto f = std::exchange(f_, nullptr))
      f(how, why, answer);
  }

  std::string where_;
  runtime::duration deadline_;
  answer_handler f_;
};

void take(question& open, std::string_view line) {
  std::string why;
  auto answer = read_object(line, why);
  if (!why.empty())
    return open.broken("not an answer: " + why);
  if (auto ok = answer.find("ok"); ok == answer.end() || !ok->is_boolean())
    return open.broken("not an answer: it does not say \"ok\"");
  open.answered(answer);
}

caf::behavior inquire(net::stream_broker* self, const std::string& request,
                      runtime::duration deadline,
                      const std::shared_ptr<question>& open) {
  self->set_timer(deadline);
  return {
      [=](const net::connected&) { self->write(request); },
      [=](const net::received& in) {
        take(*open, in.bytes.view());
        self->abort();
      },
      [=](const net::bad_frame& in) { open->broken(in.text); },
      [=](net::timed_out what) {
        if (what.which != net::timeout::user
            && what.which != net::timeout::connect)
          return;
        open->late();
        self->abort();
      },
      [=](const net::closed& why) { open->failed(why.error); },
      [](const net::rejected&) {},
  };
}

} // namespace

caf::error ask(runtime::event_loop& loop, std::string_view where,
               const json& request, runtime::duration deadline,
               answer_handler f) {
  net::stream_options options;
  options.connect_deadline = deadline;
  options.framing = [] {
    return std::make_unique<net::line_codec>(
        runtime::limits::admin_answer_bytes_max);
  };
  auto open =
      std::make_shared<question>(std::string{where}, deadline, std::move(f));
  auto asked = net::connect(loop, where, inquire, std::move(options),
                            to_line(request), deadline, open);
  if (asked)
    return {};
  open->forget();
  return std::move(asked.error());
}

} // namespace sluice::actors::admin
