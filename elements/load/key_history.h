// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <vector>

namespace smartswitch::load {

/// What an answer may be: for each key, the versions that a get may bring. At most one set of a key is under way at a time, so versions are
/// in order:
///
///   newest acknowledged when the get was sent  <=  version  <=  newest sent when the answer comes
///
/// A set without an answer may have been done, or be done at any later time: from then on the key's lower bound stays where it is.
/// Versions count from 1; 0 stands for whatever was there before.
class KeyHistory {
 public:
  explicit KeyHistory(std::uint64_t keys) : keys_(keys) {}

  /// That this key will be asked for soon.
  void prefetch(std::uint64_t key) const { __builtin_prefetch(&keys_[key]); }

  [[nodiscard]] bool set_under_way(std::uint64_t key) const { return keys_[key].under_way; }
  /// Begins a set, and returns the version that it writes. With `again`, it repeats the last one, if there was one, whose answer was lost:
  /// if this one is answered, it does not matter whether that was done.
  std::uint32_t begin_set(std::uint64_t key, bool again = false) {
    Key& k = keys_[key];
    k.under_way = 1;
    if (again && k.newest > 0) {
      k.doubtful = 0;
    } else {
      ++k.newest;
    }
    return k.newest;
  }
  void acknowledged(std::uint64_t key) {
    Key& k = keys_[key];
    k.under_way = 0;
    if (k.doubtful == 0) k.oldest = k.newest;
  }
  /// No answer came, or one that leaves open whether it was done.
  void unknown(std::uint64_t key) {
    Key& k = keys_[key];
    k.under_way = 0;
    k.doubtful = 1;
  }

  /// To be noted when a get is sent.
  [[nodiscard]] std::uint32_t oldest(std::uint64_t key) const { return keys_[key].oldest; }
  [[nodiscard]] std::uint32_t newest(std::uint64_t key) const { return keys_[key].newest; }

 private:
  struct Key {
    std::uint32_t oldest : 31 = 0;
    std::uint32_t doubtful : 1 = 0;
    std::uint32_t newest : 31 = 0;
    std::uint32_t under_way : 1 = 0;
  };
  static_assert(sizeof(Key) == 8);
  std::vector<Key> keys_;
};

}  // namespace smartswitch::load
