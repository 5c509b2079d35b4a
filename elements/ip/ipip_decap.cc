// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_ip.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "elements/sdk/checksum.h"
#include "elements/sdk/element.h"
#include "elements/sdk/headers.h"

namespace smartswitch {

class IPIPDecap final : public Element {
 public:
  static void describe(Describe<IPIPDecap>& d) {
    d.summary("Takes IPv4 packets out of the IPv4 packets that they came in.");
    d.details(
        R"(The receiving end of an IPIPEncap, or of any other IP in IP tunnel (RFC 2003). Ethernet header and VLAN tags stay. Congestion that was marked on the
way through the tunnel is marked in the inner packet (RFC 6040).

Fragments of outer packets are dropped: put an IPReassembler in front. What is no IP in IP to one of the `addresses` leaves through `other`, untouched.
Anybody can put any packet into a tunnel's: say in `from` who may.)");
    d.example("end: {class: IPIPDecap, addresses: [10.11.0.11], from: [10.11.0.99]}");
    d.input<&IPIPDecap::push>("in", "Ethernet packets");
    d.output("out", &IPIPDecap::out_, "packets that were in others");
    d.output("other", &IPIPDecap::other_, "all other packets");
    d.parameter("addresses", &IPIPDecap::addresses_, "destinations of the outer packets; none: any");
    d.parameter("from", &IPIPDecap::from_, "networks that outer packets may come from; none: any");
    d.drop("not_from", &IPIPDecap::not_from_, "packets whose outer source is in none of `from`");
    d.drop("fragment", &IPIPDecap::fragment_, "fragments of outer packets");
    d.drop("malformed", &IPIPDecap::malformed_, "packets with an outer or inner header that lies about its length, or is none of IPv4");
    d.drop("bad_checksum", &IPIPDecap::bad_checksum_, "packets whose outer header has a wrong checksum");
    d.drop("congestion", &IPIPDecap::congestion_, "packets marked for congestion whose sender would not understand it");
  }

  void push(Batch& batch) {
    Batch others;
    unsigned kept = 0;
    rte_mbuf** mbufs = batch.mbufs();
    for (const Packet packet : batch) {
      const Headers& h = locate_headers(packet);
      const auto* outer = tunnel_header(packet, h);
      if (outer == nullptr) {
        others.add(packet);
      } else if (DropReason* why = decapsulate(packet, h.l3, *outer); why != nullptr) {
        drop(packet, *why);
      } else {
        mbufs[kept++] = packet.mbuf();
      }
    }
    batch.set_size(kept);
    out_.push(batch);
    other_.push(others);
  }

 private:
  // The outer header, if the packet is for this element.
  [[nodiscard]] const rte_ipv4_hdr* tunnel_header(Packet packet, const Headers& h) const {
    if (h.ether_type != ether_type::kIpv4) return nullptr;
    const auto* ip = packet.at<rte_ipv4_hdr>(h.l3);
    if (ip == nullptr || ip->version_ihl >> 4 != 4 || ip->next_proto_id != ip_protocol::kIpIp) return nullptr;
    const Ipv4Address to{rte_be_to_cpu_32(ip->dst_addr)};
    return addresses_.empty() || std::find(addresses_.begin(), addresses_.end(), to) != addresses_.end() ? ip : nullptr;
  }

  // A reason to drop the packet, or nullptr.
  DropReason* decapsulate(Packet packet, std::uint32_t l3, const rte_ipv4_hdr& outer) {
    const Ipv4Address source{rte_be_to_cpu_32(outer.src_addr)};
    const auto has_it = [&](const Ipv4Prefix& prefix) { return prefix.contains(source); };
    if (!from_.empty() && std::none_of(from_.begin(), from_.end(), has_it)) return &not_from_;
    const std::uint32_t header = rte_ipv4_hdr_len(&outer);
    const std::uint32_t total = rte_be_to_cpu_16(outer.total_length);
    if (header < sizeof outer || total < header || l3 + total > packet.wire_length()) return &malformed_;
    auto* inner = packet.at<rte_ipv4_hdr>(l3 + header);
    if (inner == nullptr) return &malformed_;
    if (rte_raw_cksum(&outer, header) != 0xFFFF) return &bad_checksum_;
    if ((outer.fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0) return &fragment_;
    const std::uint32_t inner_total = rte_be_to_cpu_16(inner->total_length);
    if (inner->version_ihl >> 4 != 4 || rte_ipv4_hdr_len(inner) < sizeof *inner || inner_total < rte_ipv4_hdr_len(inner) ||
        inner_total > total - header) {
      return &malformed_;
    }
    if (!take_over_congestion(*inner, outer.type_of_service)) return &congestion_;
    const std::uint32_t padding = packet.wire_length() - l3 - header - inner_total;
    if (padding > 0 && rte_pktmbuf_trim(packet.mbuf(), static_cast<std::uint16_t>(padding)) != 0) return &malformed_;
    std::memmove(packet.data() + header, packet.data(), l3);
    rte_pktmbuf_adj(packet.mbuf(), static_cast<std::uint16_t>(header));
    forget_headers(packet);
    return nullptr;
  }

  // RFC 6040 section 4.2. False if the mark would get lost.
  static bool take_over_congestion(rte_ipv4_hdr& inner, std::uint8_t outer_tos) {
    constexpr unsigned kMask = 3, kNotCapable = 0, kCapable1 = 1, kCapable0 = 2, kCongestion = 3;
    const unsigned outer = outer_tos & kMask;
    const unsigned was = inner.type_of_service & kMask;
    if (outer == kCongestion && was == kNotCapable) return false;
    const bool takes = outer == kCongestion || (outer == kCapable1 && was == kCapable0);
    if (!takes || outer == was) return true;
    const auto word = [&inner] { return static_cast<std::uint16_t>(inner.version_ihl << 8 | inner.type_of_service); };
    ChecksumChange change;
    const rte_be16_t old = rte_cpu_to_be_16(word());
    inner.type_of_service = static_cast<std::uint8_t>((inner.type_of_service & ~kMask) | outer);
    change.replace(old, rte_cpu_to_be_16(word()));
    inner.hdr_checksum = change.of(inner.hdr_checksum);
    return true;
  }

  std::vector<Ipv4Address> addresses_;
  std::vector<Ipv4Prefix> from_;
  Output out_, other_;
  DropReason not_from_, fragment_, malformed_, bad_checksum_, congestion_;
};
SMARTSWITCH_ELEMENT(IPIPDecap)

}  // namespace smartswitch
