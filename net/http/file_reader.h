#pragma once

// file_reader: an actor that has one file open and reads it for a connection,
// a piece each time it is asked. It runs on CAF's scheduler: a disk may take
// its time, and no loop waits for it.
//
// Messages, all of them requests:
//   file_wish -> file_answer
//   file_piece -> byte_slice with exactly the bytes asked for, or an error as
//                 open_file::read has them
//
// The reader reads ahead of nobody: who asks for the next piece when the last
// one has left holds one piece of memory, however large the file is.
//
// For users. Thread rule: messages, from any thread. Lifetime: it ends, and
// closes its file, when its owner ends, is no longer referred to, or is told
// to exit.

#include "net/http/file_root.h"
#include "net/http/file_search.h"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <memory>

namespace sluice::net::http {

/// Starts a reader for `owner`. Any thread.
caf::actor spawn_file_reader(caf::actor_system& system,
                             std::shared_ptr<const file_root> root,
                             const caf::actor& owner);

/// The same, with a file that is open already: for its pieces.
caf::actor spawn_file_reader(caf::actor_system& system, open_file file,
                             const caf::actor& owner);

} // namespace sluice::net::http

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::net::http::file_wish)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::net::http::file_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::net::http::file_piece)
