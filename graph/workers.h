// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The `workers:` section: who runs which source.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/include.h"
#include "graph/plan.h"
#include "graph/report.h"
#include "graph/variables.h"
#include "graph/wiring.h"

namespace smartswitch::graph {

/// An entry of `workers:`, which is one worker or, with several cores, as many.
struct WorkerEntry {
  std::string name;
  Location where;
  std::vector<unsigned> cores;  ///< empty: one worker without a core of its own
  Idle idle = Idle::kAdaptive;
  Duration max_sleep{250'000};
  std::vector<std::size_t> sources;  ///< in Wiring::elements

  [[nodiscard]] unsigned replicas() const { return cores.empty() ? 1 : static_cast<unsigned>(cores.size()); }
};

struct Workers {
  std::vector<WorkerEntry> entries;
  /// Of each element the entry that runs it as a source.
  std::vector<std::optional<std::size_t>> runs;
};

/// What an entry of `workers:` takes.
std::vector<ParameterInfo> worker_parameters();

/// Without a `workers:` section, one worker runs all sources.
Workers read_workers(const Sections& sections, const Wiring& wiring, Variables& variables, Report& report);

}  // namespace smartswitch::graph
