// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <string>
#include <vector>

#include "graph/plan.h"

namespace smartswitch::runtime {

/// The cores that this process may run on, in ascending order.
std::vector<unsigned> allowed_cores();

/// One core for each worker. Those without a core of their own get free ones, core 0 last, because the kernel's own work is mostly done
/// there. With more workers than cores some share, and `warnings` says so. A core that is not among `allowed` is a problem.
std::vector<unsigned> choose_cores(const std::vector<graph::Worker>& workers, const std::vector<unsigned>& allowed, Problems& problems,
                                   std::vector<std::string>& warnings);

}  // namespace smartswitch::runtime
