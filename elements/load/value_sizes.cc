// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/value_sizes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "elements/load/values.h"

namespace smartswitch::load {

std::optional<ValueSizes> parse_value_sizes(std::string_view text) {
  ValueSizes sizes;
  sizes.shares_.clear();
  double sum = 0;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view entry = text.substr(0, comma);
    const std::size_t colon = entry.find(':');
    const std::optional<ByteSize> bytes = parse_byte_size(entry.substr(0, colon));
    if (!bytes || bytes->bytes < kSmallestValue || bytes->bytes > kLargestValue) return std::nullopt;
    ValueSizes::Share share{.bytes = static_cast<std::uint32_t>(bytes->bytes)};
    if (colon != std::string_view::npos) {
      const std::string_view number = entry.substr(colon + 1);
      const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), share.share);
      if (error != std::errc{} || end != number.data() + number.size() || !(share.share > 0 && share.share < 1e12)) return std::nullopt;
    }
    sum += share.share;
    sizes.shares_.push_back(share);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  double so_far = 0;
  for (ValueSizes::Share& share : sizes.shares_) {
    so_far += share.share / sum;
    share.up_to = static_cast<std::uint64_t>(std::min(so_far, 1 - 0x1p-53) * 0x1p64);
  }
  sizes.shares_.back().up_to = UINT64_MAX;
  return sizes;
}

std::string to_string(const ValueSizes& sizes) {
  if (sizes.shares().size() == 1) return to_string(ByteSize{sizes.shares()[0].bytes});
  std::string text;
  for (const ValueSizes::Share& share : sizes.shares()) {
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", to_string(ByteSize{share.bytes}), share.share);
  }
  return text;
}

std::uint32_t ValueSizes::largest() const {
  return std::max_element(shares_.begin(), shares_.end(), [](const Share& a, const Share& b) { return a.bytes < b.bytes; })->bytes;
}

std::uint32_t ValueSizes::of_several(std::uint64_t key) const {
  const std::uint64_t number = mix(key);
  return std::find_if(shares_.begin(), shares_.end(), [number](const Share& share) { return number <= share.up_to; })->bytes;
}

}  // namespace smartswitch::load

namespace smartswitch {

bool ParameterType<load::ValueSizes>::parse(const Value& value, load::ValueSizes& out, Problems& problems) {
  if (auto parsed = load::parse_value_sizes(value.text())) {
    out = *std::move(parsed);
    return true;
  }
  report_type(value,
              fmt::format("a size of {} bytes to {}, or several with their shares (`32:0.9,1KiB:0.1`)", load::kSmallestValue,
                          to_string(ByteSize{load::kLargestValue})),
              problems);
  return false;
}

}  // namespace smartswitch
