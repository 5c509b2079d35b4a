// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "elements/memcached/lazy_array.h"

namespace smartswitch::memcached {

/// How often keys were asked for lately, in half a byte each and without their names: a count-min sketch (Cormode and Muthukrishnan, 2005)
/// that forgets as TinyLFU does (Einziger et al., 2017). An estimate may be too high, because keys share counters, and is too low only by
/// what was forgotten. Safe from several workers, without locks: two that count at once may lose one. No call touches more than one cache
/// line.
class FrequencySketch {
 public:
  static constexpr unsigned kMost = 15;

  /// Takes `bytes` of memory, at least a cache line; it remembers about one get for every two bytes. Once, before anything else; false if
  /// the system refuses.
  bool reserve(std::size_t bytes);

  /// Makes its counts, after reserve(), those of another one, of whatever size: about as good as there. Others may use that one meanwhile.
  void take_counts(const FrequencySketch& other);
  void swap(FrequencySketch& other) noexcept { lines_.swap(other.lines_); }

  /// Counts a get; how many there were, this one included, at most kMost.
  unsigned add(std::uint64_t hash);
  [[nodiscard]] unsigned count(std::uint64_t hash) const;

 private:
  // A line has 28 counters for each of a key's four places, and in its first word the gets since it was last halved. That each line is
  // halved by itself needs no count that workers share, and no walk through all of them.
  static constexpr unsigned kRows = 4;
  static constexpr unsigned kInRow = 28;
  static constexpr std::uint64_t kGetsToHalve = 32;  // more, and keys that were seen once look like others that were seen twice
  struct alignas(64) Line {
    std::atomic<std::uint64_t> gets;
    std::atomic<std::uint64_t> counters[7];
    void take_larger(const Line& other);
  };
  struct Place {
    unsigned word;
    unsigned shift;
  };
  static Place place(std::uint64_t hash, unsigned row);
  Line& line(std::uint64_t hash) const { return lines_[(hash & 0xFFFFFFFF) * lines_.size() >> 32]; }
  static void halve(Line& l);

  LazyArray<Line> lines_;
};

}  // namespace smartswitch::memcached
