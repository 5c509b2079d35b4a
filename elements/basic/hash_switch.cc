// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <netinet/in.h>
#include <rte_ether.h>
#include <rte_ip.h>

#include <array>
#include <tuple>
#include <type_traits>

#include "elements/sdk/element.h"
#include "elements/sdk/hash.h"
#include "elements/sdk/headers.h"

namespace smartswitch {
namespace {

// What the packets of one flow have in common. Hashed as bytes, so it has no padding.
template <class Address>
struct Flow {
  Address source{};
  Address destination{};
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t protocol = 0;
};

struct Ports {
  std::uint16_t source;
  std::uint16_t destination;
} __attribute__((packed));

template <class Address>
void set_ports(Packet packet, std::uint32_t layer4, Flow<Address>& flow) {
  if (flow.protocol != ip_protocol::kUdp && flow.protocol != ip_protocol::kTcp) return;
  const auto* ports = packet.at<Ports>(layer4);
  if (ports == nullptr) return;
  flow.source_port = ports->source;
  flow.destination_port = ports->destination;
}

}  // namespace

class HashSwitch final : public Element {
 public:
  static void describe(Describe<HashSwitch>& d) {
    d.summary("Spreads flows over its outputs: all packets of a flow go the same way.");
    d.details(
        "A flow is addresses, protocol and, for UDP and TCP, ports, of IPv4 and IPv6, VLAN tags or not. Fragments go by their addresses "
        "(and protocol, for IPv4), so that all pieces of a datagram meet again, though perhaps not with the flow's whole packets. "
        "Anything but IP goes by the pair of MAC addresses; what has not even these goes to output 0.\n\n"
        "With `symmetric`, both directions of a flow go the same way. Two HashSwitches in a row choose alike, and the second leaves "
        "outputs "
        "idle, unless their `seed` differs. Which output a flow has depends on how many are connected.");
    d.example("spread: {class: HashSwitch, symmetric: true}");
    d.input<&HashSwitch::push>("in", "packets to spread");
    d.outputs("out", &HashSwitch::outs_, "about one of every N flows, N being the number of outputs that are connected");
    d.parameter("symmetric", &HashSwitch::symmetric_, "whether requests and replies go the same way");
    d.parameter("seed", &HashSwitch::seed_, "chooses among hash functions");
  }

  void start(Problems& problems) override {
    if (outs_.size() == 0) {
      problems.add({}, "no output of this HashSwitch is connected", "connect them by number: `" + name() + ".0 -> ...`");
    }
  }

  void push(Batch& batch) {
    for (const Packet packet : batch) packet.prefetch_data();
    for (const Packet packet : batch) {
      // Multiplying spreads the upper 32 bits over the outputs as well as a remainder would, without a division.
      outs_.add(static_cast<unsigned>((hash(packet) >> 32) * outs_.size() >> 32), packet);
    }
    batch.release();
    outs_.flush();
  }

 private:
  // Headers that are cut short or lie still belong to a flow as far as they can be read: jumbo frames in several segments look so.
  [[nodiscard]] std::uint64_t hash(Packet packet) const {
    const Headers& headers = locate_headers(packet);
    if (headers.ether_type == ether_type::kIpv4) {
      if (const auto* ip = packet.at<rte_ipv4_hdr>(headers.l3); ip != nullptr && ip->version_ihl >> 4 == 4) {
        return hash_ipv4(packet, headers, *ip);
      }
    } else if (headers.ether_type == ether_type::kIpv6) {
      if (const auto* ip = packet.at<rte_ipv6_hdr>(headers.l3); ip != nullptr && *packet.at<std::uint8_t>(headers.l3) >> 4 == 6) {
        return hash_ipv6(packet, headers, *ip);
      }
    }
    const auto* ether = packet.at<rte_ether_hdr>(0);
    if (ether == nullptr) return 0;
    Flow<std::array<std::uint8_t, 6>> flow;
    std::memcpy(flow.source.data(), &ether->src_addr, 6);
    std::memcpy(flow.destination.data(), &ether->dst_addr, 6);
    return hash_flow(flow);
  }

  [[nodiscard]] std::uint64_t hash_ipv4(Packet packet, const Headers& headers, const rte_ipv4_hdr& ip) const {
    Flow<std::uint32_t> flow{.source = ip.src_addr, .destination = ip.dst_addr, .protocol = ip.next_proto_id};
    const bool fragment = (ip.fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0;
    if (!fragment) set_ports(packet, headers.l3 + (ip.version_ihl & 15) * 4U, flow);
    return hash_flow(flow);
  }

  [[nodiscard]] std::uint64_t hash_ipv6(Packet packet, const Headers& headers, const rte_ipv6_hdr& ip) const {
    Flow<std::array<std::uint8_t, 16>> flow;
    std::memcpy(flow.source.data(), ip.src_addr, 16);
    std::memcpy(flow.destination.data(), ip.dst_addr, 16);
    // The pieces of a datagram may name different protocols: only the first has the extension headers behind the Fragment header.
    if (headers.fragment || (headers.malformed && ip.proto == IPPROTO_FRAGMENT)) return hash_flow(flow);
    flow.protocol = headers.l4_protocol != 0 ? headers.l4_protocol : ip.proto;
    set_ports(packet, headers.l4 != 0 ? headers.l4 : headers.l3 + sizeof(rte_ipv6_hdr), flow);
    return hash_flow(flow);
  }

  template <class Address>
  [[nodiscard]] std::uint64_t hash_flow(Flow<Address>& flow) const {
    static_assert(std::has_unique_object_representations_v<Flow<Address>>);
    if (symmetric_ && std::tie(flow.destination, flow.destination_port) < std::tie(flow.source, flow.source_port)) {
      std::swap(flow.source, flow.destination);
      std::swap(flow.source_port, flow.destination_port);
    }
    return XXH3_64bits_withSeed(&flow, sizeof flow, seed_);
  }

  bool symmetric_ = false;
  std::uint64_t seed_ = 0;
  OutputArray outs_;
};
SMARTSWITCH_ELEMENT(HashSwitch)

}  // namespace smartswitch
