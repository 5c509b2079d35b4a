// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Reads the counts of a running pipeline, its ports and workers into a Snapshot.
#pragma once

#include "runtime/pipeline.h"
#include "runtime/ports.h"
#include "runtime/snapshot.h"
#include "runtime/worker.h"

namespace smartswitch::runtime {

void count_elements(const Pipeline& pipeline, Snapshot& snapshot);
void count_states(const Pipeline& pipeline, Snapshot& snapshot);
PortCounts count_port(const LivePort& port);
WorkerCounts count_worker(const Worker& worker);

/// Adds what an element that is about to go has done; `sum` is Snapshot::departed. What it still holds counts as dropped.
void add_departed(const Element& element, const ElementInfo& info, ElementCounts& sum);

}  // namespace smartswitch::runtime
