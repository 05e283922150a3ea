#pragma once

// outlet_port: an outlet without its type. The owner pushes into it; the link
// takes from it what the receiver has given credit for.
//
// States: *waiting* for the answer to `open`, *open*, *closed*; from closed
// back to waiting with `reopen`, unless it is over. An outlet that was dropped
// tells the receiver so, if it knows of it, and is over.
//
// Invariants:
// 1. While the outlet is closed and not over, the owner is under pressure: it
//    was told *applied* before it hears outlet_closed. Once the outlet is over
//    nobody is.
// 2. The port holds its owner until the outlet is over.
//
// Internal. Thread rule: stands at the sections. Lifetime: see port.h.

#include "actors/channel/link_door.h"
#include "actors/channel/options.h"
#include "actors/channel/outlet_core.h"
#include "actors/channel/port.h"
#include "actors/channel/report.h"
#include "actors/channel/wire.h"
#include "runtime/byte_slice.h"
#include "runtime/valve.h"

#include <caf/error.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::actors::channel {

using runtime::byte_slice;

class outlet_port final : public port {
public:
  /// `where` in its normal form.
  outlet_port(end_setup setup, std::string where, std::string name,
              std::string type, stream_id stream,
              const outlet_options& options);
  ~outlet_port() override;

  const std::string& where() const noexcept { return where_; }
  bool own_link() const noexcept { return options_.own_link; }

  // -- the owner's thread -----------------------------------------------------

  /// An empty buffer for the next message.
  std::vector<char>& scratch() noexcept;

  /// Pushes what is in the buffer.
  caf::error push_scratch();
  caf::error push_slice(const byte_slice& x);

  void close();
  caf::error reopen();

  /// What was not confirmed; the outlet is over by that.
  std::vector<byte_slice> take_unconfirmed();

  /// What an outlet without a port says.
  static caf::error no_port();

  // -- any thread -------------------------------------------------------------

  /// Fails the stream.
  void drop() noexcept;
  void on_owner_ended() override;

  std::uint64_t position() const;
  std::uint64_t confirmed() const;
  std::size_t pending_bytes() const;
  bool pressed() const;
  outlet_report report() const;

  /// The host stops, and no link is there to say so.
  void on_host_stopped();

  /// Which link serves it from now on.
  void assign(std::shared_ptr<link_door> x);

  /// There will be no link: closed, and the owner knows. For good if
  /// `host_stopped`.
  void on_unconnected(bool host_stopped);

  void on_link_lost(const link_door* by, end_reason why,
                    const caf::error& how) override;

  // -- the link's thread ------------------------------------------------------

  void serve(link& by) override;
  void pass_on() override;

  /// The number under which a link knows it from now on.
  void bind(const link_door* by, std::uint32_t channel);

  /// What the other host answered. False if the outlet does not have what the
  /// receiver wants: it is closed, and the other end is to be told.
  bool on_opened(const wire::opened& x);
  caf::error on_grant(const wire::grant& x);
  caf::error on_finished();

  /// It is over on the other side, or could not be opened.
  void on_closed(end_reason why, std::string text);

  /// The next frame's messages, of at most `bytes` bytes unless it is a single
  /// one. False if there is nothing to send, or no credit for it.
  bool take(std::size_t bytes, outlet_core::taken& out);

  /// What is to be said now, at most once each.
  struct errand {
    bool gone = false;         // nothing: it is served by another link, or none
    std::uint32_t channel = 0; // 0: not bound yet
    bool open = false;
    bool data = false; // `take` would give something
    bool blocked = false;
    bool end = false; // at `position`
    std::uint64_t position = 0;
    std::optional<end_reason> failed; // and the channel is to be forgotten
    bool known = false; // of `failed`: the other host has heard of it
  };

  /// `ready`: the link can open channels.
  errand next_errand(const link_door* by, bool ready);
  wire::open describe(std::uint32_t channel) const;

private:
  enum class state : std::uint8_t { waiting, open, closed };

  using lock = std::unique_lock<std::mutex>;

  caf::error admit(std::size_t size);
  void pushed(lock guard);
  void update_level();
  caf::strong_actor_ptr release();
  void fail(end_reason why) noexcept;
  void finish(lock guard, end_reason why, const std::string& how);
  void wake(lock guard);

  const std::string where_;
  const stream_id stream_;
  const outlet_options options_;
  std::vector<char> scratch_; // the owner's thread

  mutable std::mutex mutex_;
  outlet_core core_;
  runtime::valve valve_;
  caf::strong_actor_ptr gate_;   // the source of the signals
  caf::strong_actor_ptr holder_; // the owner, see invariant 2
  std::shared_ptr<link_door> door_;
  std::uint32_t channel_ = 0; // there
  state state_ = state::waiting;
  bool told_ = false;                // the owner was told *applied*
  bool ending_ = false;              // `close` was called
  bool open_said_ = false;           // on this link
  bool end_said_ = false;            // likewise
  bool over_ = false;                // cannot be opened again
  bool finished_ = false;            // over as it should be
  std::optional<end_reason> failed_; // and the other end is to be told
};

} // namespace sluice::actors::channel
