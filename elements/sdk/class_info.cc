// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/class_info.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "elements/sdk/suggest.h"

namespace smartswitch {

bool assign_parameters(void* object, const std::vector<ParameterInfo>& parameters, const Value& values, std::string_view what,
                       const std::vector<std::string>& ignore, Problems& problems) {
  const std::size_t before = problems.size();
  std::set<std::string_view> seen;
  for (const Value::Member& member : values.members()) {
    if (std::find(ignore.begin(), ignore.end(), member.key) != ignore.end()) continue;
    const auto info = std::find_if(parameters.begin(), parameters.end(), [&](const auto& p) { return p.name == member.key; });
    if (info == parameters.end()) {
      std::vector<std::string> known;
      for (const ParameterInfo& p : parameters) known.push_back(p.name);
      std::string hint = did_you_mean(member.key, known);
      if (hint.empty()) hint = known.empty() ? "it takes no parameters" : "it takes " + spoken_list(known);
      problems.add(member.where, fmt::format("{} has no parameter `{}`", what, member.key), hint);
      continue;
    }
    if (!seen.insert(info->name).second) continue;  // given twice: the reader of the file has said so
    info->assign(object, member.value, problems);
  }
  for (const ParameterInfo& p : parameters) {
    if (p.required && !seen.contains(p.name)) {
      problems.add(values.where(), fmt::format("{} needs the parameter `{}`", what, p.name), fmt::format("{} ({})", p.help, p.type));
    }
  }
  return problems.size() == before;
}

std::pair<std::string, std::optional<std::uint16_t>> detail::port_and_queue(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return {std::string(text), std::nullopt};
  std::uint16_t queue = 0;
  const std::string_view digits = text.substr(dot + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), queue);
  if (error != std::errc{} || end != digits.data() + digits.size()) return {std::string(text), std::nullopt};
  return {std::string(text.substr(0, dot)), queue};
}

}  // namespace smartswitch
