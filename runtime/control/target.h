// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The target of a request: "/v1/elements/lane1%2Flimit?verbose=1" (RFC 9112 section 3.2, RFC 3986).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smartswitch::runtime::control {

struct Target {
  std::string path;                          ///< as it was sent
  std::vector<std::string> segments;         ///< of the path, decoded: a `/` within one was sent as %2F
  std::map<std::string, std::string> query;  ///< decoded; of a name that comes twice, the first
};

/// Nothing if it does not start with `/`, or holds a `%` without two hexadecimal digits.
std::optional<Target> parse_target(std::string_view text);

/// RFC 3986 section 2.1. Nothing if a `%` has no two hexadecimal digits behind it.
std::optional<std::string> percent_decode(std::string_view text);
/// One segment of a path: all but unreserved characters are encoded, `/` too.
std::string percent_encode(std::string_view segment);

}  // namespace smartswitch::runtime::control
