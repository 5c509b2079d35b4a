// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A Value is what a person wrote for a parameter, with the place where it was written. The graph reads YAML into Values;
// tests and embedding programs build them by hand:
//
//   Value v = Value::map({{"rate", "10k"}, {"burst", "64"}});
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smartswitch {

/// Where something was written. Lines and columns count from 1; line 0 means "not from a file".
struct Location {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  bool operator==(const Location&) const = default;
};

/// One fault found in what a person wrote: `message` says what is wrong, `hint` (may be empty) what to do about it.
struct Problem {
  Location where;
  std::string message;
  std::string hint;
};

/// Collects faults, so that all of them can be shown at once.
class Problems {
 public:
  void add(Location where, std::string message, std::string hint = {}) {
    list_.push_back({std::move(where), std::move(message), std::move(hint)});
  }
  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] std::size_t size() const { return list_.size(); }
  [[nodiscard]] const std::vector<Problem>& list() const { return list_; }

 private:
  std::vector<Problem> list_;
};

class Value {
 public:
  enum class Kind : std::uint8_t { kNull, kScalar, kList, kMap };
  struct Member;

  Value();
  Value(const char* text);                       // NOLINT(google-explicit-constructor): literals in tests
  Value(std::string text, Location where = {});  // NOLINT(google-explicit-constructor)
  static Value null(Location where = {});
  static Value list(std::vector<Value> items, Location where = {});
  static Value map(std::vector<Member> members, Location where = {});

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_null() const { return kind_ == Kind::kNull; }
  [[nodiscard]] bool is_scalar() const { return kind_ == Kind::kScalar; }
  [[nodiscard]] bool is_list() const { return kind_ == Kind::kList; }
  [[nodiscard]] bool is_map() const { return kind_ == Kind::kMap; }
  [[nodiscard]] const Location& where() const { return where_; }
  /// "a list", "a map", "nothing" or the scalar in quotes: for messages.
  [[nodiscard]] std::string spoken() const;

  /// The text of a scalar; empty for the other kinds.
  [[nodiscard]] const std::string& text() const { return text_; }
  /// The items of a list; empty for the other kinds.
  [[nodiscard]] const std::vector<Value>& items() const { return items_; }
  /// The members of a map in the order they were written; empty for the other kinds.
  [[nodiscard]] const std::vector<Member>& members() const { return members_; }
  /// The value of a map's first member called `key`, or nullptr. Valid as long as this Value is unchanged.
  [[nodiscard]] const Value* find(std::string_view key) const;
  /// The same content, wherever it was written.
  bool operator==(const Value& other) const;

 private:
  Kind kind_ = Kind::kNull;
  Location where_;
  std::string text_;
  std::vector<Value> items_;
  std::vector<Member> members_;
};

/// One `key: value` of a map. `where` is the place of the key.
struct Value::Member {
  Member(std::string k, Value v, Location w = {}) : key(std::move(k)), value(std::move(v)), where(std::move(w)) {}
  std::string key;
  Value value;
  Location where;
  bool operator==(const Member& other) const { return key == other.key && value == other.value; }
};

}  // namespace smartswitch
