// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include <cstring>
#include <optional>
#include <random>

#include "elements/sdk/checksum.h"
#include "elements/sdk/element.h"
#include "elements/sdk/hash.h"
#include "elements/sdk/headers.h"

namespace smartswitch {

class IPIPEncap final : public Element {
 public:
  static void describe(Describe<IPIPEncap>& d) {
    d.summary("Puts IPv4 packets into IPv4 packets to a server, which takes them out and answers the client directly.");
    d.details(
        R"(IP in IP (RFC 2003), as LVS-TUN and Katran send to servers in other subnets. The server has the service address on its loopback or tunnel
device; on Linux: `ip link add ipip0 type ipip external; ip link set ipip0 up`, with `rp_filter` 0 on that device.

Without `destination`, the packet goes to the address of the server that a KeyHashSwitch in front has chosen: its `address` in the
BackendPool. Source and destination MAC address stay: give servers behind a router the router's `mac`.

With a prefix as `source`, such as 10.9.0.0/16, the other bits are a hash of the packet's addresses and ports. Cards of servers spread packets over
their cores by the outer addresses only.

"Don't fragment", type of service and ECN (RFC 6040) are the inner packet's; its time to live goes down by one, so that nothing circles for ever. The packet
gets 20 bytes longer. If that is over `mtu` and it must not be fragmented, it is dropped, and nobody is told: let the servers' network take 20 bytes more than
the clients'. What may be fragmented, an IPFragmenter behind cuts.)");
    d.example("tunnel: {class: IPIPEncap, source: 10.11.0.99}");
    d.input<&IPIPEncap::push>("in", "IPv4 packets");
    d.output("out", &IPIPEncap::out_, "the same, each in another one");
    d.parameter("source", &IPIPEncap::source_, "source address of the outer packets, or the prefix that it starts with").required();
    d.parameter("destination", &IPIPEncap::destination_, "destination address of the outer packets; without it, the chosen server's");
    d.parameter("mtu", &IPIPEncap::mtu_, "bytes of an IP packet that the way to the servers takes").between(68, UINT16_MAX);
    d.parameter("ttl", &IPIPEncap::ttl_, "time to live of the outer packets").at_least(1);
    d.drop("not_ipv4", &IPIPEncap::not_ipv4_, "packets of other EtherTypes");
    d.drop("malformed", &IPIPEncap::malformed_, "packets whose IPv4 header lies about its length, or is cut off");
    d.drop("no_destination", &IPIPEncap::no_destination_, "no `destination` is given, and the server that was chosen has no `address`");
    d.drop("ttl_expired", &IPIPEncap::ttl_expired_, "packets whose time to live is over");
    d.drop("loop", &IPIPEncap::loop_,
           "packets from the outer source or destination: they have been in the tunnel, or would go back into it");
    d.drop("too_long", &IPIPEncap::too_long_, "packets that must not be fragmented and would get longer than `mtu`, or than 65,535 bytes");
    d.drop("no_room", &IPIPEncap::no_room_, "packets whose buffer has no room in front for another header");
  }

  void start(Problems&) override {
    std::random_device random;
    id_ = static_cast<std::uint16_t>(random());
  }

  void push(Batch& batch) {
    unsigned kept = 0;
    rte_mbuf** mbufs = batch.mbufs();
    for (const Packet packet : batch) {
      if (DropReason* why = encapsulate(packet); why != nullptr) {
        drop(packet, *why);
      } else {
        mbufs[kept++] = packet.mbuf();
      }
    }
    batch.set_size(kept);
    out_.push(batch);
  }

 private:
  // A reason to drop the packet, or nullptr.
  DropReason* encapsulate(Packet packet) {
    const Headers& h = locate_headers(packet);
    if (h.ether_type != ether_type::kIpv4) return &not_ipv4_;
    const std::uint32_t l3 = h.l3;
    auto* inner = packet.at<rte_ipv4_hdr>(l3);
    if (inner == nullptr || inner->version_ihl >> 4 != 4) return &malformed_;
    const std::uint32_t header = rte_ipv4_hdr_len(inner);
    const std::uint32_t total = rte_be_to_cpu_16(inner->total_length);
    if (header < sizeof *inner || total < header || l3 + header > packet.length() || l3 + total > packet.wire_length()) return &malformed_;

    Annotations& a = packet.annotations();
    rte_ipv4_hdr outer{};
    outer.src_addr = rte_cpu_to_be_32(source_for(packet, h, *inner));
    outer.dst_addr = rte_cpu_to_be_32(destination_ ? destination_->host_order : a.next.address);
    if (outer.dst_addr == 0) return &no_destination_;
    // RFC 2003 section 3.2: these would go round.
    if (inner->src_addr == outer.src_addr || inner->src_addr == outer.dst_addr) return &loop_;
    if (inner->time_to_live <= 1) return &ttl_expired_;
    const std::uint32_t length = total + static_cast<std::uint32_t>(sizeof outer);
    const rte_be16_t dont_fragment = inner->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
    if (length > UINT16_MAX || (length > mtu_ && dont_fragment != 0)) return &too_long_;
    outer.version_ihl = RTE_IPV4_VHL_DEF;
    outer.type_of_service = inner->type_of_service;
    outer.total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(length));
    outer.packet_id = dont_fragment != 0 ? 0 : rte_cpu_to_be_16(id_++);  // RFC 6864
    outer.fragment_offset = dont_fragment;
    outer.time_to_live = ttl_;
    outer.next_proto_id = ip_protocol::kIpIp;
    outer.hdr_checksum = rte_ipv4_cksum(&outer);

    if (rte_pktmbuf_headroom(packet.mbuf()) < sizeof outer) return &no_room_;
    // Padding of short frames belongs to no IP packet.
    const std::uint32_t padding = packet.wire_length() - l3 - total;
    if (padding > 0 && rte_pktmbuf_trim(packet.mbuf(), static_cast<std::uint16_t>(padding)) != 0) return &malformed_;
    count_down(*inner);
    rte_pktmbuf_prepend(packet.mbuf(), sizeof outer);
    std::memmove(packet.data(), packet.data() + sizeof outer, l3);
    std::memcpy(packet.data() + l3, &outer, sizeof outer);
    a.key_offset = static_cast<std::uint16_t>(a.key_offset + sizeof outer);
    forget_headers(packet);
    return nullptr;
  }

  static void count_down(rte_ipv4_hdr& ip) {
    const auto word = [&ip] { return static_cast<std::uint16_t>(ip.time_to_live << 8 | ip.next_proto_id); };
    ChecksumChange change;
    const rte_be16_t old = rte_cpu_to_be_16(word());
    --ip.time_to_live;
    change.replace(old, rte_cpu_to_be_16(word()));
    ip.hdr_checksum = change.of(ip.hdr_checksum);
  }

  [[nodiscard]] std::uint32_t source_for(Packet packet, const Headers& h, const rte_ipv4_hdr& inner) const {
    if (source_.length == 32) return source_.address.host_order;
    std::uint32_t flow[3] = {inner.src_addr, inner.dst_addr, 0};
    // Fragments have no ports to speak of but the first one's, and have to go the same way.
    if (!h.fragment && h.payload != 0) std::memcpy(&flow[2], packet.data() + h.l4, sizeof flow[2]);
    const std::uint64_t hash = hash_key({reinterpret_cast<const char*>(flow), sizeof flow});
    return source_.address.host_order | static_cast<std::uint32_t>((hash & 0xFFFFFFFF) >> source_.length);
  }

  Ipv4Prefix source_;
  std::optional<Ipv4Address> destination_;
  std::uint16_t mtu_ = 1500;
  std::uint8_t ttl_ = 64;
  std::uint16_t id_ = 0;
  Output out_;
  DropReason not_ipv4_, malformed_, no_destination_, ttl_expired_, loop_, too_long_, no_room_;
};
SMARTSWITCH_ELEMENT(IPIPEncap)

}  // namespace smartswitch
