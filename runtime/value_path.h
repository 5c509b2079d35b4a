// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <optional>
#include <string_view>

#include "elements/sdk/value.h"

namespace smartswitch::runtime {

/// `whole`, but with `value` at `path`: steps with `/` between them, each the key of a map's member, or what a list's item has as its
/// `name`
/// (`address`, if it has none). "mc1/weight" is the weight of the server mc1 in a list of servers. What the last step names is put in if it
/// is not there, an item of a list last and with that name; null takes it out. Nothing, with the reason in `problems`, if the path leads
/// nowhere; `spoken` is what `whole` is called in it.
std::optional<Value> with_value_at(const Value& whole, std::string_view path, const Value& value, std::string_view spoken,
                                   Problems& problems);

}  // namespace smartswitch::runtime
