// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/key_choice.h"

#include <fmt/format.h>

#include <charconv>

namespace smartswitch::load {
namespace {

constexpr std::string_view kZipfPrefix = "zipf:";
constexpr double kSteepest = 10;

}  // namespace

std::optional<KeyDistribution> parse_key_distribution(std::string_view text) {
  if (text == "uniform") return KeyDistribution{};
  if (text == "sequential") return KeyDistribution{.kind = KeyDistribution::Kind::kSequential};
  if (!text.starts_with(kZipfPrefix)) return std::nullopt;
  KeyDistribution zipf{.kind = KeyDistribution::Kind::kZipf};
  text.remove_prefix(kZipfPrefix.size());
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), zipf.exponent);
  if (error != std::errc{} || end != text.data() + text.size() || !(zipf.exponent > 0 && zipf.exponent <= kSteepest)) return std::nullopt;
  return zipf;
}

std::string to_string(const KeyDistribution& distribution) {
  switch (distribution.kind) {
    case KeyDistribution::Kind::kZipf:
      return fmt::format("{}{}", kZipfPrefix, distribution.exponent);
    case KeyDistribution::Kind::kSequential:
      return "sequential";
    default:
      return "uniform";
  }
}

KeyChoice::KeyChoice(const KeyDistribution& distribution, std::uint64_t keys)
    : keys_(keys), last_(keys - 1), sequential_(distribution.kind == KeyDistribution::Kind::kSequential) {
  if (distribution.kind == KeyDistribution::Kind::kZipf) zipf_ = std::make_unique<Zipf>(keys, distribution.exponent);
}

}  // namespace smartswitch::load
