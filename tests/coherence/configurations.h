// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What the search remembers: states of the item, with the open operations that have taken effect.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

namespace coherence {

/// A set of open operations.
class Slots {
 public:
  static constexpr std::size_t kCount = 512;

  void add(std::size_t i) { words_[i / 64] |= std::uint64_t{1} << (i % 64); }
  void remove(std::size_t i) { words_[i / 64] &= ~(std::uint64_t{1} << (i % 64)); }
  [[nodiscard]] bool has(std::size_t i) const { return (words_[i / 64] >> (i % 64) & 1) != 0; }
  [[nodiscard]] Slots operator&(const Slots& other) const {
    Slots both;
    for (std::size_t i = 0; i < words_.size(); ++i) both.words_[i] = words_[i] & other.words_[i];
    return both;
  }
  [[nodiscard]] Slots without(const Slots& other) const {
    Slots rest;
    for (std::size_t i = 0; i < words_.size(); ++i) rest.words_[i] = words_[i] & ~other.words_[i];
    return rest;
  }
  [[nodiscard]] bool contains(const Slots& other) const { return (other & *this) == other; }
  bool operator==(const Slots&) const = default;
  [[nodiscard]] std::uint64_t hash() const {
    std::uint64_t h = 0;
    for (const std::uint64_t w : words_) h = (h ^ w) * 0x9E3779B97F4A7C15U, h ^= h >> 29U;
    return h;
  }
  // The lowest that is not in the set; kCount if all are.
  [[nodiscard]] std::size_t first_free() const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (~words_[i] != 0) return i * 64 + static_cast<std::size_t>(std::countr_one(words_[i]));
    }
    return kCount;
  }

 private:
  std::array<std::uint64_t, kCount / 64> words_{};
};

using StateNumber = std::uint32_t;

struct Configuration {
  StateNumber state = 0;
  Slots done;
};

/// Configurations, each once. Of two that differ only in optional operations, the one that has used fewer can do all that the other can:
/// it alone is kept.
class Configurations {
 public:
  void clear() {
    list_.clear();
    next_.clear();
    std::ranges::fill(heads_, kNone);
  }
  void add(StateNumber state, const Slots& done, const Slots& optional) {
    const Slots needed = done.without(optional);
    const std::uint64_t hash = (needed.hash() ^ state) * 0x9E3779B97F4A7C15U;
    std::uint32_t* link = &heads_[hash >> shift_];
    while (*link != kNone) {
      const std::uint32_t at = *link;
      const Configuration& c = list_[at];
      if (c.state == state && c.done.without(optional) == needed) {
        if (done.contains(c.done)) return;
        if (c.done.contains(done) && at >= looked_at_) {
          list_[at].done = done;
          return;
        }
      }
      link = &next_[at];
    }
    *link = static_cast<std::uint32_t>(list_.size());
    list_.push_back({state, done});
    next_.push_back(kNone);
    if (list_.size() > heads_.size()) grow(optional);
  }
  // Those before this one have been gone on from, and stay as they are.
  void set_looked_at(std::size_t i) { looked_at_ = i; }
  [[nodiscard]] std::size_t size() const { return list_.size(); }
  [[nodiscard]] Configuration operator[](std::size_t i) const { return list_[i]; }
  [[nodiscard]] const std::vector<Configuration>& list() const { return list_; }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  void grow(const Slots& optional) {
    std::vector<Configuration> old = std::move(list_);
    --shift_;
    heads_.assign(heads_.size() * 2, kNone);
    list_.clear();
    next_.clear();
    for (const Configuration& c : old) {
      const std::uint64_t hash = (c.done.without(optional).hash() ^ c.state) * 0x9E3779B97F4A7C15U;
      const auto at = static_cast<std::uint32_t>(list_.size());
      next_.push_back(heads_[hash >> shift_]);
      heads_[hash >> shift_] = at;
      list_.push_back(c);
    }
  }

  std::vector<Configuration> list_;
  std::vector<std::uint32_t> next_;
  unsigned shift_ = 64 - 6;
  std::vector<std::uint32_t> heads_ = std::vector<std::uint32_t>(64, kNone);
  std::size_t looked_at_ = 0;
};

}  // namespace coherence
