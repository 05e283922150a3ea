#include "net/http/static_files.h"

#include "net/http/file_reader.h"
#include "net/http/file_search.h"
#include "net/http/static_response.h"
#include "net/http/uri.h"
#include "runtime/error.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace sluice::net::http {

namespace limits = runtime::limits;
using runtime::byte_slice;

sending::~sending() = default;
answer_sink::~answer_sink() = default;

namespace {

/// What of a request is needed when the file is open: the request is gone then.
struct asked {
  bool head_only = false;
  std::optional<std::string> if_match, if_none_match, if_modified_since,
      if_unmodified_since, if_range, range;
  /// Where to go instead if the path turns out to be that of a folder.
  std::string as_folder;

  asked(const file_demand& what) : head_only(what.verb == "HEAD") {
    auto take = [&](std::string_view name, std::optional<std::string>& out) {
      if (auto value = what.find(name))
        out = *value;
    };
    take("if-match", if_match);
    take("if-none-match", if_none_match);
    take("if-modified-since", if_modified_since);
    take("if-unmodified-since", if_unmodified_since);
    take("if-range", if_range);
    take("range", range);
  }

  file_query query() const {
    return {head_only,
            {if_match, if_none_match, if_modified_since, if_unmodified_since,
             if_range},
            range};
  }
};

/// The path that was asked for with a slash at its end, and the query. Made of
/// what was understood, so that it leads nowhere else: "//host" would be
/// another server.
std::string folder_location(const file_demand& what,
                            const relative_path& where) {
  std::string result{what.path.substr(0, what.path.size() - what.below.size())};
  result.erase(0, std::min(result.find_first_not_of('/'), result.size()));
  result.insert(0, "/");
  if (!result.ends_with('/'))
    result += '/';
  if (!where.text.empty())
    result += encode_path(where.text) + "/";
  if (!what.query.empty())
    result += "?" + std::string{what.query};
  return result;
}

/// One request: the file is opened, and its pieces follow one after the other.
class file_sending final : public sending,
                           public std::enable_shared_from_this<file_sending> {
public:
  file_sending(runtime::loop_actor* self, std::shared_ptr<answer_sink> sink,
               asked what, std::string cache_control)
      : self_(self),
        sink_(std::move(sink)),
        asked_(std::move(what)),
        cache_control_(std::move(cache_control)) {}

  /// Most files that are asked for are in memory: the loop itself takes them,
  /// and a trip to another thread and back costs more than all the rest.
  void open(std::shared_ptr<const file_root> root, file_wish wish) {
    auto found = find_file(*root, wish, disk_wait::never);
    if (!found)
      return refuse(500);
    if (found->answer.problem != open_problem::would_wait) {
      file_ = std::move(found->file);
      return on_answer(found->answer);
    }
    reader_ =
        spawn_file_reader(self_->system(), std::move(root), caf::actor{self_});
    self_->request(reader_, limits::http_file_answer, std::move(wish))
        .then([me = shared_from_this()](
                  file_answer& file) { me->on_answer(file); },
              [me = shared_from_this()](caf::error&) { me->refuse(500); });
  }

  void more() override {
    if (state_ == state::waiting)
      go_on();
  }

  void refuse(unsigned status, const fields& head = {}, std::string text = {}) {
    end();
    fields all = head;
    if (!text.empty())
      all.add("Content-Type", "text/plain; charset=utf-8");
    sink_->respond(status, all, byte_slice::copy(text), text.size());
  }

private:
  enum class state : std::uint8_t {
    asking,  // for the file, or a piece of it
    waiting, // for the sink to take what was written, the head at first
    over,
  };

  void on_answer(file_answer& file) {
    switch (file.problem) {
    case open_problem::none:
      return begin(file);
    case open_problem::is_folder: {
      fields head;
      head.add("Location", asked_.as_folder);
      return refuse(301, head);
    }
    case open_problem::too_many_files: {
      fields head;
      head.add("Retry-After", "1");
      return refuse(503, head);
    }
    case open_problem::forbidden:
      return refuse(403);
    case open_problem::would_wait: // not with a reader
    case open_problem::failed:
      return refuse(500);
    case open_problem::not_found:
      return refuse(404);
    }
  }

  void begin(file_answer& file) {
    auto now =
        std::chrono::floor<std::chrono::seconds>(self_->loop().wall_now());
    auto response =
        respond_with_file(asked_.query(), file, cache_control_, now);
    fields head;
    for (auto& [name, value] : response.fields)
      head.add(name, value);
    segments_ = std::move(response.segments);
    // The bytes may be there already; or none may be wanted.
    auto whole = segments_.size() == 1 && segments_.front().text.empty()
                 && !file.bytes.empty();
    if (segments_.empty() || whole) {
      end();
      byte_slice body;
      if (whole)
        body = file.bytes.sub(segments_.front().bytes.first,
                              segments_.front().bytes.size);
      return sink_->respond(response.status, head, std::move(body),
                            response.length);
    }
    state_ = state::waiting;
    sink_->start(response.status, head, response.length, shared_from_this());
  }

  /// Writes or asks for one thing.
  void go_on() {
    while (at_ < segments_.size()) {
      auto& x = segments_[at_];
      if (!x.text.empty())
        return write(byte_slice::copy(std::exchange(x.text, {})));
      if (x.bytes.size > 0)
        return ask(x.bytes);
      ++at_;
    }
    end();
    sink_->finish();
  }

  void ask(byte_range& rest) {
    auto size = static_cast<std::size_t>(
        std::min<std::uint64_t>(rest.size, limits::http_file_piece_bytes));
    file_piece piece{rest.first, size};
    rest.first += size;
    rest.size -= size;
    if (!reader_) {
      auto bytes = read_piece(file_, piece, disk_wait::never);
      if (!bytes)
        return break_off(std::move(bytes.error()));
      if (*bytes)
        return write(std::move(**bytes));
      // From here on the disk is needed, and somebody who may wait for it.
      reader_ = spawn_file_reader(self_->system(), std::move(file_),
                                  caf::actor{self_});
    }
    state_ = state::asking;
    self_->request(reader_, limits::http_file_answer, piece)
        .then([me = shared_from_this()](
                  byte_slice& bytes) { me->write(std::move(bytes)); },
              [me = shared_from_this()](caf::error& why) {
                me->break_off(std::move(why));
              });
  }

  void write(byte_slice bytes) {
    state_ = state::waiting;
    sink_->write(std::move(bytes));
  }

  void break_off(caf::error why) {
    end();
    sink_->break_off(std::move(why));
  }

  void end() {
    state_ = state::over;
    reader_ = nullptr;
    file_ = {};
  }

  runtime::loop_actor* self_;
  std::shared_ptr<answer_sink> sink_;
  asked asked_;
  std::string cache_control_;
  open_file file_;    // or, once a disk was needed:
  caf::actor reader_; // who has it
  std::vector<body_segment> segments_;
  std::size_t at_ = 0;
  state state_ = state::asking;
};

} // namespace

static_files::static_files(std::shared_ptr<const file_root> root,
                           static_options options)
    : root_(std::move(root)), options_(std::move(options)) {
}

caf::expected<std::shared_ptr<const static_files>>
static_files::make(const std::string& folder, static_options options) {
  auto root = file_root::open(folder, options.files_open_max);
  if (!root)
    return root.error();
  return std::shared_ptr<const static_files>{
      new static_files(std::move(*root), std::move(options))};
}

void static_files::serve(runtime::loop_actor* self,
                         std::shared_ptr<answer_sink> sink,
                         const file_demand& what) const {
  asked kept{what};
  auto where = resolve_path(what.below);
  if (where)
    kept.as_folder = folder_location(what, *where);
  auto result = std::make_shared<file_sending>(
      self, std::move(sink), std::move(kept), options_.cache_control);
  if (what.verb != "GET" && what.verb != "HEAD") {
    fields head;
    head.add("Allow", "GET, HEAD");
    result->refuse(405, head);
  } else if (!where) {
    result->refuse(400, {}, runtime::to_text(where.error()) + "\n");
  } else if (where->is_hidden && !options_.serves_hidden) {
    result->refuse(404);
  } else if (what.below.empty() && !what.path.ends_with('/')) {
    // The folder itself, without the slash that its links need.
    fields head;
    head.add("Location", folder_location(what, *where));
    result->refuse(301, head);
  } else {
    file_wish wish;
    wish.path = where->text;
    wish.is_folder = where->is_folder;
    wish.index_names = options_.index_names;
    wish.looks_for_gzip = options_.looks_for_gzip;
    auto coding = what.find("accept-encoding");
    wish.takes_gzip = coding && accepts_gzip(*coding);
    wish.eager_bytes = what.verb == "GET" ? limits::http_file_piece_bytes : 0;
    result->open(root_, std::move(wish));
  }
}

} // namespace sluice::net::http
