// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <vector>

#include "elements/load/latency_histogram.h"
#include "elements/sdk/load_results.h"

namespace smartswitch::load {

/// Of all histograms together; they may be recorded into meanwhile. Percentiles are HdrHistogram's: the highest value that is counted where
/// the percentile falls.
LatencyFigures figures_of(const std::vector<const LatencyHistogram*>& histograms);

}  // namespace smartswitch::load
