#pragma once

// line: a line that a member said, on its way to all who hear it. Its members
// and the hall share it. The one that lets go of it last gives the speaker
// leave to say another one: that is what bounds the mailboxes between them,
// also when they run on several loops at different speeds.
//
// Thread rule: constant; any thread. Lifetime: shared.

#include "net/commands.h"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/send.hpp>

#include <memory>
#include <utility>

namespace sluice::examples::chat {

class line {
public:
  line(net::byte_slice text, caf::actor speaker)
      : text_(std::move(text)), speaker_(std::move(speaker)) {}

  line(const line&) = delete;
  line& operator=(const line&) = delete;

  ~line() { caf::anon_send(speaker_, net::read_credit{1}); }

  std::string_view text() const noexcept { return text_.view(); }

private:
  net::byte_slice text_;
  caf::actor speaker_;
};

using line_ptr = std::shared_ptr<const line>;

/// A member came; the first thing that it tells the hall.
struct arrived {};

/// What a member tells the hall.
struct said {
  line_ptr what;
};

/// A member will say no more, the last thing that it tells the hall.
struct fell_silent {};

/// What the hall tells a member: text to show, and the line that led to it, if
/// any.
struct heard {
  net::byte_slice text;
  line_ptr cause;
};

} // namespace sluice::examples::chat

// They hold pointers and stay inside of this process.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::examples::chat::arrived)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::examples::chat::said)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::examples::chat::fell_silent)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::examples::chat::heard)
