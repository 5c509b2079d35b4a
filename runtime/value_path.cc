// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/value_path.h"

#include <fmt/format.h>

#include <algorithm>

#include "elements/sdk/suggest.h"

namespace smartswitch::runtime {
namespace {

std::string name_of(const Value& item) {
  for (const char* key : {"name", "address"}) {
    const Value* name = item.find(key);
    if (name != nullptr && !name->text().empty()) return name->text();
  }
  return {};
}

Value named(const Value& item, const std::string& name) {
  if (!item.is_map() || item.find("name") != nullptr) return item;
  std::vector<Value::Member> members = item.members();
  members.emplace(members.begin(), "name", Value(name));
  return Value::map(std::move(members), item.where());
}

// The two shapes that have something inside, as a list of (name, value).
struct Inside {
  std::vector<Value::Member> parts;
  bool of_list;
};

std::optional<Inside> inside_of(const Value& value) {
  if (value.is_map()) return Inside{value.members(), false};
  if (!value.is_list()) return std::nullopt;
  Inside inside{{}, true};
  for (const Value& item : value.items()) inside.parts.emplace_back(name_of(item), item);
  return inside;
}

Value put_together(Inside inside, const Location& where) {
  if (!inside.of_list) return Value::map(std::move(inside.parts), where);
  std::vector<Value> items;
  for (Value::Member& part : inside.parts) items.push_back(std::move(part.value));
  return Value::list(std::move(items), where);
}

}  // namespace

std::optional<Value> with_value_at(const Value& whole, std::string_view path, const Value& value, std::string_view spoken,
                                   Problems& problems) {
  const std::string step(path.substr(0, path.find('/')));
  const bool last = step.size() == path.size();
  auto inside = inside_of(whole);
  if (!inside) {
    problems.add({}, fmt::format("{} is {}: there is no `{}` in it", spoken, whole.spoken(), step));
    return std::nullopt;
  }
  auto& parts = inside->parts;
  const auto at = std::find_if(parts.begin(), parts.end(), [&](const Value::Member& part) { return part.key == step; });
  if (at == parts.end() && (!last || value.is_null() || step.empty())) {
    std::vector<std::string> names;
    for (const Value::Member& part : parts) names.push_back(part.key);
    problems.add({}, fmt::format("there is no `{}` in {}", step, spoken), did_you_mean(step, names));
    return std::nullopt;
  }
  if (last && value.is_null()) {
    parts.erase(at);
  } else if (last) {
    Value part = inside->of_list ? named(value, step) : value;
    if (at == parts.end()) {
      parts.emplace_back(step, std::move(part));
    } else {
      at->value = std::move(part);
    }
  } else {
    auto part = with_value_at(at->value, path.substr(step.size() + 1), value, fmt::format("`{}` of {}", step, spoken), problems);
    if (!part) return std::nullopt;
    at->value = std::move(*part);
  }
  return put_together(std::move(*inside), whole.where());
}

}  // namespace smartswitch::runtime
