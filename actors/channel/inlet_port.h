#pragma once

// inlet_port: an inlet without its type. The link that serves it hands over
// data frames; what the owner frees comes back as credit.
//
// Invariants:
// 1. At most one link serves it; frames of another one are ignored. When a
//    stream comes over a new link, the old one is forgotten: it may be dead
//    without knowing.
// 2. Batches are handed to the owner under `delivery_`, in the order of their
//    positions, each position once.
// 3. A batch that the owner's mailbox refuses, or that is freed after the owner
//    has begun to end, was not handled: it is never confirmed.
//
// Internal. Thread rule: stands at the sections. Lifetime: see port.h.

#include "actors/channel/inlet_core.h"
#include "actors/channel/lease.h"
#include "actors/channel/link_door.h"
#include "actors/channel/options.h"
#include "actors/channel/port.h"
#include "actors/channel/report.h"
#include "actors/channel/wire.h"
#include "runtime/byte_slice.h"

#include <caf/error.hpp>
#include <caf/expected.hpp>
#include <caf/mailbox_element.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

namespace sluice::actors::channel {

using runtime::byte_slice;

class inlet_port : public port {
public:
  inlet_port(end_setup setup, std::string name, std::string type,
             const inlet_options& options);
  ~inlet_port() override;

  caf::error check() const { return options_.check(); }

  // -- any thread -------------------------------------------------------------

  /// Closes the inlet: lets go of the name and, before the end, of the stream.
  void cancel() noexcept;
  void on_owner_ended() override;

  /// The host stops.
  void on_host_stopped();

  /// Whether no link serves it, or has anything more to do for it.
  bool rests() const;

  /// Nobody waits for its outlet any longer.
  void expire();

  /// The link has ended.
  void on_link_lost(const link_door* by, end_reason why,
                    const caf::error& how) override;

  std::uint64_t position() const;
  std::uint64_t confirmed() const;
  inlet_report report() const;

  /// A lease ends.
  void freed(std::uint64_t first, std::uint32_t count, std::size_t bytes);

  // -- the link's thread ------------------------------------------------------

  void serve(link& by) override;
  void pass_on() override;

  /// A link asks to feed the inlet: yes, or why not.
  std::variant<wire::opened, wire::refused>
  attach(const std::shared_ptr<link_door>& by, const wire::open& x);

  /// A data frame. An error ends the link.
  caf::error on_data(const link_door* by, const wire::data& x);
  caf::error on_end(const link_door* by, std::uint64_t position);
  void on_blocked(const link_door* by);

  /// The stream fails: the outlet said so or, with `say`, is to be told.
  void on_failed(const link_door* by, end_reason why, std::string text,
                 bool say);

  /// What is to be said now, at most once each.
  struct errand {
    bool gone = false; // nothing: another link serves it, or none
    std::uint32_t channel = 0;
    std::optional<wire::grant> grant;
    bool finished = false;
    std::optional<end_reason> failed; // and the channel is to be forgotten
    std::string text;                 // of `failed`
  };

  /// `all`: grant even if it is little.
  errand next_errand(const link_door* by, bool all);

protected:
  /// Reads the messages of a frame into a batch for the owner's mailbox.
  virtual caf::expected<caf::mailbox_element_ptr>
  make_batch(std::uint64_t first, std::uint32_t count, const byte_slice& items,
             lease_ptr held) = 0;

private:
  enum class state : std::uint8_t {
    waiting,  // for an outlet, or for its return
    open,     // a link serves it
    ended,    // likewise; the stream has ended, not all is freed
    finished, // and all is freed; may have to say so again
    closed,
  };

  using lock = std::unique_lock<std::mutex>;

  void wake(lock guard);
  bool served_by(const link_door* by) const noexcept;
  std::optional<wire::refused> refuses(const wire::open& x) const;
  bool all_handled() const noexcept;
  void end_with(lock guard, end_reason why, std::string text, bool say);
  void close_stopped(lock guard);
  void leave_host();

  const inlet_options options_;

  std::mutex delivery_; // before mutex_

  mutable std::mutex mutex_;
  inlet_core core_;
  caf::strong_actor_ptr holder_; // the owner, until the stream is over
  std::shared_ptr<link_door> door_;
  std::uint32_t channel_ = 0; // there
  std::optional<stream_id> stream_;
  state state_ = state::waiting;
  bool end_seen_ = false;            // on this link
  bool finish_said_ = false;         // likewise
  std::optional<end_reason> failed_; // and the other end is to be told
  std::string failed_text_;
};

} // namespace sluice::actors::channel
