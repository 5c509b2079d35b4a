// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/value_json.h"

namespace smartswitch::runtime::control {

Json value_json(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kNull:
      return nullptr;
    case Value::Kind::kScalar:
      return value.text();
    case Value::Kind::kList: {
      Json list = Json::array();
      for (const Value& item : value.items()) list.push_back(value_json(item));
      return list;
    }
    case Value::Kind::kMap: {
      Json map = Json::object();
      for (const Value::Member& member : value.members()) map[member.key] = value_json(member.value);
      return map;
    }
  }
  return nullptr;
}

Value value_from_json(const Json& json) {
  if (json.is_null()) return {};
  if (json.is_string()) return json.get<std::string>();
  if (json.is_array()) {
    std::vector<Value> items;
    for (const Json& item : json) items.push_back(value_from_json(item));
    return Value::list(std::move(items));
  }
  if (json.is_object()) {
    std::vector<Value::Member> members;
    for (const auto& [key, value] : json.items()) members.emplace_back(key, value_from_json(value));
    return Value::map(std::move(members));
  }
  return json.dump();
}

}  // namespace smartswitch::runtime::control
