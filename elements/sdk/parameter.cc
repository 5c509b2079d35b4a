// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/parameter.h"

#include <fmt/format.h>

#include <cmath>

namespace smartswitch {

void report_type(const Value& value, std::string_view what, Problems& problems) {
  problems.add(value.where(), fmt::format("{} is not {}", value.spoken(), what));
}

bool ParameterType<double>::parse(const Value& value, double& out, Problems& problems) {
  const std::string_view text = value.text();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || !std::isfinite(out)) {
    report_type(value, "a number", problems);
    return false;
  }
  return true;
}

std::string ParameterType<double>::format(double v) { return fmt::format("{}", v); }

}  // namespace smartswitch
