#include "net/http/server_broker.h"
#include "net/http/static_files.h"

#include <memory>
#include <utility>

// A server_broker's answer with a file of a folder.

namespace sluice::net::http {

namespace {

class broker_sink final : public answer_sink {
public:
  broker_sink(server_broker* self, bool to_head)
      : self_(self), to_head_(to_head) {}

  void respond(unsigned code, const fields& head, byte_slice body,
               std::uint64_t body_size) override {
    response answer{static_cast<status>(code), head};
    if (!to_head_ || body.size() == body_size)
      return self_->respond(answer, std::move(body));
    // Says how long a body is that does not follow.
    self_->start_response(answer, body_size);
    self_->end_response();
  }

  void start(unsigned code, const fields& head, std::uint64_t body_size,
             std::shared_ptr<sending> body) override {
    self_->start_response({static_cast<status>(code), head}, body_size,
                          [body](server_broker*) { body->more(); });
  }

  void write(byte_slice bytes) override { self_->write_body(std::move(bytes)); }

  void finish() override { self_->end_response(); }

  void break_off(caf::error why) override {
    self_->break_response(std::move(why));
  }

private:
  server_broker* self_;
  bool to_head_;
};

} // namespace

void static_files::serve(server_broker* self, const request& in,
                         std::string_view below) const {
  auto sink = std::make_shared<broker_sink>(self, in.verb() == method::head);
  serve(self, std::move(sink),
        {in.verb_text(), in.path(), in.query(), below,
         [&in](std::string_view name) { return in.fields().find(name); }});
}

} // namespace sluice::net::http
