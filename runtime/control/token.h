// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <string>
#include <string_view>

#include "elements/sdk/value.h"

namespace smartswitch::runtime::control {

/// What the file holds, without the blanks around it. Empty, with the reason in `problems`, if it cannot be read or is too short.
std::string read_token(const std::string& file, Problems& problems);

/// Whether a header `Authorization` carries the token (RFC 6750). Takes the same time whatever it says.
bool carries_token(std::string_view authorization, const std::string& token);

}  // namespace smartswitch::runtime::control
