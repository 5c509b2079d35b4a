// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/port_names.h"

#include <algorithm>
#include <charconv>
#include <type_traits>

namespace smartswitch::graph {
namespace {

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value >= kMostNumbered) return std::nullopt;
  return value;
}

}  // namespace

std::vector<std::string> keys_of(const Value& parameters, const std::string& keys) {
  std::vector<std::string> names;
  const Value* value = parameters.find(keys);
  if (value == nullptr) return names;
  for (const Value& item : value->items()) names.push_back(item.text());
  for (const Value::Member& member : value->members()) names.push_back(member.key);
  return names;
}

template <class Info>
std::optional<PortRef> find_port(const std::vector<Info>& declared, const Value& parameters, std::string_view name) {
  for (std::size_t i = 0; i < declared.size(); ++i) {
    switch (declared[i].group) {
      case PortGroup::kSingle:
        if (name.empty() || name == declared[i].name) return PortRef{i, 0};
        break;
      case PortGroup::kNumbered:
        if (name.empty()) return PortRef{i, 0};
        if (const auto index = number(name)) return PortRef{i, *index};
        if (std::is_same_v<Info, OutputInfo> && name == kEach) return PortRef{i, 0, true};
        break;
      case PortGroup::kKeyed: {
        const std::vector<std::string> keys = keys_of(parameters, declared[i].keys);
        const auto key = name.empty() ? keys.begin() : std::find(keys.begin(), keys.end(), name);
        if (key != keys.end()) return PortRef{i, static_cast<unsigned>(key - keys.begin())};
        break;
      }
    }
  }
  return std::nullopt;
}

template <class Info>
std::vector<std::string> names_of(const std::vector<Info>& declared, const Value& parameters) {
  std::vector<std::string> names;
  for (const Info& port : declared) {
    switch (port.group) {
      case PortGroup::kSingle:
        names.push_back(port.name);
        break;
      case PortGroup::kNumbered:
        names.insert(names.end(), {"0", "1", "..."});
        break;
      case PortGroup::kKeyed:
        for (std::string& key : keys_of(parameters, port.keys)) names.push_back(std::move(key));
        break;
    }
  }
  return names;
}

template <class Info>
std::string name_of(const std::vector<Info>& declared, const Value& parameters, PortRef port) {
  const Info& info = declared[port.port];
  switch (info.group) {
    case PortGroup::kSingle:
      return info.name;
    case PortGroup::kNumbered:
      return port.each ? std::string(kEach) : std::to_string(port.index);
    case PortGroup::kKeyed:
      return keys_of(parameters, info.keys).at(port.index);
  }
  return {};
}

template std::optional<PortRef> find_port(const std::vector<InputInfo>&, const Value&, std::string_view);
template std::optional<PortRef> find_port(const std::vector<OutputInfo>&, const Value&, std::string_view);
template std::vector<std::string> names_of(const std::vector<InputInfo>&, const Value&);
template std::vector<std::string> names_of(const std::vector<OutputInfo>&, const Value&);
template std::string name_of(const std::vector<InputInfo>&, const Value&, PortRef);
template std::string name_of(const std::vector<OutputInfo>&, const Value&, PortRef);

}  // namespace smartswitch::graph
