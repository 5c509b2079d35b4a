// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What operators may ask of a KeyCache and do to it. Main thread, while workers use it.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <mutex>

#include "elements/memcached/key_cache.h"
#include "elements/sdk/hash.h"
#include "elements/sdk/suggest.h"

namespace smartswitch::memcached {
namespace {

// As Element::now() counts.
std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

void KeyCache::flush() {
  generation_.fetch_add(1, std::memory_order_acq_rel);
  emptied_.add();
}

Value KeyCache::look_up_key(const std::string& key) const {
  const std::uint64_t hash = hash_key(key);
  std::vector<Value::Member> members;
  const auto add = [&](const char* name, std::string text) { members.emplace_back(name, Value(std::move(text))); };
  add("misses", std::to_string(misses(hash)));
  add("pinned", is_pinned(key) ? "true" : "false");
  const auto hit = find(look_up(hash), key, now_ns());
  if (!hit) {
    add("cached", "no");
  } else if (hit->length == 0) {
    add("cached", "that there is none");
  } else if (const auto details = ItemStore::details(*hit)) {
    add("cached", "yes");
    add("bytes", std::to_string(details->value_length));
    add("flags", std::to_string(details->flags));
    if (details->cas != 0) add("cas", std::to_string(details->cas));
    add("served_for", to_string(Duration{std::max<std::int64_t>(ItemStore::deadline(*hit) - now_ns(), 0) / 1'000'000 * 1'000'000}));
  } else {
    add("cached", "it is just being changed");
  }
  return Value::map(std::move(members));
}

void KeyCache::purge(const std::string& key) { lost(hash_key(key)); }

void KeyCache::pin(const std::string& key, Problems& problems) {
  if (key.empty() || key.size() > kLongestKey) {
    problems.add({}, fmt::format("a key has 1 to {} bytes", kLongestKey));
    return;
  }
  const std::lock_guard hold(pinning_);
  if (std::find(pinned_.begin(), pinned_.end(), key) != pinned_.end()) return;
  if (!store_.pin(hash_key(key))) {
    problems.add({}, fmt::format("{} keys are pinned, and that is the most", pinned_.size()), "unpin one first");
    return;
  }
  pinned_.push_back(key);
}

void KeyCache::unpin(const std::string& key, Problems& problems) {
  const std::lock_guard hold(pinning_);
  if (std::erase(pinned_, key) == 0) {
    problems.add({}, fmt::format("`{}` is not pinned", key), did_you_mean(key, pinned_));
    return;
  }
  store_.unpin(hash_key(key));
}

Value KeyCache::pins() const {
  const std::lock_guard hold(pinning_);
  std::vector<Value> keys(pinned_.begin(), pinned_.end());
  return Value::list(std::move(keys));
}

Value KeyCache::memory() {
  std::vector<Value::Member> members;
  members.emplace_back("bound", Value(to_string(memory_)));
  members.emplace_back("items", Value(to_string(ByteSize{store_.items_bytes()})));
  members.emplace_back("index", Value(to_string(ByteSize{store_.index_bytes()})));
  members.emplace_back("changing", Value(resizing_ ? "true" : "false"));
  return Value::map(std::move(members));
}

bool KeyCache::is_pinned(const std::string& key) const {
  const std::lock_guard hold(pinning_);
  return std::find(pinned_.begin(), pinned_.end(), key) != pinned_.end();
}

}  // namespace smartswitch::memcached
