// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/prefix_table.h"

#include <bit>

namespace smartswitch::memcached {
namespace {

constexpr std::size_t kFirstEdges = 64;

}  // namespace

PrefixTable::PrefixTable() : edges_(kFirstEdges), values_{kNoValue}, shift_(64 - static_cast<unsigned>(std::countr_zero(kFirstEdges))) {}

bool PrefixTable::add(std::string_view prefix, std::uint32_t value) {
  std::uint32_t node = 0;
  for (const char c : prefix) {
    const std::uint64_t key = edge_key(node, c);
    if (values_.size() * 2 > edges_.size()) grow();
    Edge& edge = place_for(key);
    if (edge.key == kEmpty) {
      edge = {key, static_cast<std::uint32_t>(values_.size())};
      values_.push_back(kNoValue);
    }
    node = edge.node;
  }
  if (values_[node] != kNoValue) return false;
  values_[node] = value;
  return true;
}

PrefixTable::Edge& PrefixTable::place_for(std::uint64_t key) {
  std::size_t slot = slot_of(key);
  while (edges_[slot].key != key && edges_[slot].key != kEmpty) slot = (slot + 1) % edges_.size();
  return edges_[slot];
}

void PrefixTable::grow() {
  std::vector<Edge> old(edges_.size() * 2);
  old.swap(edges_);
  --shift_;
  for (const Edge& edge : old) {
    if (edge.key != kEmpty) place_for(edge.key) = edge;
  }
}

}  // namespace smartswitch::memcached
