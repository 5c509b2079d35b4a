// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "elements/memcached/protocol.h"
#include "elements/sdk/class_info.h"
#include "elements/sdk/spin_lock.h"

namespace smartswitch::memcached {

/// The keys that are asked for most, found in a sample of the gets: HeavyKeeper (Yang et al., IEEE/ACM ToN 2019), whose counters belong to
/// who asks most, and a list of the best. Safe from several workers: who finds another one at it leaves his sample out.
class HotKeys {
 public:
  static constexpr unsigned kListed = 32;

  HotKeys();
  /// A get of `key` that was chosen without regard to the key.
  void sample(std::uint64_t hash, std::string_view key);
  /// Keys and their shares of the gets lately, best first: may be too low, hardly ever too high. For other threads than the packet path's,
  /// because it allocates.
  [[nodiscard]] std::vector<Ranked> list() const;

 private:
  static constexpr unsigned kRows = 2;
  static constexpr unsigned kColumns = 1024;
  static constexpr std::uint32_t kSamplesToHalve = 1 << 17;  // what is older counts half
  struct Counter {
    std::uint32_t name = 0;
    std::uint32_t count = 0;
  };
  struct Listed {
    std::uint64_t hash = 0;
    std::uint32_t count = 0;  // 0: free
    std::uint32_t length = 0;
    char key[kLongestKey] = {};
  };
  std::uint32_t count(std::uint64_t hash);
  bool decays(std::uint32_t count);
  void enter(std::uint64_t hash, std::string_view key, std::uint32_t count);
  void halve();

  alignas(64) mutable SpinLock lock_;
  std::array<std::array<Counter, kColumns>, kRows> counters_{};
  std::array<Listed, kListed> listed_{};
  std::array<std::uint32_t, 256> decay_{};  // chance of 2^32 that a count of so many goes down
  std::uint32_t samples_ = 0;
  std::uint64_t random_ = 0x9E3779B97F4A7C15;
};

}  // namespace smartswitch::memcached
