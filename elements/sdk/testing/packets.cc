// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/testing/packets.h"

#include <arpa/inet.h>
#include <rte_ip.h>

#include <cstring>

#include "elements/sdk/headers.h"
#include "elements/sdk/units.h"

namespace smartswitch::testing {
namespace {

void append16(Bytes& to, std::size_t v) {
  to.push_back(static_cast<std::uint8_t>(v >> 8));
  to.push_back(static_cast<std::uint8_t>(v));
}
void append32(Bytes& to, std::uint32_t v) {
  append16(to, v >> 16);
  append16(to, v & 0xFFFF);
}
void append(Bytes& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); }

Bytes mac_bytes(std::string_view text) {
  const auto mac = parse_mac(text).value();
  return {mac.bytes.begin(), mac.bytes.end()};
}

}  // namespace

PacketBuilder& PacketBuilder::ether(std::string_view source, std::string_view destination) {
  ether_ = mac_bytes(destination);
  append(ether_, mac_bytes(source));
  return *this;
}
PacketBuilder& PacketBuilder::vlan(std::uint16_t id) {
  append16(tags_, ether_type::kVlan);
  append16(tags_, id);
  return *this;
}
PacketBuilder& PacketBuilder::ipv4(std::string_view source, std::string_view destination) {
  layer3_ = Layer3::kIpv4;
  source_.clear();
  destination_.clear();
  append32(source_, parse_ipv4(source).value().host_order);
  append32(destination_, parse_ipv4(destination).value().host_order);
  return *this;
}
PacketBuilder& PacketBuilder::ipv6(std::string_view source, std::string_view destination) {
  layer3_ = Layer3::kIpv6;
  const auto from = parse_ipv6(source).value();
  const auto to = parse_ipv6(destination).value();
  source_.assign(from.bytes.begin(), from.bytes.end());
  destination_.assign(to.bytes.begin(), to.bytes.end());
  return *this;
}
PacketBuilder& PacketBuilder::udp(std::uint16_t source, std::uint16_t destination) {
  layer4_ = Layer4::kUdp;
  source_port_ = source;
  destination_port_ = destination;
  return *this;
}
PacketBuilder& PacketBuilder::tcp(std::uint16_t source, std::uint16_t destination, std::uint8_t flags) {
  layer4_ = Layer4::kTcp;
  source_port_ = source;
  destination_port_ = destination;
  tcp_flags_ = flags;
  return *this;
}
PacketBuilder& PacketBuilder::icmp_echo(std::uint16_t id, std::uint16_t sequence) {
  layer4_ = Layer4::kIcmpEcho;
  source_port_ = id;
  destination_port_ = sequence;
  return *this;
}
PacketBuilder& PacketBuilder::payload(std::string_view bytes) {
  payload_ = bytes;
  return *this;
}
PacketBuilder& PacketBuilder::fragment(std::uint16_t offset, bool more) {
  fragment_ = static_cast<std::uint16_t>(offset / 8 | (more ? 0x2000 : 0));
  return *this;
}

std::uint8_t PacketBuilder::protocol_number() const {
  if (layer4_ == Layer4::kUdp) return ip_protocol::kUdp;
  if (layer4_ == Layer4::kTcp) return ip_protocol::kTcp;
  if (layer4_ == Layer4::kIcmpEcho) return layer3_ == Layer3::kIpv6 ? ip_protocol::kIcmp6 : ip_protocol::kIcmp;
  return 255;
}

Bytes PacketBuilder::build() const {
  Bytes segment;
  const bool first = (fragment_ & 0x1FFF) == 0;
  if (layer4_ == Layer4::kUdp && first) {
    append16(segment, source_port_);
    append16(segment, destination_port_);
    append16(segment, 8 + payload_.size());
    append16(segment, 0);
  } else if (layer4_ == Layer4::kTcp && first) {
    append16(segment, source_port_);
    append16(segment, destination_port_);
    append32(segment, 1);
    append32(segment, 1);
    append16(segment, 0x5000 | tcp_flags_);
    append16(segment, 65535);
    append32(segment, 0);
  } else if (layer4_ == Layer4::kIcmpEcho && first) {
    append16(segment, layer3_ == Layer3::kIpv6 ? 0x8000 : 0x0800);  // type 128 (RFC 4443) or 8 (RFC 792), code 0
    append16(segment, 0);
    append16(segment, source_port_);
    append16(segment, destination_port_);
  }
  append(segment, payload_);

  Bytes packet = ether_;
  append(packet, tags_);
  const std::uint8_t protocol = protocol_number();
  const std::size_t checksum_at = layer4_ == Layer4::kUdp ? 6 : layer4_ == Layer4::kTcp ? 16 : 2;
  const bool checksummed = layer4_ != Layer4::kNone && first;
  if (layer3_ == Layer3::kIpv4) {
    append16(packet, ether_type::kIpv4);
    Bytes ip = {0x45, 0};
    append16(ip, 20 + segment.size());
    append16(ip, 0x1234);
    append16(ip, fragment_);
    ip.push_back(64);
    ip.push_back(protocol);
    append16(ip, 0);
    append(ip, source_);
    append(ip, destination_);
    auto* header = reinterpret_cast<rte_ipv4_hdr*>(ip.data());
    header->hdr_checksum = rte_ipv4_cksum(header);
    if (checksummed) {
      // ICMP's checksum has no pseudo-header (RFC 792).
      const std::uint16_t sum = layer4_ == Layer4::kIcmpEcho ? static_cast<std::uint16_t>(~rte_raw_cksum(segment.data(), segment.size()))
                                                             : rte_ipv4_udptcp_cksum(header, segment.data());
      std::memcpy(segment.data() + checksum_at, &sum, 2);
    }
    append(packet, ip);
  } else if (layer3_ == Layer3::kIpv6) {
    append16(packet, ether_type::kIpv6);
    Bytes ip = {0x60, 0, 0, 0};
    append16(ip, segment.size());
    ip.push_back(protocol);
    ip.push_back(64);
    append(ip, source_);
    append(ip, destination_);
    if (checksummed) {
      const std::uint16_t sum = rte_ipv6_udptcp_cksum(reinterpret_cast<const rte_ipv6_hdr*>(ip.data()), segment.data());
      std::memcpy(segment.data() + checksum_at, &sum, 2);
    }
    append(packet, ip);
  } else {
    append16(packet, 0x88B5);  // IEEE 802 local experimental EtherType
  }
  append(packet, segment);
  return packet;
}

Bytes arp_request(std::string_view mac, std::string_view address, std::string_view target) {
  Bytes packet(6, 0xFF);
  append(packet, mac_bytes(mac));
  append16(packet, ether_type::kArp);
  append16(packet, 1);  // Ethernet
  append16(packet, ether_type::kIpv4);
  packet.push_back(6);
  packet.push_back(4);
  append16(packet, 1);  // request
  append(packet, mac_bytes(mac));
  append32(packet, parse_ipv4(address).value().host_order);
  packet.insert(packet.end(), 6, 0);
  append32(packet, parse_ipv4(target).value().host_order);
  return packet;
}

std::string memcached_frame(std::uint16_t request_id, std::string_view text) {
  std::string frame = {static_cast<char>(request_id >> 8), static_cast<char>(request_id), 0, 0, 0, 1, 0, 0};
  return frame.append(text);
}

}  // namespace smartswitch::testing
