// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "elements/sdk/histogram.h"

namespace smartswitch {

/// What this share (0 to 1) of all took at most, in ns, as HdrHistogram tells it: the highest that is counted where the share falls; 0 if
/// there are none. `counts`: of one or several histograms, by index.
template <unsigned Bits>
std::int64_t quantile_ns(const std::vector<std::uint64_t>& counts, double share) {
  std::uint64_t total = 0;
  for (const std::uint64_t count : counts) total += count;
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total))));
  std::uint64_t seen = 0;
  for (unsigned i = 0; i < counts.size(); ++i) {
    seen += counts[i];
    if (seen >= rank) return Histogram<Bits>::lowest_at(i) + Histogram<Bits>::width_at(i) - 1;
  }
  return 0;
}

}  // namespace smartswitch
