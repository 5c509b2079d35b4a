// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/value.h"

namespace smartswitch {

Value::Value() = default;
Value::Value(const char* text) : Value(std::string(text)) {}
Value::Value(std::string text, Location where) : kind_(Kind::kScalar), where_(std::move(where)), text_(std::move(text)) {}

Value Value::null(Location where) {
  Value v;
  v.where_ = std::move(where);
  return v;
}

Value Value::list(std::vector<Value> items, Location where) {
  Value v;
  v.kind_ = Kind::kList;
  v.where_ = std::move(where);
  v.items_ = std::move(items);
  return v;
}

Value Value::map(std::vector<Member> members, Location where) {
  Value v;
  v.kind_ = Kind::kMap;
  v.where_ = std::move(where);
  v.members_ = std::move(members);
  return v;
}

std::string Value::spoken() const {
  switch (kind_) {
    case Kind::kNull:
      return "nothing";
    case Kind::kScalar:
      return "`" + text_ + "`";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
  }
  return {};
}

const Value* Value::find(std::string_view key) const {
  for (const Member& member : members_) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

bool Value::operator==(const Value& other) const {
  return kind_ == other.kind_ && text_ == other.text_ && items_ == other.items_ && members_ == other.members_;
}

}  // namespace smartswitch
