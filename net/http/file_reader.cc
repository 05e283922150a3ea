#include "net/http/file_reader.h"

#include <caf/event_based_actor.hpp>

#include <utility>

namespace sluice::net::http {

namespace {

using runtime::byte_slice;

class file_reader : public caf::event_based_actor {
public:
  file_reader(caf::actor_config& cfg, std::shared_ptr<const file_root> root,
              open_file file, const caf::actor& owner)
      : caf::event_based_actor(cfg),
        root_(std::move(root)),
        file_(std::move(file)),
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
          file_ = {};
          auto found = find_file(*root_, wish, disk_wait::allowed);
          if (!found)
            return std::move(found.error());
          file_ = std::move(found->file);
          return std::move(found->answer);
        },
        [this](const file_piece& which) -> caf::result<byte_slice> {
          auto bytes = read_piece(file_, which, disk_wait::allowed);
          if (!bytes)
            return std::move(bytes.error());
          return std::move(**bytes);
        },
    };
  }

private:
  std::shared_ptr<const file_root> root_;
  open_file file_;
  caf::actor_addr owner_;
};

} // namespace

caf::actor spawn_file_reader(caf::actor_system& system,
                             std::shared_ptr<const file_root> root,
                             const caf::actor& owner) {
  return system.spawn<file_reader>(std::move(root), open_file{}, owner);
}

caf::actor spawn_file_reader(caf::actor_system& system, open_file file,
                             const caf::actor& owner) {
  auto root = file.root();
  return system.spawn<file_reader>(std::move(root), std::move(file), owner);
}

} // namespace sluice::net::http
