// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_ip.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "elements/ip/fragment_headers.h"
#include "elements/sdk/reassembler.h"

namespace smartswitch {

class IPReassembler final : public Reassembler {
 public:
  static void describe(Describe<IPReassembler>& d) {
    d.summary("Puts IP fragments together again, in whatever order they come.");
    d.details(R"(Fragments of IPv4 (RFC 791) and IPv6 (RFC 8200) packets become the packet that they were cut from: in one segment, with the
headers of the first fragment and "don't fragment" cleared. All else passes untouched, and so do fragments to other addresses than those
given. Elements behind it see no difference to a packet that came whole; what is longer than the next link allows needs an IPFragmenter in
front of the device.

The longest whole is 65,407 bytes with its Ethernet header, in 64 fragments at most. Fragments that overlap spoil their datagram (RFC 5722);
one that comes again with the same bytes is ignored. Checksums of what is inside are left to the receiver.

Memory is bounded: 64 fragments for each of `incomplete` datagrams. One sender has no more than `per_source` of them. When the table is
full, a datagram of which nothing has come for 10 ms makes way for a new one.)");
    d.example("whole: {class: IPReassembler, addresses: [10.11.0.100]}");
    d.input<&IPReassembler::push>("in", "Ethernet packets");
    d.output("out", &IPReassembler::out_, "whole packets, and fragments to other addresses");
    d.parameter("addresses", &IPReassembler::addresses_, "IPv4 destinations whose fragments are put together; none here and below: all");
    d.parameter("ipv6_addresses", &IPReassembler::ipv6_addresses_, "the same for IPv6");
    describe_assembling(d, "datagrams");
    d.counter("reassembled", &IPReassembler::reassembled_, "datagrams put together");
  }

  void push(Batch& batch) {
    unsigned kept = 0;
    rte_mbuf** mbufs = batch.mbufs();
    for (Packet packet : batch) {
      const Headers& headers = locate_headers(packet);
      if (headers.fragment) packet = take(packet, headers);
      if (packet) mbufs[kept++] = packet.mbuf();
    }
    batch.set_size(kept);
    out_.push(batch);
  }

 private:
  // What a fragment header says: the same in both versions.
  struct Fragment {
    std::uint32_t payload;  // where its bytes are
    std::uint32_t length;
    std::uint32_t offset;  // where they belong
    bool more;
    std::uint32_t number;  // tells the datagram from the others of its sender
  };

  // The packet, if it is none to put together; the whole, if this was the last missing piece; or nothing.
  Packet take(Packet packet, const Headers& headers) {
    if (!serves(packet, headers)) return packet;
    const Fragment f = headers.ip_version == 4 ? read_ipv4(packet, headers) : read_ipv6(packet, headers);
    const std::uint32_t end = f.offset + f.length;
    // A first fragment without a whole layer 4 header hides what it is (RFC 1858, RFC 7112); one that ends beyond 65,535 kills the
    // careless.
    if (headers.malformed || f.length == 0 || (f.more && f.length % 8 != 0) || end + f.payload - headers.l3 > UINT16_MAX) {
      drop(packet, malformed_);
      return Packet();
    }
    Assembly* assembly = add(key_of(packet, headers, f.number), {packet, f.offset, end, f.payload, f.length}, f.more ? kUnknown : end);
    return assembly == nullptr ? Packet() : join(*assembly);
  }

  [[nodiscard]] bool serves(Packet packet, const Headers& headers) const {
    if (addresses_.empty() && ipv6_addresses_.empty()) return true;
    if (headers.ip_version == 4) {
      const auto* ip = reinterpret_cast<const rte_ipv4_hdr*>(packet.data() + headers.l3);
      const Ipv4Address to{rte_be_to_cpu_32(ip->dst_addr)};
      return std::any_of(addresses_.begin(), addresses_.end(), [&](Ipv4Prefix p) { return p.contains(to); });
    }
    const auto* ip = reinterpret_cast<const rte_ipv6_hdr*>(packet.data() + headers.l3);
    return std::any_of(ipv6_addresses_.begin(), ipv6_addresses_.end(),
                       [&](const Ipv6Address& a) { return std::memcmp(a.bytes.data(), ip->dst_addr, a.bytes.size()) == 0; });
  }

  // locate_headers() has checked that headers are there and their lengths right.
  static Fragment read_ipv4(Packet packet, const Headers& headers) {
    const auto* ip = reinterpret_cast<const rte_ipv4_hdr*>(packet.data() + headers.l3);
    const std::uint32_t header = rte_ipv4_hdr_len(ip);
    const std::uint16_t field = rte_be_to_cpu_16(ip->fragment_offset);
    return {headers.l3 + header, rte_be_to_cpu_16(ip->total_length) - header, (field & RTE_IPV4_HDR_OFFSET_MASK) * 8U,
            (field & RTE_IPV4_HDR_MF_FLAG) != 0, std::uint32_t{ip->packet_id} << 8 | ip->next_proto_id};
  }
  static Fragment read_ipv6(Packet packet, const Headers& headers) {
    const auto* ip = reinterpret_cast<const rte_ipv6_hdr*>(packet.data() + headers.l3);
    const auto before = ip::find_per_fragment_headers(packet, headers.l3);
    const auto* header = before && before->next == IPPROTO_FRAGMENT ? packet.at<ip::Ipv6FragmentHeader>(before->end) : nullptr;
    if (header == nullptr) return {};  // behind an authentication header, where none belongs: length 0 is malformed
    const std::uint32_t payload = before->end + static_cast<std::uint32_t>(sizeof *header);
    const std::uint16_t field = rte_be_to_cpu_16(header->field);
    const std::uint32_t ends = headers.l3 + static_cast<std::uint32_t>(sizeof *ip) + rte_be_to_cpu_16(ip->payload_len);
    return {payload, ends - payload, field & 0xFFF8U, (field & 1) != 0, header->id};
  }

  Packet join(Assembly& assembly) {
    const Piece& first = assembly.pieces().front();
    const Headers& headers = locate_headers(first.packet);
    const bool v6 = headers.ip_version == 6;
    const std::uint32_t before = first.at - (v6 ? static_cast<std::uint32_t>(sizeof(ip::Ipv6FragmentHeader)) : 0);
    const std::uint32_t length = before + assembly.bytes();
    const Packet whole = length <= kLargestPacket ? allocate(length) : Packet();
    if (!whole || !whole.resize(length)) {
      give_up(assembly, length <= kLargestPacket ? no_buffer_ : too_long_);
      return Packet();
    }
    std::memcpy(whole.data(), first.packet.data(), before);
    for (const Piece& piece : assembly.pieces()) std::memcpy(whole.data() + before + piece.begin, piece.bytes(), piece.length);
    if (v6) {
      complete_ipv6(whole, first.packet, headers.l3);
    } else {
      complete_ipv4(whole, headers.l3);
    }
    finish(assembly);
    reassembled_.add();
    return whole;
  }

  static void complete_ipv4(Packet whole, std::uint32_t l3) {
    auto* ip = reinterpret_cast<rte_ipv4_hdr*>(whole.data() + l3);
    ip->total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(whole.length() - l3));
    ip->fragment_offset = 0;
    ip->hdr_checksum = 0;
    ip->hdr_checksum = rte_ipv4_cksum(ip);
  }
  static void complete_ipv6(Packet whole, Packet first, std::uint32_t l3) {
    auto* ip = reinterpret_cast<rte_ipv6_hdr*>(whole.data() + l3);
    ip->payload_len = rte_cpu_to_be_16(static_cast<std::uint16_t>(whole.length() - l3 - sizeof *ip));
    const auto before = ip::find_per_fragment_headers(first, l3);
    whole.data()[before->next_field] = first.data()[before->end];
  }

  std::vector<Ipv4Prefix> addresses_;
  std::vector<Ipv6Address> ipv6_addresses_;
  Output out_;
  Counter reassembled_;
};
SMARTSWITCH_ELEMENT(IPReassembler)

}  // namespace smartswitch
