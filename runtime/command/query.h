// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <fmt/format.h>

#include <string>

#include "runtime/control/target.h"

namespace smartswitch::command {

/// A path with options: "/v1/trace?count=3".
class Query {
 public:
  explicit Query(std::string path) : text_(std::move(path)) {}
  Query& add(const std::string& name, const std::string& value) {
    if (value.empty()) return *this;
    text_ += fmt::format("{}{}={}", first_ ? "?" : "&", name, runtime::control::percent_encode(value));
    first_ = false;
    return *this;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  bool first_ = true;
};

}  // namespace smartswitch::command
