// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <string>

#include "elements/sdk/load_results.h"
#include "runtime/command/load_settings.h"

namespace smartswitch::command {

struct LoadOutcome {
  LoadFigures figures;
  double busy_share = 0;  ///< of the time in which requests were sent, what the generator's worker worked
};

std::string load_json(const LoadSettings& settings, const LoadOutcome& outcome);
std::string load_text(const LoadSettings& settings, const LoadOutcome& outcome);
/// One line for a terminal: the phase, how far it is, and what has been seen. `rate` is answers/s lately.
std::string load_bar(const LoadFigures& figures, double rate);

}  // namespace smartswitch::command
