#include "net/name_lookup.h"

#include "runtime/error.h"

#include <ares.h>
#include <netinet/in.h>
#include <sys/time.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::net {

namespace limits = runtime::limits;
using runtime::errc;
using runtime::event_loop;
using runtime::interest;
using runtime::make_error;
using runtime::readiness;
using runtime::socket_address;

namespace {

std::atomic<std::size_t> lookups_under_way{0};

/// One of the look-ups that a process may have under way.
class lookup_slot {
public:
  lookup_slot() noexcept
      : taken_(lookups_under_way.fetch_add(1, std::memory_order_relaxed)
               < limits::lookups_max) {}
  lookup_slot(const lookup_slot&) = delete;
  lookup_slot& operator=(const lookup_slot&) = delete;
  ~lookup_slot() { lookups_under_way.fetch_sub(1, std::memory_order_relaxed); }

  bool taken() const noexcept { return taken_; }

private:
  bool taken_;
};

bool is_invalid_name(std::string_view host) {
  if (host.ends_with('.'))
    host.remove_suffix(1);
  return host == "invalid" || host.ends_with(".invalid");
}

bool says_unknown(int status) {
  return status == ARES_ENOTFOUND || status == ARES_ENODATA
         || status == ARES_EBADNAME || status == ARES_ENONAME;
}

bool same(const socket_address& a, const socket_address& b) {
  return a.length == b.length
         && std::memcmp(&a.storage, &b.storage, a.length) == 0;
}

/// The address of a node with the port that c-ares was not told.
std::optional<socket_address> to_address(const ares_addrinfo_node& node,
                                         std::uint16_t port) {
  socket_address result;
  auto store = [&](auto ip, in_port_t decltype(ip)::*field) {
    if (node.ai_addrlen < sizeof(ip))
      return false;
    std::memcpy(&ip, node.ai_addr, sizeof(ip));
    ip.*field = htons(port);
    std::memcpy(&result.storage, &ip, sizeof(ip));
    result.length = sizeof(ip);
    return true;
  };
  if (node.ai_family == AF_INET && store(sockaddr_in{}, &sockaddr_in::sin_port))
    return result;
  if (node.ai_family == AF_INET6
      && store(sockaddr_in6{}, &sockaddr_in6::sin6_port))
    return result;
  return std::nullopt;
}

/// A look-up and its own c-ares channel: so it can be cancelled by itself, sees
/// the system's settings as they are now, and asks from a port of its own,
/// which is harder to forge an answer for.
class cares_lookup final : public name_lookup, public runtime::flushable {
public:
  cares_lookup(event_loop& loop, const endpoint& target, callback f)
      : loop_(loop), target_(target), callback_(std::move(f)) {}

  ~cares_lookup() override {
    loop_.flush_forget(*this);
    close_channel();
  }

  void start(const lookup_options& options) {
    if (target_.is_numeric())
      take_numeric();
    else if (!slot_->taken())
      fail(errc::lookup_overflow, "too many look-ups are under way, at most "
                                      + std::to_string(limits::lookups_max));
    else if (is_invalid_name(target_.host()))
      fail(errc::unknown_host, "no such host");
    else if (open_channel(options))
      ask();
    // Whatever is known already is told later, not from inside of `start`.
    if (result_)
      loop_.flush_later(*this);
    else
      arm();
  }

  void on_flush() override { tell(); }

private:
  /// Watches one socket of c-ares. There are few: one or two per name server.
  struct watched_socket final : runtime::io_handler {
    watched_socket(cares_lookup& o, int f) : owner(o), fd(f) {}

    // c-ares may close the socket, and destroy this handler, in `process`.
    void on_ready(readiness what) override {
      // An error is found by whoever reads or writes.
      auto failed = what.failed || what.hung_up;
      owner.process(what.readable || failed ? fd : ARES_SOCKET_BAD,
                    what.writable || failed ? fd : ARES_SOCKET_BAD);
    }

    cares_lookup& owner;
    int fd;
  };

  struct next_try final : runtime::timer {
    explicit next_try(cares_lookup& o) noexcept : timer(on_due), owner(o) {}
    static void on_due(timer& t) noexcept {
      static_cast<next_try&>(t).owner.process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    }
    cares_lookup& owner;
  };

  // -- the question -----------------------------------------------------------

  void take_numeric() {
    auto address = target_.to_address();
    if (address)
      result_ = addresses{*address};
    else
      result_ = address.error();
  }

  bool open_channel(const lookup_options& options) {
    static const int library = ares_library_init(ARES_LIB_INIT_ALL);
    if (library != ARES_SUCCESS)
      return fail_with(library);
    ares_options settings{};
    std::string order = "fb"; // the hosts file, then the name servers
    settings.timeout = static_cast<int>(options.try_time.count());
    settings.tries = options.rounds;
    settings.lookups = order.data();
    settings.sock_state_cb = on_socket;
    settings.sock_state_cb_data = this;
    auto mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS
                | ARES_OPT_SOCK_STATE_CB;
    if (!options.servers.empty()) {
      settings.flags = ARES_FLAG_NOSEARCH;
      mask |= ARES_OPT_FLAGS;
    }
    if (auto n = ares_init_options(&channel_, &settings, mask);
        n != ARES_SUCCESS) {
      channel_ = nullptr;
      return fail_with(n);
    }
    if (!options.servers.empty())
      if (auto n =
              ares_set_servers_ports_csv(channel_, options.servers.c_str());
          n != ARES_SUCCESS)
        return fail_with(n);
    return true;
  }

  void close_channel() {
    loop_.timers().cancel(timer_);
    if (channel_ != nullptr)
      ares_destroy(std::exchange(channel_, nullptr));
  }

  void ask() {
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = target_.socket_type();
    std::string host{target_.host()};
    ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, on_answer, this);
  }

  void process(int read_fd, int write_fd) {
    ares_process_fd(channel_, read_fd, write_fd);
    if (result_)
      tell();
    else
      arm();
  }

  void arm() {
    timeval wait{};
    if (ares_timeout(channel_, nullptr, &wait) == nullptr)
      return;
    loop_.timers().arm(timer_, loop_.now() + std::chrono::seconds{wait.tv_sec}
                                   + std::chrono::microseconds{wait.tv_usec});
  }

  static void on_socket(void* self, int fd, int read, int write) {
    static_cast<cares_lookup*>(self)->watch(
        fd, (read != 0 ? interest::read : interest::none)
                | (write != 0 ? interest::write : interest::none));
  }

  void watch(int fd, interest what) {
    auto found = std::find_if(sockets_.begin(), sockets_.end(),
                              [&](const auto& x) { return x->fd == fd; });
    caf::error error;
    if (found == sockets_.end()) {
      if (what == interest::none)
        return;
      auto handler = std::make_unique<watched_socket>(*this, fd);
      error = loop_.watch(fd, what, *handler);
      if (!error)
        sockets_.push_back(std::move(handler));
    } else if (what == interest::none) {
      loop_.unwatch(fd, **found);
      sockets_.erase(found);
    } else {
      error = loop_.rewatch(fd, what, **found);
    }
    // If nobody tells us of the answer, the timer tells us of its absence.
    if (error && !watch_error_)
      watch_error_ = std::move(error);
  }

  // -- the answer -------------------------------------------------------------

  static void on_answer(void* self, int status, int, ares_addrinfo* found) {
    auto& lookup = *static_cast<cares_lookup*>(self);
    if (status != ARES_EDESTRUCTION)
      lookup.take_answer(status, found);
    if (found != nullptr)
      ares_freeaddrinfo(found);
  }

  void take_answer(int status, const ares_addrinfo* found) {
    if (status != ARES_SUCCESS || found == nullptr) {
      fail_with(status);
      return;
    }
    addresses list;
    for (auto node = found->nodes; node != nullptr; node = node->ai_next) {
      auto address = to_address(*node, target_.port());
      // A hosts file may name an address for each of its aliases.
      if (address && std::none_of(list.begin(), list.end(), [&](auto& x) {
            return same(x, *address);
          }))
        list.push_back(*address);
    }
    if (list.empty())
      fail_with(ARES_ENODATA);
    else
      result_ = std::move(list);
  }

  bool fail_with(int status) {
    if (watch_error_)
      result_ = std::move(watch_error_);
    else
      fail(says_unknown(status) ? errc::unknown_host : errc::system_error,
           ares_strerror(status));
    return false;
  }

  void fail(errc code, const std::string& why) {
    result_ = make_error(code, "look-up of " + to_string(target_) + ": " + why);
  }

  /// Ends the look-up; the callback may destroy it.
  void tell() {
    // The channel takes 70 KiB, and who asked may keep the look-up for long.
    close_channel();
    slot_.reset();
    auto result = std::move(*result_);
    auto f = std::move(callback_);
    f(std::move(result));
  }

  event_loop& loop_;
  endpoint target_;
  callback callback_;
  std::optional<lookup_slot> slot_{std::in_place};
  ares_channel channel_ = nullptr;
  std::vector<std::unique_ptr<watched_socket>> sockets_;
  next_try timer_{*this};
  caf::error watch_error_;
  std::optional<caf::expected<addresses>> result_;
};

} // namespace

std::unique_ptr<name_lookup> name_lookup::start(event_loop& loop,
                                                const endpoint& target,
                                                callback f,
                                                const lookup_options& options) {
  auto result = std::make_unique<cares_lookup>(loop, target, std::move(f));
  result->start(options);
  return result;
}

} // namespace sluice::net
