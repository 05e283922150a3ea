#pragma once

// store: keys with string values, each with an optional deadline. What Redis
// calls a database, without commands and without I/O.
//
// Invariants:
// 1. entries_ is dense: no holes, in no particular order. Removing an entry
//    moves the last one into its place.
// 2. index_ holds one slot per entry, at most three quarters full.
// 3. due_ holds exactly the entries that have a deadline.
//
// An expired entry is never seen: a look-up removes it, and whoever drives the
// store calls `expire_due` when `next_expiry` has come, so that keys nobody
// asks for go as well.
//
// The store never reads a clock: the caller passes the present, in milliseconds
// since the Unix epoch. The hash is not keyed, so clients must be trusted not
// to search for colliding keys.
//
// Thread rule: one thread. Lifetime: entries live until they are removed;
// their address does not change before.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::examples::kv {

/// Milliseconds since the Unix epoch.
using time_ms = std::int64_t;

/// The deadline of what does not expire.
inline constexpr time_ms never = std::numeric_limits<time_ms>::max();

class store {
public:
  class entry {
  public:
    explicit entry(std::string_view key, std::uint32_t hash)
        : key_(key), hash_(hash) {}

    const std::string& key() const noexcept { return key_; }

    /// From this moment on the entry does not exist; `never` if it stays.
    time_ms deadline() const noexcept { return deadline_; }

    std::string value;

  private:
    friend class store;
    std::string key_;
    time_ms deadline_ = never;
    std::uint32_t hash_;
    std::uint32_t position_ = 0;
  };

  store();

  /// The entry of `key`, or null if there is none or its deadline has passed.
  entry* find(std::string_view key, time_ms now);

  /// Sets value and deadline of `key`, which is made if need be.
  entry& put(std::string_view key, std::string_view value,
             time_ms deadline = never);

  /// Gives `x` another deadline; `never` takes it away.
  void expire_at(entry& x, time_ms deadline);

  /// Removes an entry of this store; `x` is gone afterwards.
  void erase(entry& x);

  /// Gives the entry another key, in place of the entry that has it now. The
  /// value is moved, not copied; `x` is gone afterwards.
  void rename(entry& x, std::string_view key);

  void clear();

  /// Entries, including expired ones that nobody has asked for yet.
  std::size_t size() const noexcept { return entries_.size(); }

  /// Entries that have a deadline.
  std::size_t expiring() const noexcept { return due_.size(); }

  /// Entries that their deadline removed, since the store was made.
  std::uint64_t expired() const noexcept { return expired_; }

  /// The earliest deadline, `never` if there is none.
  time_ms next_expiry() const noexcept {
    return due_.empty() ? never : due_.begin()->first;
  }

  /// Removes entries whose deadline has passed, earliest first and at most
  /// `budget` of them. Returns how many; when that is `budget`, call again.
  std::size_t expire_due(time_ms now, std::size_t budget);

  /// An entry chosen by `dice`, a random number; null if the store is empty.
  entry* pick(std::uint64_t dice, time_ms now);

  /// Shows at most `count` entries to `visit`, expired ones left out, and
  /// returns the cursor to go on from. An iteration starts with cursor 0 and
  /// is over when 0 comes back. An entry that exists all the while is shown at
  /// least once, whatever else comes and goes: the cursor moves down, new
  /// entries start at the top, and a removal moves an entry only downwards,
  /// to where the cursor has yet to come.
  template <class Visit>
  std::uint64_t scan(std::uint64_t cursor, std::size_t count, time_ms now,
                     Visit visit) const {
    auto i = cursor == 0 || cursor > size() ? size() : cursor;
    for (; i > 0 && count > 0; --count)
      if (const auto& x = *entries_[--i]; x.deadline_ > now)
        visit(x);
    return i;
  }

private:
  struct slot {
    std::uint32_t hash;
    std::uint32_t position; // in entries_, or vacant
  };

  static constexpr std::uint32_t vacant = ~std::uint32_t{0};

  std::size_t mask() const noexcept { return index_.size() - 1; }
  std::size_t slot_of(std::string_view key, std::uint32_t hash) const;
  std::size_t slot_of(const entry& x) const;
  entry& add(std::string_view key, std::uint32_t hash);
  void vacate(std::size_t at);
  void resize_index(std::size_t slots);

  std::vector<std::unique_ptr<entry>> entries_;
  /// Open addressing with linear probing; a power of two slots. Eight bytes a
  /// slot, so that growing it touches no entry and stays a short pause.
  std::vector<slot> index_;
  std::set<std::pair<time_ms, entry*>> due_;
  std::uint64_t expired_ = 0;
};

} // namespace sluice::examples::kv
