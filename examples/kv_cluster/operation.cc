#include "examples/kv_cluster/operation.h"

#include "examples/kv_cluster/fields.h"

namespace sluice::examples::kv_cluster {

namespace {

enum class step : std::uint8_t { put, erase, clear };

} // namespace

void append_put(std::string& out, const kv::store::entry& x) {
  append_field(out, step::put);
  append_text(out, x.key());
  append_field(out, x.deadline());
  append_text(out, x.value);
}

void append_erase(std::string& out, std::string_view key) {
  append_field(out, step::erase);
  append_text(out, key);
}

void append_clear(std::string& out) {
  append_field(out, step::clear);
}

void apply(kv::store& keys, std::string_view operation) {
  step what;
  std::string_view key;
  while (take_field(operation, what)) {
    switch (what) {
    case step::put: {
      kv::time_ms deadline;
      std::string_view value;
      if (!take_text(operation, key) || !take_field(operation, deadline)
          || !take_text(operation, value))
        return;
      keys.put(key, value, deadline);
      break;
    }
    case step::erase:
      if (!take_text(operation, key))
        return;
      // Also one whose deadline has passed here: the clocks are two.
      if (auto x = keys.find(key, 0))
        keys.erase(*x);
      break;
    case step::clear:
      keys.clear();
      break;
    default:
      return;
    }
  }
}

} // namespace sluice::examples::kv_cluster
