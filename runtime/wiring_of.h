// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <memory>

#include "runtime/observe/wiring.h"
#include "runtime/pipeline.h"

namespace smartswitch::runtime {

/// For those who look into the pipeline. Once its elements are started.
std::shared_ptr<const observe::Wiring> wiring_of(const Pipeline& pipeline);

}  // namespace smartswitch::runtime
