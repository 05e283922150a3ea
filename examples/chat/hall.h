#pragma once

// hall: the actor that knows who is in which room. Members tell it what they
// say; it tells the others. It waits for none of them: what a member does not
// read is the matter of that member's connection.
//
// Thread rule: its loop; members on any loop send to it. Lifetime: until its
// loop stops.

#include "examples/chat/line.h"
#include "runtime/loop_actor.h"

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sluice::examples::chat {

class hall : public runtime::loop_actor {
public:
  hall(caf::actor_config& cfg, runtime::event_loop& loop);

  const char* name() const override { return "chat.hall"; }

protected:
  caf::behavior make_behavior() override;

private:
  struct guest;

  struct room {
    std::string name;
    std::vector<guest*> guests; // in the order in which they came
  };

  struct guest {
    caf::actor connection;
    std::string name;
    room* where = nullptr;
  };

  void welcome(caf::actor connection);
  void farewell(caf::actor_id connection);
  void listen_to(guest& who, const line_ptr& what);

  // What begins with a slash.
  void command(guest& who, const line_ptr& what);
  void join(guest& who, std::string_view room, const line_ptr& cause);
  void rename(guest& who, std::string_view name, const line_ptr& cause);
  void list(guest& who, const line_ptr& cause);

  void enter(guest& who, room& where, const line_ptr& cause);
  void leave(guest& who, const line_ptr& cause);

  void tell(const guest& who, std::string_view text, const line_ptr& cause);
  void tell_others(const guest& who, std::string_view text,
                   const line_ptr& cause);

  std::unordered_map<caf::actor_id, guest> guests_;
  std::unordered_map<std::string, guest*> names_;
  std::map<std::string, room, std::less<>> rooms_;
  std::uint64_t next_number_ = 1;
};

} // namespace sluice::examples::chat
