#include "examples/kv_cluster/client.h"

#include "net/resp.h"

#include <chrono>
#include <utility>

namespace sluice::examples::kv_cluster {

void client::answer(std::string_view bytes) {
  if (!is_idle()) {
    auto number = open(merge::one, 1, bytes.size());
    fill({number, 0}, bytes);
    return;
  }
  write(bytes);
}

void client::answer_error(std::string_view text) {
  std::string reply;
  net::append_error(reply, text);
  answer(reply);
}

void client::write(std::string_view bytes) {
  if (socket_ == nullptr || bytes.empty())
    return;
  bytes_written += bytes.size();
  if (!socket_->write(bytes))
    socket_->abort(); // it asks for more than it reads
}

std::uint64_t client::open(merge how, std::uint32_t parts, std::size_t charge,
                           std::uint32_t shards, std::uint32_t shard) {
  pending x;
  x.how = how;
  x.missing = parts;
  x.shards = shards;
  x.shard = shard;
  x.charge = charge;
  if (how != merge::one)
    x.parts.resize(parts);
  charge_ += charge;
  answers_.push_back(std::move(x));
  pause_if_full();
  return first_ + answers_.size() - 1;
}

bool client::fill(place where, std::string_view bytes) {
  auto& x = answers_[where.number - first_];
  if (x.how == merge::one)
    x.bytes = bytes;
  else
    x.parts[where.part] = bytes;
  if (--x.missing > 0)
    return false;
  if (x.began != runtime::time_point{})
    times_->record(std::chrono::steady_clock::now() - x.began);
  if (x.how != merge::one) {
    x.bytes = merge_answers(x.how, x.parts, x.shards, x.shard);
    x.parts = {};
  }
  return where.number == first_;
}

void client::flush() {
  is_dirty = false;
  out_.clear();
  while (!answers_.empty() && answers_.front().missing == 0) {
    auto& x = answers_.front();
    charge_ -= x.charge;
    out_ += x.bytes;
    answers_.pop_front();
    ++first_;
  }
  write(out_);
  if (socket_ == nullptr)
    return;
  resume();
  if (session.closing && answers_.empty())
    socket_->close();
}

void client::pause_if_full() {
  if (is_full())
    pause();
}

void client::press() {
  pressed_ = true;
  pause();
}

void client::release() {
  pressed_ = false;
  resume();
}

void client::pause() {
  if (socket_ != nullptr && !std::exchange(paused_, true))
    socket_->read_paused();
}

/// Goes on when half of what it may have under way is done.
void client::resume() {
  if (!paused_ || pressed_ || 2 * answers_.size() > client_commands_max
      || 2 * charge_ > client_bytes_max || socket_ == nullptr)
    return;
  paused_ = false;
  socket_->read_flowing();
}

} // namespace sluice::examples::kv_cluster
