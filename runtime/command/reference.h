// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Documentation of classes, from what they declare of themselves.
#pragma once

#include <string>

#include "elements/sdk/class_info.h"

namespace smartswitch::command {

/// One class for a terminal. With `colour`, ANSI escapes.
std::string reference_text(const ElementInfo& info, bool colour);
std::string reference_text(const StateInfo& info, bool colour);

/// One class for the reference page: a section under a heading of its name.
std::string reference_markdown(const ElementInfo& info);
std::string reference_markdown(const StateInfo& info);

/// All classes of the registry, by room: docs/elements.md.
std::string reference_page();

}  // namespace smartswitch::command
