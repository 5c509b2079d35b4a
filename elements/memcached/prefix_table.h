// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace smartswitch::memcached {

/// Finds the longest of many prefixes that a text starts with: one step for each byte that some prefix shares with it, however many there
/// are. A trie whose edges are in one hash table.
class PrefixTable {
 public:
  PrefixTable();
  /// False if the prefix is there already.
  bool add(std::string_view prefix, std::uint32_t value);

  /// The value of the longest prefix of `text`.
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view text) const {
    std::uint32_t node = 0;
    std::uint32_t value = values_[0];
    for (const char c : text) {
      const std::uint64_t key = edge_key(node, c);
      const Edge* edge = &edges_[slot_of(key)];
      while (edge->key != key && edge->key != kEmpty) edge = edge + 1 == edges_.data() + edges_.size() ? edges_.data() : edge + 1;
      if (edge->key == kEmpty) break;
      node = edge->node;
      if (values_[node] != kNoValue) value = values_[node];
    }
    return value == kNoValue ? std::nullopt : std::optional(value);
  }

 private:
  static constexpr std::uint64_t kEmpty = UINT64_MAX;
  static constexpr std::uint32_t kNoValue = UINT32_MAX;
  struct Edge {
    std::uint64_t key = kEmpty;
    std::uint32_t node = 0;
  };
  static std::uint64_t edge_key(std::uint32_t node, char c) { return std::uint64_t{node} << 8 | static_cast<std::uint8_t>(c); }
  [[nodiscard]] std::size_t slot_of(std::uint64_t key) const { return key * 0x9E3779B97F4A7C15ULL >> shift_; }
  Edge& place_for(std::uint64_t key);
  void grow();

  std::vector<Edge> edges_;            // at most half full, so that a search ends soon
  std::vector<std::uint32_t> values_;  // of each node; node 0 is where every text starts
  unsigned shift_;
};

}  // namespace smartswitch::memcached
