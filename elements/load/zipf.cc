// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/zipf.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace smartswitch::load {

Zipf::Zipf(std::size_t n, double s) : slots_(n) {
  std::vector<double> weight(n);
  for (std::size_t i = 0; i < n; ++i) weight[i] = std::pow(static_cast<double>(i + 1), -s);
  const double mean = std::accumulate(weight.begin(), weight.end(), 0.0) / static_cast<double>(n);
  std::vector<std::uint32_t> poor;
  std::vector<std::uint32_t> rich;
  for (std::uint32_t i = 0; i < n; ++i) {
    weight[i] /= mean;
    slots_[i].other = i;
    (weight[i] < 1 ? poor : rich).push_back(i);
  }
  while (!poor.empty() && !rich.empty()) {
    const std::uint32_t from = rich.back();
    const std::uint32_t to = poor.back();
    poor.pop_back();
    slots_[to].other = from;
    weight[from] -= 1 - weight[to];
    if (weight[from] < 1) {
      rich.pop_back();
      poor.push_back(from);
    }
  }
  for (std::size_t i = 0; i < n; ++i) slots_[i].chance = static_cast<std::uint32_t>(std::min(weight[i], 1.0) * 4294967295.0);
}

}  // namespace smartswitch::load
