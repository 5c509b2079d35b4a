// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_ip.h>

#include <algorithm>
#include <vector>

#include "elements/sdk/element.h"
#include "elements/sdk/headers.h"

namespace smartswitch {

class CheckIPv4Header final : public Element {
 public:
  static void describe(Describe<CheckIPv4Header>& d) {
    d.summary("Lets only packets with a sound IPv4 header pass.");
    d.details(
        "Checks what RFC 1812, section 5.2.2, asks of a router: that the header is there, the version is 4, the header's length and the "
        "packet's length are possible and the packet has as many bytes, and the checksum is right. Fragments are looked at as well: none "
        "may reach beyond 65,535 bytes. Up to two VLAN tags are passed over.\n\n"
        "Packets that fail leave through `bad`, or are dropped if it is not connected, with a counter for the first reason that was found. "
        "Packets that are not IPv4 (ARP, IPv6) fail too: put LocateHeaders in front to take another way with them.");
    d.example("sound: {class: CheckIPv4Header, bad_sources: [0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/3]}");
    d.input<&CheckIPv4Header::push>("in", "Ethernet packets");
    d.output("out", &CheckIPv4Header::out_, "packets with a sound IPv4 header");
    d.output("bad", &CheckIPv4Header::bad_, "all others").optional();
    d.parameter("checksum", &CheckIPv4Header::verifies_checksum_, "whether to verify the header's checksum");
    d.parameter("bad_sources", &CheckIPv4Header::bad_sources_, "prefixes that no packet may come from");
    d.counter("not_ipv4", &CheckIPv4Header::not_ipv4_, "packets of another EtherType, or too short for one");
    d.counter("bad_version", &CheckIPv4Header::bad_version_, "packets whose version is not 4");
    d.counter("bad_length", &CheckIPv4Header::bad_length_, "packets whose header length, total length or fragment offset is impossible");
    d.counter("truncated", &CheckIPv4Header::truncated_, "packets with fewer bytes than their header announces");
    d.counter("bad_checksum", &CheckIPv4Header::bad_checksum_, "packets whose header checksum is wrong");
    d.counter("bad_source", &CheckIPv4Header::bad_source_, "packets that come from one of `bad_sources`");
  }

  void push(Batch& batch) {
    Batch bad;
    batch.split(bad, [&](Packet packet) {
      Counter* fault = fault_of(packet);
      if (fault != nullptr) fault->add();
      return fault == nullptr;
    });
    bad_.push(bad);
    out_.push(batch);
  }

 private:
  Counter* fault_of(Packet packet) {
    const Headers& headers = locate_headers(packet);
    if (headers.ether_type != ether_type::kIpv4) return &not_ipv4_;
    const auto* ip = packet.at<rte_ipv4_hdr>(headers.l3);
    if (ip == nullptr) return &truncated_;
    if (ip->version_ihl >> 4 != 4) return &bad_version_;
    const std::uint32_t header = (ip->version_ihl & 0x0FU) * 4;
    const std::uint32_t total = rte_be_to_cpu_16(ip->total_length);
    if (header < sizeof *ip || total < header) return &bad_length_;
    // The whole header must be in the first segment; the rest may be in others.
    if (header > packet.length() - headers.l3 || total > packet.wire_length() - headers.l3) return &truncated_;
    const std::uint32_t offset = (rte_be_to_cpu_16(ip->fragment_offset) & RTE_IPV4_HDR_OFFSET_MASK) * 8U;
    if (offset + total - header > UINT16_MAX) return &bad_length_;
    if (verifies_checksum_ && rte_raw_cksum(ip, header) != 0xFFFF) return &bad_checksum_;
    const Ipv4Address source{rte_be_to_cpu_32(ip->src_addr)};
    const bool banned = std::any_of(bad_sources_.begin(), bad_sources_.end(), [&](Ipv4Prefix p) { return p.contains(source); });
    return banned ? &bad_source_ : nullptr;
  }

  bool verifies_checksum_ = true;
  std::vector<Ipv4Prefix> bad_sources_;
  Output out_;
  Output bad_;
  Counter not_ipv4_;
  Counter bad_version_;
  Counter bad_length_;
  Counter truncated_;
  Counter bad_checksum_;
  Counter bad_source_;
};
SMARTSWITCH_ELEMENT(CheckIPv4Header)

}  // namespace smartswitch
