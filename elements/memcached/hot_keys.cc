// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/hot_keys.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>

namespace smartswitch::memcached {

HotKeys::HotKeys() {
  constexpr double kBase = 1.08;  // the paper's
  for (std::size_t i = 0; i < decay_.size(); ++i)
    decay_[i] = static_cast<std::uint32_t>(std::pow(kBase, -static_cast<double>(i)) * 4294967295.0);
}

void HotKeys::sample(std::uint64_t hash, std::string_view key) {
  if (key.empty() || key.size() > kLongestKey || !lock_.try_lock()) return;
  const std::lock_guard hold(lock_, std::adopt_lock);
  if (++samples_ >= kSamplesToHalve) halve();
  enter(hash, key, count(hash));
}

bool HotKeys::decays(std::uint32_t count) {
  if (count >= decay_.size()) return false;
  random_ ^= random_ << 13;  // Marsaglia's xorshift
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return static_cast<std::uint32_t>(random_ >> 32) <= decay_[count];
}

std::uint32_t HotKeys::count(std::uint64_t hash) {
  const auto name = static_cast<std::uint32_t>(hash);
  std::uint32_t most = 0;
  for (unsigned row = 0; row < kRows; ++row) {
    Counter& c = counters_[row][(hash >> (32 + 16 * row)) % kColumns];
    if (c.name == name && c.count > 0) {
      ++c.count;
    } else if (decays(c.count)) {
      if (c.count > 0) --c.count;
      if (c.count == 0) c = {name, 1};
    }
    if (c.name == name) most = std::max(most, c.count);
  }
  return most;
}

void HotKeys::enter(std::uint64_t hash, std::string_view key, std::uint32_t count) {
  Listed* place = &listed_[0];
  for (Listed& l : listed_) {
    if (l.count > 0 && l.hash == hash) {
      l.count = std::max(l.count, count);
      return;
    }
    if (l.count < place->count) place = &l;
  }
  if (count <= place->count) return;
  place->hash = hash;
  place->count = count;
  place->length = static_cast<std::uint32_t>(key.size());
  std::memcpy(place->key, key.data(), key.size());
}

void HotKeys::halve() {
  samples_ /= 2;
  for (auto& row : counters_) {
    for (Counter& c : row) c.count /= 2;
  }
  for (Listed& l : listed_) l.count /= 2;
}

std::vector<Ranked> HotKeys::list() const {
  std::vector<Listed> copy;
  copy.reserve(kListed);
  std::uint32_t samples = 0;
  {
    const std::lock_guard hold(lock_);
    samples = samples_;
    std::copy_if(listed_.begin(), listed_.end(), std::back_inserter(copy), [](const Listed& l) { return l.count > 0; });
  }
  std::sort(copy.begin(), copy.end(), [](const Listed& a, const Listed& b) { return a.count > b.count; });
  std::vector<Ranked> entries;
  for (const Listed& l : copy) entries.push_back({std::string(l.key, l.length), static_cast<double>(l.count) / samples});
  return entries;
}

}  // namespace smartswitch::memcached
