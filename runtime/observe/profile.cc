// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/observe/profile.h"

#include <rte_cycles.h>

#include <algorithm>
#include <map>
#include <numeric>

namespace smartswitch::observe {

void Profile::attach(std::shared_ptr<const Wiring> wiring) {
  // The numbers of another graph's elements mean nothing here.
  wiring_ = std::move(wiring);
  lanes_.assign(wiring_->workers(), Lane{});
  for (Lane& lane : lanes_) {
    lane.in.resize(wiring_->nodes().size());
    lane.from.resize(wiring_->nodes().size());
  }
}

void Profile::pass(const Edge& edge, Batch& batch, Onward onward) {
  Lane& lane = lanes_[edge.from->worker_number];
  const unsigned packets = batch.size();
  if (edge.from->info->poll != nullptr && lane.depth == 0) lane.from[edge.from->number].packets += packets;
  const std::uint64_t outer = lane.inner;
  lane.inner = 0;
  ++lane.depth;
  const std::uint64_t begin = rte_rdtsc();
  onward.push(batch);
  const std::uint64_t cycles = rte_rdtsc() - begin;
  --lane.depth;
  Spent& spent = lane.in[edge.to->number];
  const std::uint64_t own = cycles - std::min(cycles, lane.inner);
  spent.cycles += own;
  spent.packets += packets;
  lane.measured += own;
  lane.inner = outer + cycles;
}

std::vector<ElementCost> Profile::costs(const std::vector<std::uint64_t>& busy, double hz) const {
  struct Sum {
    double cycles = 0;
    std::uint64_t packets = 0;
  };
  std::map<std::string, Sum> sums;
  for (std::size_t w = 0; w < lanes_.size() && w < busy.size(); ++w) {
    const Lane& lane = lanes_[w];
    std::uint64_t sourced = 0;
    for (const Spent& from : lane.from) sourced += from.packets;
    const auto rest = static_cast<double>(busy[w] - std::min(busy[w], lane.measured));
    for (const Node& node : wiring_->nodes()) {
      const Spent& in = lane.in[node.number];
      const Spent& from = lane.from[node.number];
      Sum& sum = sums[node.name];
      sum.cycles += static_cast<double>(in.cycles);
      // A border takes packets in and gives the same ones out: each counts once.
      sum.packets += node.source() ? from.packets : in.packets;
      if (from.packets > 0) sum.cycles += rest * static_cast<double>(from.packets) / static_cast<double>(sourced);
    }
  }
  const auto all = static_cast<double>(std::accumulate(busy.begin(), busy.end(), std::uint64_t{0}));
  std::vector<ElementCost> costs;
  for (const Node& node : wiring_->nodes()) {
    if (node.replica != 0) continue;
    const Sum& sum = sums[node.name];
    ElementCost& cost = costs.emplace_back(ElementCost{node.name, node.info->name, sum.packets, 0, 0});
    if (sum.packets > 0) cost.ns_per_packet = sum.cycles / static_cast<double>(sum.packets) / hz * 1e9;
    if (all > 0) cost.share = std::min(1.0, sum.cycles / all);
  }
  std::stable_sort(costs.begin(), costs.end(), [](const ElementCost& a, const ElementCost& b) { return a.share > b.share; });
  return costs;
}

}  // namespace smartswitch::observe
