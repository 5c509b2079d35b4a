// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "elements/sdk/parameter.h"

namespace smartswitch::load {

/// How large values are: one size (`1KiB`), or several with the share of keys that have each (`32:0.9,1KiB:0.1`). A key's size is settled
/// by its number, so it is the same in every run.
class ValueSizes {
 public:
  struct Share {
    std::uint32_t bytes = 32;
    double share = 1;
    std::uint64_t up_to = UINT64_MAX;  ///< keys whose mixed number is at most this, and above the entry before
  };
  [[nodiscard]] std::uint32_t of(std::uint64_t key) const {
    if (shares_.size() == 1) return shares_[0].bytes;
    return of_several(key);
  }
  [[nodiscard]] std::uint32_t largest() const;
  [[nodiscard]] const std::vector<Share>& shares() const { return shares_; }

 private:
  friend std::optional<ValueSizes> parse_value_sizes(std::string_view text);
  [[nodiscard]] std::uint32_t of_several(std::uint64_t key) const;
  std::vector<Share> shares_{Share{}};
};
/// Shares need not add up to 1: they are taken in proportion. Sizes are those of load/values.h.
std::optional<ValueSizes> parse_value_sizes(std::string_view text);
std::string to_string(const ValueSizes& sizes);

}  // namespace smartswitch::load

template <>
struct smartswitch::ParameterType<smartswitch::load::ValueSizes> {
  static std::string name() { return "value sizes"; }
  static bool parse(const Value& value, load::ValueSizes& out, Problems& problems);
  static std::string format(const load::ValueSizes& v) { return to_string(v); }
};
