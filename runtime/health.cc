// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/health.h"

#include <algorithm>

namespace smartswitch::runtime {

std::vector<std::string> stuck_workers(const Snapshot& before, const Snapshot& now, std::int64_t now_ns) {
  std::vector<std::string> stuck;
  for (std::size_t i = 0; i < std::min(before.workers.size(), now.workers.size()); ++i) {
    const WorkerCounts& worker = now.workers[i];
    if (worker.rounds == before.workers[i].rounds && worker.asleep_until_ns < now_ns) stuck.push_back(worker.name);
  }
  return stuck;
}

}  // namespace smartswitch::runtime
