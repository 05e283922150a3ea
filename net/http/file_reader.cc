#include "net/http/file_reader.h"

#include "runtime/error.h"
#include "runtime/limits.h"

#include <caf/event_based_actor.hpp>

#include <algorithm>

namespace sluice::net::http {

namespace {

using runtime::byte_slice;
using runtime::errc;
using runtime::make_error;

class file_reader : public caf::event_based_actor {
public:
  file_reader(caf::actor_config& cfg, std::shared_ptr<const file_root> root,
              const caf::actor& owner)
      : caf::event_based_actor(cfg),
        root_(std::move(root)),
        owner_(owner.address()) {
    monitor(owner);
    set_down_handler([this](const caf::down_msg&) { quit(); });
  }

  /// A connection may have many files in its life; it shall not remember them.
  /// And whoever still refers to this actor shall not keep the file open.
  void on_exit() override {
    demonitor(owner_);
    file_ = {};
  }

  const char* name() const override { return "file_reader"; }

protected:
  caf::behavior make_behavior() override {
    return {
        [this](const file_wish& wish) -> caf::result<file_answer> {
          file_answer answer;
          find(wish, answer);
          if (answer.problem == open_problem::none
              && answer.facts.size
                     <= std::min(wish.eager_bytes,
                                 runtime::limits::http_file_piece_bytes)) {
            auto bytes = piece({0, answer.facts.size});
            if (!bytes)
              return bytes.error();
            answer.bytes = std::move(*bytes);
          }
          return answer;
        },
        [this](const file_piece& x) -> caf::result<byte_slice> {
          auto bytes = piece(x);
          if (!bytes)
            return bytes.error();
          return std::move(*bytes);
        },
    };
  }

private:
  void find(const file_wish& wish, file_answer& answer) {
    file_ = {};
    if (!wish.is_folder)
      return take(wish.path, wish, answer);
    answer.problem = open_problem::not_found;
    for (auto& name : wish.index_names) {
      take(wish.path.empty() ? name : wish.path + "/" + name, wish, answer);
      if (answer.problem == open_problem::is_folder)
        answer.problem = open_problem::not_found;
      if (answer.problem != open_problem::not_found)
        return;
    }
  }

  void take(const std::string& path, const file_wish& wish,
            file_answer& answer) {
    auto plain = root_->open_below(path);
    answer.problem = plain.problem;
    answer.os_error = plain.os_error;
    if (plain.problem != open_problem::none)
      return;
    answer.path = path;
    file_ = std::move(plain.file);
    if (wish.looks_for_gzip) {
      auto packed = root_->open_below(path + ".gz");
      // One that is older was made of something else.
      answer.has_gzip =
          packed.file
          && packed.file.facts().modified_ns >= file_.facts().modified_ns;
      answer.is_gzip = answer.has_gzip && wish.takes_gzip;
      if (answer.is_gzip)
        file_ = std::move(packed.file);
    }
    answer.facts = file_.facts();
  }

  caf::expected<byte_slice> piece(const file_piece& x) const {
    auto size = file_ ? file_.facts().size : 0;
    if (!file_ || x.size > runtime::limits::http_file_piece_bytes
        || x.offset > size || x.size > size - x.offset)
      return make_error(errc::bad_setting,
                        "a piece of " + std::to_string(x.size)
                            + " bytes at byte " + std::to_string(x.offset)
                            + " of a file of " + std::to_string(size));
    if (x.size == 0)
      return byte_slice{};
    auto memory = runtime::slab::make(x.size);
    if (auto err = file_.read(x.offset, {memory->data(), x.size}))
      return err;
    return byte_slice{std::move(memory), 0, x.size};
  }

  std::shared_ptr<const file_root> root_;
  caf::actor_addr owner_;
  open_file file_;
};

} // namespace

caf::actor spawn_file_reader(caf::actor_system& system,
                             std::shared_ptr<const file_root> root,
                             const caf::actor& owner) {
  return system.spawn<file_reader>(std::move(root), owner);
}

} // namespace sluice::net::http
