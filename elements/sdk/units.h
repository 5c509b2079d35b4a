// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Quantities and addresses that parameters are made of, with their parsers. Every parser takes the whole text or fails:
//
//   parse_byte_size("256MiB") -> ByteSize{268435456}
//   parse_duration("1.5ms")   -> Duration{1500000}
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smartswitch {

/// A count of bytes. Written with B, kB, MB, GB (powers of 1000) or KiB, MiB, GiB (powers of 1024); bare means bytes.
struct ByteSize {
  std::uint64_t bytes = 0;
  auto operator<=>(const ByteSize&) const = default;
};

/// A span of time in nanoseconds. Written with ns, us, ms, s, min or h; a bare 0 is allowed.
struct Duration {
  std::int64_t nanoseconds = 0;
  auto operator<=>(const Duration&) const = default;
};

/// Events a second. Written with k, M or G, optionally followed by "/s"; 0 means "without limit" where an element says so.
struct Rate {
  double per_second = 0;
  auto operator<=>(const Rate&) const = default;
};

/// Six bytes in the order of the wire.
struct MacAddress {
  std::array<std::uint8_t, 6> bytes{};
  auto operator<=>(const MacAddress&) const = default;
};

/// An IPv4 address in host byte order.
struct Ipv4Address {
  std::uint32_t host_order = 0;
  auto operator<=>(const Ipv4Address&) const = default;
};

/// Sixteen bytes in the order of the wire.
struct Ipv6Address {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const Ipv6Address&) const = default;
};

/// An IPv4 prefix such as 10.0.0.0/24; a bare address is a /32. Bits beyond the length are zero.
struct Ipv4Prefix {
  Ipv4Address address;
  std::uint8_t length = 0;
  [[nodiscard]] bool contains(Ipv4Address a) const { return length == 0 || ((a.host_order ^ address.host_order) >> (32 - length)) == 0; }
  auto operator<=>(const Ipv4Prefix&) const = default;
};

std::optional<ByteSize> parse_byte_size(std::string_view text);
std::optional<Duration> parse_duration(std::string_view text);
std::optional<Rate> parse_rate(std::string_view text);
std::optional<MacAddress> parse_mac(std::string_view text);
std::optional<Ipv4Address> parse_ipv4(std::string_view text);
std::optional<Ipv6Address> parse_ipv6(std::string_view text);
std::optional<Ipv4Prefix> parse_ipv4_prefix(std::string_view text);

/// The shortest text that parses to the same value.
std::string to_string(ByteSize v);
std::string to_string(Duration v);
std::string to_string(Rate v);
std::string to_string(const MacAddress& v);
std::string to_string(Ipv4Address v);
std::string to_string(const Ipv6Address& v);
std::string to_string(Ipv4Prefix v);

}  // namespace smartswitch
