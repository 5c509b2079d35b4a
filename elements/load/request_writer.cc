// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/request_writer.h"

#include <charconv>
#include <cstring>

#include "elements/load/key_names.h"
#include "elements/load/values.h"
#include "elements/sdk/headers.h"

namespace smartswitch::load {
namespace {

constexpr std::size_t kVerb = 4;  // "get " and "set "
constexpr std::size_t kLineEndBytes = 2;
constexpr char kFlagsAndExpiry[] = " 0 0 ";
constexpr std::size_t kFlagsAndExpiryBytes = sizeof kFlagsAndExpiry - 1;

std::size_t digits_of(std::size_t number) {
  std::size_t digits = 1;
  for (; number >= 10; number /= 10) ++digits;
  return digits;
}

std::uint8_t* put_text(std::uint8_t* to, const char* text, std::size_t bytes) {
  std::memcpy(to, text, bytes);
  return to + bytes;
}

}  // namespace

RequestWriter::RequestWriter(const RequestAddresses& addresses, std::size_t key_size)
    : key_size_(key_size), checksums_(addresses.checksums) {
  std::memcpy(&headers_.ether.src_addr, addresses.source_mac.bytes.data(), RTE_ETHER_ADDR_LEN);
  std::memcpy(&headers_.ether.dst_addr, addresses.destination_mac.bytes.data(), RTE_ETHER_ADDR_LEN);
  headers_.ether.ether_type = rte_cpu_to_be_16(ether_type::kIpv4);
  headers_.ip.version_ihl = RTE_IPV4_VHL_DEF;
  headers_.ip.time_to_live = 64;
  headers_.ip.next_proto_id = ip_protocol::kUdp;
  headers_.ip.src_addr = rte_cpu_to_be_32(addresses.source.host_order);
  headers_.ip.dst_addr = rte_cpu_to_be_32(addresses.destination.host_order);
  headers_.udp.dst_port = rte_cpu_to_be_16(addresses.destination_port);
  headers_.frame.total = rte_cpu_to_be_16(1);
}

std::size_t RequestWriter::get_bytes() const { return sizeof headers_ + kVerb + key_size_ + kLineEndBytes; }

std::size_t RequestWriter::set_bytes(std::size_t value) const {
  return sizeof headers_ + kVerb + key_size_ + kFlagsAndExpiryBytes + digits_of(value) + kLineEndBytes + value + kLineEndBytes;
}

std::uint8_t* RequestWriter::begin(Packet packet, const Request& request, std::size_t bytes) {
  packet.mbuf()->data_len = static_cast<std::uint16_t>(bytes);
  packet.mbuf()->pkt_len = static_cast<std::uint32_t>(bytes);
  auto* headers = reinterpret_cast<DatagramHeaders*>(packet.data());
  std::memcpy(headers, &headers_, sizeof headers_);
  headers->udp.src_port = rte_cpu_to_be_16(request.source_port);
  headers->frame.request_id = rte_cpu_to_be_16(request.id);
  // Routers may cut a set that is longer than a link takes: its pieces find together by this number (RFC 791).
  headers->ip.packet_id = rte_cpu_to_be_16(next_identification_++);
  set_lengths(*headers, bytes - sizeof headers_);
  return packet.data() + sizeof headers_;
}

void RequestWriter::finish(Packet packet) {
  if (!checksums_) return;
  auto* headers = reinterpret_cast<DatagramHeaders*>(packet.data());
  headers->ip.hdr_checksum = rte_ipv4_cksum(&headers->ip);
  headers->udp.dgram_cksum = rte_ipv4_udptcp_cksum(&headers->ip, &headers->udp);
}

void RequestWriter::write_get(Packet packet, const Request& request) {
  std::uint8_t* to = put_text(begin(packet, request, get_bytes()), "get ", kVerb);
  write_key(to, key_size_, request.key);
  put_text(to + key_size_, "\r\n", kLineEndBytes);
  finish(packet);
}

void RequestWriter::write_set(Packet packet, const Request& request, std::uint64_t version, std::size_t value) {
  std::uint8_t* to = put_text(begin(packet, request, set_bytes(value)), "set ", kVerb);
  write_key(to, key_size_, request.key);
  to = put_text(to + key_size_, kFlagsAndExpiry, kFlagsAndExpiryBytes);
  char* digits = reinterpret_cast<char*>(to);
  to = reinterpret_cast<std::uint8_t*>(std::to_chars(digits, digits + kMostDigits, value).ptr);
  to = put_text(to, "\r\n", kLineEndBytes);
  write_value(to, value, request.key, version);
  put_text(to + value, "\r\n", kLineEndBytes);
  finish(packet);
}

}  // namespace smartswitch::load
