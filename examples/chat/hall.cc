#include "examples/chat/hall.h"

#include "examples/chat/limits.h"

#include <caf/actor_cast.hpp>

#include <algorithm>
#include <cctype>

namespace sluice::examples::chat {

namespace {

constexpr std::string_view first_room = "lobby";
constexpr std::string_view name_rule =
    "! a name has 1 to 24 letters, digits, - or _\n";
static_assert(name_bytes_max == 24);

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= name_bytes_max
         && std::all_of(text.begin(), text.end(), [](unsigned char x) {
              return std::isalnum(x) != 0 || x == '-' || x == '_';
            });
}

/// What others see of a line: no control characters, which could do anything to
/// their terminals.
void append_plain(std::string& to, std::string_view text) {
  auto start = static_cast<std::ptrdiff_t>(to.size());
  to += text;
  std::replace_if(
      to.begin() + start, to.end(),
      [](unsigned char x) { return (x < ' ' && x != '\t') || x == 127; }, '?');
}

} // namespace

hall::hall(caf::actor_config& cfg, runtime::event_loop& loop)
    : runtime::loop_actor(cfg, loop) {
  // However a connection ends, this is how one hears of it.
  set_down_handler([this](caf::down_msg& x) { farewell(x.source.id()); });
}

caf::behavior hall::make_behavior() {
  return {
      [this](arrived) {
        welcome(caf::actor_cast<caf::actor>(current_sender()));
      },
      [this](const said& x) {
        if (auto who = guests_.find(current_sender()->id());
            who != guests_.end())
          listen_to(who->second, x.what);
      },
      [this](fell_silent) {
        auto connection = caf::actor_cast<caf::actor>(current_sender());
        farewell(connection->id());
        // Behind the answers to all that it said.
        send(connection, net::close{});
      },
  };
}

// -- coming and going ---------------------------------------------------------

void hall::welcome(caf::actor connection) {
  auto& who = guests_[connection->id()];
  who.connection = std::move(connection);
  if (guests_.size() > members_max) {
    tell(who, "! the house is full\n", nullptr);
    send(who.connection, net::close{});
    guests_.erase(who.connection->id());
    return;
  }
  monitor(who.connection);
  do {
    who.name = "guest" + std::to_string(next_number_++);
  } while (!names_.emplace(who.name, &who).second);
  tell(who,
       "* you are " + who.name
           + "; there are /join ROOM, /nick NAME, /who and /quit\n",
       nullptr);
  join(who, first_room, nullptr);
}

void hall::farewell(caf::actor_id connection) {
  auto at = guests_.find(connection);
  if (at == guests_.end())
    return;
  leave(at->second, nullptr);
  names_.erase(at->second.name);
  guests_.erase(at);
}

void hall::enter(guest& who, room& where, const line_ptr& cause) {
  tell(who,
       "* you are in " + where.name + " with "
           + std::to_string(where.guests.size()) + " others\n",
       cause);
  who.where = &where;
  where.guests.push_back(&who);
  tell_others(who, "* " + who.name + " came\n", cause);
}

void hall::leave(guest& who, const line_ptr& cause) {
  if (who.where == nullptr)
    return;
  tell_others(who, "* " + who.name + " left\n", cause);
  auto& where = *std::exchange(who.where, nullptr);
  std::erase(where.guests, &who);
  if (where.guests.empty())
    rooms_.erase(rooms_.find(where.name));
}

// -- talking ------------------------------------------------------------------

void hall::listen_to(guest& who, const line_ptr& what) {
  auto text = what->text();
  if (text.starts_with('/'))
    return command(who, what);
  std::string shown = who.name + ": ";
  append_plain(shown, text);
  shown += '\n';
  tell_others(who, shown, what);
}

void hall::command(guest& who, const line_ptr& what) {
  auto text = what->text();
  auto gap = text.find(' ');
  auto verb = text.substr(0, gap);
  auto rest = gap == text.npos ? std::string_view{} : text.substr(gap + 1);
  if (verb == "/join")
    return join(who, rest, what);
  if (verb == "/nick")
    return rename(who, rest, what);
  if (verb == "/who")
    return list(who, what);
  if (verb == "/quit") {
    tell(who, "* goodbye\n", what);
    send(who.connection, net::close{});
    return farewell(who.connection->id());
  }
  std::string answer = "! there is no ";
  append_plain(answer, verb.substr(0, name_bytes_max));
  tell(who, answer + "\n", what);
}

void hall::join(guest& who, std::string_view name, const line_ptr& cause) {
  if (!is_name(name))
    return tell(who, name_rule, cause);
  auto at = rooms_.find(name);
  if (at != rooms_.end() && who.where == &at->second)
    return tell(who, "! you are in " + at->second.name + "\n", cause);
  if (at == rooms_.end()) {
    // Leaving first may make room for one.
    auto left = who.where != nullptr && who.where->guests.size() == 1;
    if (rooms_.size() - (left ? 1 : 0) >= rooms_max)
      return tell(who, "! there are too many rooms\n", cause);
    at = rooms_.emplace(name, room{std::string{name}, {}}).first;
  }
  leave(who, cause);
  enter(who, at->second, cause);
}

void hall::rename(guest& who, std::string_view name, const line_ptr& cause) {
  if (!is_name(name))
    return tell(who, name_rule, cause);
  if (!names_.emplace(name, &who).second)
    return tell(who, "! " + std::string{name} + " is taken\n", cause);
  names_.erase(who.name);
  auto text = "* " + who.name + " is now " + std::string{name} + "\n";
  who.name = name;
  tell(who, "* you are " + who.name + "\n", cause);
  tell_others(who, text, cause);
}

void hall::list(guest& who, const line_ptr& cause) {
  auto& guests = who.where->guests;
  auto text =
      "* " + std::to_string(guests.size()) + " in " + who.where->name + ":";
  for (std::size_t i = 0; i < std::min(guests.size(), listed_names_max); ++i)
    text += " " + guests[i]->name;
  tell(who, text + (guests.size() > listed_names_max ? " ...\n" : "\n"), cause);
}

// -- telling ------------------------------------------------------------------

void hall::tell(const guest& who, std::string_view text,
                const line_ptr& cause) {
  send(who.connection, heard{net::byte_slice::copy(text), cause});
}

void hall::tell_others(const guest& who, std::string_view text,
                       const line_ptr& cause) {
  auto shared = net::byte_slice::copy(text); // one copy for all of them
  for (auto other : who.where->guests)
    if (other != &who)
      send(other->connection, heard{shared, cause});
}

} // namespace sluice::examples::chat
