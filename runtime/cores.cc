// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/cores.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>

#include "elements/sdk/suggest.h"

namespace smartswitch::runtime {

std::vector<unsigned> allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<unsigned> cores;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return {0};
  for (unsigned core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  }
  return cores;
}

std::vector<unsigned> choose_cores(const std::vector<graph::Worker>& workers, const std::vector<unsigned>& allowed, Problems& problems,
                                   std::vector<std::string>& warnings) {
  std::vector<std::string> names;
  for (unsigned core : allowed) names.push_back(std::to_string(core));
  std::vector<unsigned> free = allowed;
  std::stable_partition(free.begin(), free.end(), [](unsigned core) { return core != 0; });
  const std::vector<unsigned> in_turn = free;
  for (const graph::Worker& worker : workers) {
    if (!worker.core) continue;
    if (std::find(allowed.begin(), allowed.end(), *worker.core) == allowed.end()) {
      problems.add(worker.where, fmt::format("worker `{}` cannot run on core {}", worker.name, *worker.core),
                   fmt::format("this process may use core{} {}", allowed.size() == 1 ? "" : "s", spoken_list(names)));
    }
    std::erase(free, *worker.core);
  }

  std::vector<unsigned> chosen;
  std::size_t shared = 0;
  for (const graph::Worker& worker : workers) {
    if (worker.core) {
      chosen.push_back(*worker.core);
    } else if (!free.empty()) {
      chosen.push_back(free.front());
      free.erase(free.begin());
    } else {
      chosen.push_back(in_turn[shared++ % in_turn.size()]);
    }
  }
  if (shared > 0) {
    warnings.push_back(fmt::format("{} workers share {} core{}: they take turns, and latency suffers", workers.size(), allowed.size(),
                                   allowed.size() == 1 ? "" : "s"));
  }
  return chosen;
}

}  // namespace smartswitch::runtime
