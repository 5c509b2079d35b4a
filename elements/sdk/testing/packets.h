// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Packets for tests, built layer by layer; lengths and checksums are filled in at the end:
//
//   Bytes get = PacketBuilder().ether("02:00:00:00:00:01", "02:00:00:00:00:02").ipv4("10.0.0.1", "10.0.0.9").udp(999,
//   11211).payload("...");
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smartswitch::testing {

using Bytes = std::vector<std::uint8_t>;

class PacketBuilder {
 public:
  PacketBuilder& ether(std::string_view source, std::string_view destination);
  /// A tag with this VLAN identifier; called twice, the first one is the outer tag.
  PacketBuilder& vlan(std::uint16_t id);
  PacketBuilder& ipv4(std::string_view source, std::string_view destination);
  PacketBuilder& ipv6(std::string_view source, std::string_view destination);
  PacketBuilder& udp(std::uint16_t source, std::uint16_t destination);
  PacketBuilder& tcp(std::uint16_t source, std::uint16_t destination, std::uint8_t flags = 0x18);
  /// An echo request: ICMP over IPv4, ICMPv6 over IPv6.
  PacketBuilder& icmp_echo(std::uint16_t id, std::uint16_t sequence);
  PacketBuilder& payload(std::string_view bytes);
  /// IPv4 only: sets the fragment field (offset in bytes, a multiple of 8).
  PacketBuilder& fragment(std::uint16_t offset, bool more);

  [[nodiscard]] Bytes build() const;
  operator Bytes() const { return build(); }  // NOLINT(google-explicit-constructor): reads well in tests

 private:
  [[nodiscard]] std::uint8_t protocol_number() const;
  enum class Layer3 : std::uint8_t { kNone, kIpv4, kIpv6 };
  enum class Layer4 : std::uint8_t { kNone, kUdp, kTcp, kIcmpEcho };
  Bytes ether_ = Bytes(12);
  Bytes tags_;
  Layer3 layer3_ = Layer3::kNone;
  Layer4 layer4_ = Layer4::kNone;
  Bytes source_, destination_;
  std::uint16_t fragment_ = 0;
  std::uint16_t source_port_ = 0, destination_port_ = 0;  // of an echo: identifier and sequence number
  std::uint8_t tcp_flags_ = 0;
  std::string payload_;
};

/// Who has `target`? Asked of all by the owner of `mac` and `address`; 42 bytes, as if padding had been taken off.
Bytes arp_request(std::string_view mac, std::string_view address, std::string_view target);

/// The frame that memcached's UDP protocol puts before each datagram: request id, sequence 0, total 1, reserved 0.
std::string memcached_frame(std::uint16_t request_id, std::string_view text);

}  // namespace smartswitch::testing
