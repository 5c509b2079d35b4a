// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Values as JSON, and JSON as Values.
#pragma once

#include "elements/sdk/value.h"
#include "runtime/snapshot_json.h"

namespace smartswitch::runtime::control {

/// Scalars are texts, as they were written.
Json value_json(const Value& value);
/// Numbers, true and false become the texts that a file would have.
Value value_from_json(const Json& json);

}  // namespace smartswitch::runtime::control
