// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace smartswitch {

/// "did you mean `x`?" with the member of `known` nearest to `written` (Damerau-Levenshtein, letters' case counts little), or an
/// empty string if none is near.
std::string did_you_mean(std::string_view written, const std::vector<std::string>& known);

/// "a, b and c": for lists of what would have been right. Cut after `most` with "and N more".
std::string spoken_list(const std::vector<std::string>& items, std::size_t most = 12);

}  // namespace smartswitch
