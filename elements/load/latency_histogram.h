// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include "elements/sdk/histogram.h"

namespace smartswitch::load {

/// To three significant digits, as HdrHistogram has them by default.
inline constexpr unsigned kBits = 11;
using LatencyHistogram = Histogram<kBits>;
inline constexpr int kSignificantDigits = 3;

}  // namespace smartswitch::load
