// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// HdrHistogram's log format, version 1.3 (HistogramLogWriter), with histograms in their V2 compressed form, in base64.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "elements/load/latency_histogram.h"

namespace smartswitch::load {

/// V2 before compression: a header of 40 bytes, then counts in ZigZag LEB128, runs of zeros as negative numbers.
std::string encode_histogram(const LatencyHistogram& histogram);

struct LoggedHistogram {
  std::string tag;  ///< without commas, spaces and line ends
  const LatencyHistogram* histogram;
};
/// One interval, a line for each histogram. `started` is in seconds since 1970.
std::string histogram_log(double started, double seconds, const std::vector<LoggedHistogram>& histograms);

}  // namespace smartswitch::load
