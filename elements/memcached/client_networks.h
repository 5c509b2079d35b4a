// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Who a client is to the limits of this room: its address, and the networks that operators speak of.
#pragma once

#include <rte_ip.h>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "elements/sdk/headers.h"
#include "elements/sdk/packet.h"
#include "elements/sdk/parameter.h"

namespace smartswitch::memcached {

/// An IPv6 address as a number, or an IPv4 address as IPv6 writes it (RFC 4291 section 2.5.5.2).
struct ClientAddress {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const ClientAddress&) const = default;
  bool operator<(const ClientAddress& other) const { return high != other.high ? high < other.high : low < other.low; }
  bool operator<=(const ClientAddress& other) const { return !(other < *this); }

  static ClientAddress of_ipv4(std::uint32_t host_order) { return {0, 0xFFFFULL << 32 | host_order}; }
  static ClientAddress of_ipv6(const std::uint8_t* bytes) {
    std::uint64_t halves[2];
    std::memcpy(halves, bytes, sizeof halves);
    return {rte_be_to_cpu_64(halves[0]), rte_be_to_cpu_64(halves[1])};
  }
  /// Its first `length` bits, and zeros.
  [[nodiscard]] ClientAddress prefix(unsigned length) const {
    const auto mask = [](unsigned bits) { return bits == 0 ? 0 : ~std::uint64_t{0} << (64 - bits); };
    return {high & mask(std::min(length, 64U)), low & mask(length < 64 ? 0 : length - 64)};
  }
};

/// The addresses of an IP packet whose headers were located, with `ip_version` 4 or 6.
inline ClientAddress source_of(Packet packet, const Headers& headers) {
  const std::uint8_t* ip = packet.data() + headers.l3;
  if (headers.ip_version == 6) return ClientAddress::of_ipv6(ip + offsetof(rte_ipv6_hdr, src_addr));
  return ClientAddress::of_ipv4(rte_be_to_cpu_32(reinterpret_cast<const rte_ipv4_hdr*>(ip)->src_addr));
}
inline ClientAddress destination_of(Packet packet, const Headers& headers) {
  const std::uint8_t* ip = packet.data() + headers.l3;
  if (headers.ip_version == 6) return ClientAddress::of_ipv6(ip + offsetof(rte_ipv6_hdr, dst_addr));
  return ClientAddress::of_ipv4(rte_be_to_cpu_32(reinterpret_cast<const rte_ipv4_hdr*>(ip)->dst_addr));
}

/// A set of networks. A look-up takes time that grows with the logarithm of their number.
class ClientNetworks {
 public:
  /// `text` is a prefix or an address, of IPv4 or IPv6. False, and nothing done, if it is neither, or has bits beyond its length.
  bool add(std::string_view text);

  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] bool contain(ClientAddress address) const {
    if (ranges_.size() == 1) return ranges_[0].first <= address && address <= ranges_[0].last;
    const auto behind = std::upper_bound(ranges_.begin(), ranges_.end(), address,
                                         [](const ClientAddress& a, const Range& range) { return a < range.first; });
    return behind != ranges_.begin() && address <= std::prev(behind)->last;
  }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

  struct Range {
    ClientAddress first;
    ClientAddress last;
  };
  /// In order, none within another.
  [[nodiscard]] const std::vector<Range>& ranges() const { return ranges_; }

 private:
  std::vector<Range> ranges_;
  std::vector<std::string> names_;
};

}  // namespace smartswitch::memcached

namespace smartswitch {

template <>
struct ParameterType<memcached::ClientNetworks> {
  static std::string name() { return "list of IP prefixes"; }
  /// A list, or a text with commas: so it can come from one variable.
  static bool parse(const Value& value, memcached::ClientNetworks& out, Problems& problems);
  static std::string format(const memcached::ClientNetworks& v) { return ParameterType<std::vector<std::string>>::format(v.names()); }
};

}  // namespace smartswitch
