// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/units.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <span>

namespace smartswitch {
namespace {

struct Unit {
  std::string_view suffix;
  double factor;
};

struct Number {
  double value;
  std::string_view rest;
};

std::optional<Number> leading_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || !std::isfinite(value) || value < 0) return std::nullopt;
  std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  return Number{value, rest};
}

// The largest value that a double and a 64-bit integer both hold exactly enough for a configuration.
constexpr double kLargest = 9e18;

std::optional<double> with_unit(std::string_view text, std::span<const Unit> units) {
  const auto number = leading_number(text);
  if (!number) return std::nullopt;
  for (const Unit& unit : units) {
    if (number->rest == unit.suffix) {
      const double value = number->value * unit.factor;
      return value <= kLargest ? std::optional(value) : std::nullopt;
    }
  }
  return std::nullopt;
}

constexpr Unit kBytes[] = {{"", 1},     {"B", 1},        {"kB", 1e3},        {"MB", 1e6},
                           {"GB", 1e9}, {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0},
                           {"k", 1e3},  {"M", 1e6},      {"G", 1e9}};
constexpr Unit kTimes[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}};
constexpr Unit kRates[] = {{"", 1}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}};

}  // namespace

std::optional<ByteSize> parse_byte_size(std::string_view text) {
  const auto value = with_unit(text, kBytes);
  if (!value) return std::nullopt;
  const double whole = std::round(*value);
  if (std::abs(*value - whole) > *value * 1e-12) return std::nullopt;  // 1.001kB is 1000.9999999999999 in floating point
  return ByteSize{static_cast<std::uint64_t>(whole)};
}

std::optional<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration{0};
  const auto value = with_unit(text, kTimes);
  if (!value) return std::nullopt;
  return Duration{std::llround(*value)};
}

std::optional<Rate> parse_rate(std::string_view text) {
  if (text.ends_with("/s")) text.remove_suffix(2);
  const auto value = with_unit(text, kRates);
  if (!value) return std::nullopt;
  return Rate{*value};
}

std::optional<MacAddress> parse_mac(std::string_view text) {
  MacAddress mac;
  if (text.size() != 17) return std::nullopt;
  for (std::size_t i = 0; i < 6; ++i) {
    const char* at = text.data() + 3 * i;
    const auto [end, error] = std::from_chars(at, at + 2, mac.bytes[i], 16);
    if (error != std::errc{} || end != at + 2) return std::nullopt;
    if (i < 5 && at[2] != ':') return std::nullopt;
  }
  return mac;
}

std::optional<Ipv4Address> parse_ipv4(std::string_view text) {
  in_addr address{};
  if (inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) return std::nullopt;
  return Ipv4Address{ntohl(address.s_addr)};
}

std::optional<Ipv6Address> parse_ipv6(std::string_view text) {
  Ipv6Address v;
  if (inet_pton(AF_INET6, std::string(text).c_str(), v.bytes.data()) != 1) return std::nullopt;
  return v;
}

std::optional<Ipv4Prefix> parse_ipv4_prefix(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_ipv4(text.substr(0, slash));
  if (!address) return std::nullopt;
  unsigned length = 32;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc{} || end != digits.data() + digits.size() || length > 32) return std::nullopt;
  }
  const std::uint32_t mask = length == 0 ? 0 : ~std::uint32_t{0} << (32 - length);
  if ((address->host_order & ~mask) != 0) return std::nullopt;
  return Ipv4Prefix{*address, static_cast<std::uint8_t>(length)};
}

namespace {

// The largest unit that divides the value, so that 268435456 prints as 256MiB.
std::string in_largest_unit(double value, std::span<const Unit> units, std::string_view smallest) {
  Unit best{smallest, 1};
  for (const Unit& unit : units) {
    if (unit.factor > best.factor && value >= unit.factor && std::fmod(value, unit.factor) == 0) best = unit;
  }
  return fmt::format("{}{}", value / best.factor, best.suffix);
}

}  // namespace

std::string to_string(ByteSize v) {
  if (v.bytes == 0) return "0B";
  static constexpr Unit kBinary[] = {{"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}};
  return in_largest_unit(static_cast<double>(v.bytes), kBinary, "B");
}

std::string to_string(Duration v) {
  if (v.nanoseconds == 0) return "0";
  static constexpr Unit kSpoken[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
  return in_largest_unit(static_cast<double>(v.nanoseconds), kSpoken, "ns");
}

std::string to_string(Rate v) { return in_largest_unit(v.per_second, kRates, "") + "/s"; }

std::string to_string(const MacAddress& v) { return fmt::format("{:02x}", fmt::join(v.bytes, ":")); }

std::string to_string(Ipv4Address v) {
  return fmt::format("{}.{}.{}.{}", v.host_order >> 24, (v.host_order >> 16) & 255, (v.host_order >> 8) & 255, v.host_order & 255);
}

std::string to_string(const Ipv6Address& v) {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(AF_INET6, v.bytes.data(), text, sizeof text);
  return text;
}

std::string to_string(Ipv4Prefix v) { return fmt::format("{}/{}", to_string(v.address), v.length); }

}  // namespace smartswitch
