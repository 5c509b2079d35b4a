// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What to tell a person of a violation: the shortest stretch of the history that shows it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/coherence/search.h"

namespace coherence {

struct Violation {
  std::int64_t time = 0;  ///< when the answer came that can't be explained
  std::string text;
};

/// Explains that the search, looking ahead from the absent item on, could not get past the event `at`.
Violation explain(Search& search, Item& item, const std::vector<Step>& steps, std::size_t at);

}  // namespace coherence
