// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <vector>

#include "graph/plan.h"
#include "runtime/ports.h"
#include "runtime/worker.h"

namespace smartswitch::runtime {

/// Gives each worker of `plan` the bells of the device queues that its sources receive from. A source that receives from a queue (it has a
/// parameter for one) need not be polled while that is empty; any other source (Queue, Source, FromPcap) has no bell. Says in the log,
/// for debugging, what wakes whom. After Ports::start(), before the workers run or in a meeting.
void connect_bells(const graph::Plan& plan, const Ports& ports, const std::vector<Worker*>& workers);

}  // namespace smartswitch::runtime
