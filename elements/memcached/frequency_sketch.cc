// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/frequency_sketch.h"

#include <algorithm>
#include <iterator>

namespace smartswitch::memcached {

bool FrequencySketch::reserve(std::size_t bytes) { return lines_.reserve(std::max<std::size_t>(bytes / sizeof(Line), 1)); }

// A line has the keys of a range of hashes. Of two lines that become one, keys share counters: those of the larger count are too high for
// the others, as ever; a sum would be for all.
void FrequencySketch::take_counts(const FrequencySketch& other) {
  const auto range = [](std::size_t i, std::size_t n, std::size_t of) { return i * of / n; };
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const std::size_t end = std::max(range(i + 1, lines_.size(), other.lines_.size()), range(i, lines_.size(), other.lines_.size()) + 1);
    for (std::size_t from = range(i, lines_.size(), other.lines_.size()); from < end; ++from) lines_[i].take_larger(other.lines_[from]);
  }
}

void FrequencySketch::Line::take_larger(const Line& other) {
  const std::uint64_t others_gets = other.gets.load(std::memory_order_relaxed);
  if (others_gets > gets.load(std::memory_order_relaxed)) gets.store(others_gets, std::memory_order_relaxed);
  for (std::size_t word = 0; word < std::size(counters); ++word) {
    const std::uint64_t mine = counters[word].load(std::memory_order_relaxed);
    const std::uint64_t others = other.counters[word].load(std::memory_order_relaxed);
    std::uint64_t larger = 0;
    for (unsigned shift = 0; shift < 64; shift += 4) larger |= std::max(mine >> shift & 0xF, others >> shift & 0xF) << shift;
    if (larger != mine) counters[word].store(larger, std::memory_order_relaxed);
  }
}

// The line was chosen by the hash's lower half; each row takes eight bits of the upper one.
FrequencySketch::Place FrequencySketch::place(std::uint64_t hash, unsigned row) {
  const auto bits = static_cast<unsigned>(hash >> (32 + 8 * row) & 0xFF);
  const unsigned counter = row * kInRow + (bits * kInRow >> 8);
  return {counter / 16, counter % 16 * 4};
}

unsigned FrequencySketch::count(std::uint64_t hash) const {
  const Line& l = line(hash);
  unsigned least = kMost;
  for (unsigned row = 0; row < kRows; ++row) {
    const Place p = place(hash, row);
    least = std::min(least, static_cast<unsigned>(l.counters[p.word].load(std::memory_order_relaxed) >> p.shift & 0xF));
  }
  return least;
}

unsigned FrequencySketch::add(std::uint64_t hash) {
  Line& l = line(hash);
  const std::uint64_t gets = l.gets.load(std::memory_order_relaxed) + 1;
  l.gets.store(gets, std::memory_order_relaxed);
  if (gets >= kGetsToHalve) halve(l);
  const unsigned before = count(hash);
  if (before == kMost) return kMost;
  // Only the smallest ones grow (Estan and Varghese, 2002): the others are too high already.
  for (unsigned row = 0; row < kRows; ++row) {
    const Place p = place(hash, row);
    const std::uint64_t word = l.counters[p.word].load(std::memory_order_relaxed);
    if ((word >> p.shift & 0xF) == before) l.counters[p.word].store(word + (std::uint64_t{1} << p.shift), std::memory_order_relaxed);
  }
  return before + 1;
}

void FrequencySketch::halve(Line& l) {
  l.gets.store(kGetsToHalve / 2, std::memory_order_relaxed);
  for (auto& counters : l.counters) {
    counters.store(counters.load(std::memory_order_relaxed) >> 1 & 0x7777'7777'7777'7777, std::memory_order_relaxed);
  }
}

}  // namespace smartswitch::memcached
