// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include "elements/sdk/histogram.h"

namespace smartswitch::load {

/// To three significant digits, as HdrHistogram has them by default.
using LatencyHistogram = Histogram<11>;
inline constexpr int kSignificantDigits = 3;

}  // namespace smartswitch::load
