// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// All counts in Prometheus' text format 0.0.4. Names and labels are stable: dashboards and alerts rely on them
// (configs/monitoring/grafana-dashboard.json, configs/monitoring/prometheus-alerts.yaml).
#pragma once

#include <string>
#include <string_view>

#include "runtime/control/counts.h"
#include "runtime/snapshot.h"

namespace smartswitch::runtime::control {

inline constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

struct ProgramFacts {
  std::string version;
  bool ready = false;
};

std::string metrics_text(const Snapshot& snapshot, const ProgramFacts& program, const Counts& counts);
/// The value of a label between its quotes: backslashes, quotes and line ends are escaped.
std::string label_value(std::string_view text);

}  // namespace smartswitch::runtime::control
