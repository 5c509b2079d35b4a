// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/device/payload_template.h"

#include <fmt/format.h>
#include <rte_ip.h>

#include <charconv>
#include <optional>

namespace smartswitch {
namespace {

// Takes one escape off the front of `text`, which starts with a backslash. Nothing if it is none.
std::optional<std::uint8_t> take_escape(std::string_view& text) {
  if (text.starts_with("\\x")) {
    if (text.size() < 4) return std::nullopt;
    std::uint8_t byte = 0;
    const auto [end, error] = std::from_chars(text.data() + 2, text.data() + 4, byte, 16);
    if (error != std::errc{} || end != text.data() + 4) return std::nullopt;
    text.remove_prefix(4);
    return byte;
  }
  static constexpr std::string_view kKinds = "rnt\\{";
  static constexpr std::string_view kBytes = "\r\n\t\\{";
  const std::size_t at = text.size() < 2 ? std::string_view::npos : kKinds.find(text[1]);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(2);
  return static_cast<std::uint8_t>(kBytes[at]);
}

void write_digits(std::uint8_t* to, std::uint32_t width, std::uint64_t number) {
  for (std::uint32_t i = width; i > 0; --i) {
    to[i - 1] = static_cast<std::uint8_t>('0' + number % 10);
    number /= 10;
  }
}

}  // namespace

bool PayloadTemplate::take_placeholder(std::string_view& text, std::uint32_t key_digits) {
  const struct {
    std::string_view name;
    Field field;
    std::uint32_t width;
  } known[] = {{"{counter}", Field::kCounter, kCounterDigits}, {"{key}", Field::kKey, key_digits}, {"{id}", Field::kId, 2}};
  for (const auto& [name, field, width] : known) {
    if (!text.starts_with(name)) continue;
    placeholders_.push_back({field, static_cast<std::uint32_t>(bytes_.size()), width});
    bytes_.resize(bytes_.size() + width);
    text.remove_prefix(name.size());
    return true;
  }
  return false;
}

std::string PayloadTemplate::parse(std::string_view text, std::uint32_t key_digits) {
  bytes_.clear();
  placeholders_.clear();
  while (!text.empty()) {
    if (text.front() == '\\') {
      const auto byte = take_escape(text);
      if (!byte) return fmt::format("`{}` is no escape; there are \\r \\n \\t \\\\ \\{{ and \\xHH", text.substr(0, text[1] == 'x' ? 4 : 2));
      bytes_.push_back(*byte);
    } else if (text.front() == '{') {
      if (!take_placeholder(text, key_digits)) {
        return fmt::format("`{}` is no placeholder; there are {{counter}}, {{key}} and {{id}}, and a brace is written \\{{",
                           text.substr(0, text.find('}') == std::string_view::npos ? 10 : text.find('}') + 1));
      }
    } else {
      bytes_.push_back(static_cast<std::uint8_t>(text.front()));
      text.remove_prefix(1);
    }
  }
  return {};
}

std::uint32_t PayloadTemplate::fill(std::uint8_t* at, std::uint64_t number, std::uint64_t key_space, Random& random) const {
  std::uint32_t sum = 0;
  for (const Placeholder& placeholder : placeholders_) {
    std::uint8_t* to = at + placeholder.offset;
    if (placeholder.field == Field::kCounter) {
      write_digits(to, placeholder.width, number);
    } else if (placeholder.field == Field::kKey) {
      write_digits(to, placeholder.width, static_cast<std::uint64_t>(random.uniform() * static_cast<double>(key_space)));
    } else {
      to[0] = static_cast<std::uint8_t>(number >> 8);
      to[1] = static_cast<std::uint8_t>(number);
    }
    const std::uint16_t field_sum = rte_raw_cksum(to, placeholder.width);
    sum += placeholder.offset % 2 == 0 ? field_sum : rte_bswap16(field_sum);
  }
  return sum;
}

}  // namespace smartswitch
