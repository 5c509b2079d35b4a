// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <string>

namespace smartswitch::graph {

/// A JSON Schema (draft 2020-12) of configurations, for editors that complete and check while one writes. It is made from what the
/// registry's classes declare. It never refuses a right file; it does refuse unknown sections, classes and parameters, wrong types, and
/// integers that are out of bounds, but what only all of a file shows (ways that lead nowhere, names without an owner) is `smartswitch
/// check`'s to find.
std::string configuration_schema();

}  // namespace smartswitch::graph
