// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_arp.h>
#include <rte_ether.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "elements/sdk/element.h"
#include "elements/sdk/headers.h"

namespace smartswitch {

class ARPResponder final : public Element {
 public:
  static void describe(Describe<ARPResponder>& d) {
    d.summary("Answers ARP requests for its addresses.");
    d.details(
        "A request for one of `addresses` (RFC 826) becomes the reply, VLAN tags and all, and leaves through `reply`, which usually leads "
        "back "
        "to where the request came from. Everything else leaves through `out`: other packets, requests for other addresses, announcements "
        "(sender and target are the same address), and ARP that is malformed.\n\n"
        "With a prefix that has other hosts in it, the answers would tell those hosts that their addresses are taken: list what is yours.");
    d.example("arp: {class: ARPResponder, addresses: [10.0.0.100, 10.1.0.0/24], mac: \"02:00:00:00:00:64\"}");
    d.input<&ARPResponder::push>("in", "Ethernet packets");
    d.output("out", &ARPResponder::out_, "all that is not answered");
    d.output("reply", &ARPResponder::reply_, "the answers");
    d.parameter("addresses", &ARPResponder::addresses_, "addresses and prefixes to answer for").required();
    d.parameter("mac", &ARPResponder::mac_, "the Ethernet address that they are said to have").required().check([](const MacAddress& mac) {
      return mac.bytes[0] % 2 == 0 && mac != MacAddress{} ? "" : "`mac` must be the address of one station, not 0 and no multicast address";
    });
    d.counter("answered", &ARPResponder::answered_, "requests answered");
    d.counter("malformed", &ARPResponder::malformed_, "ARP packets passed on that are cut short or not for Ethernet and IPv4");
  }

  void push(Batch& batch) {
    Batch replies;
    batch.split(replies, [&](Packet packet) { return !answer(packet); });
    answered_.add(replies.size());
    reply_.push(replies);
    out_.push(batch);
  }

 private:
  bool answer(Packet packet) {
    const Headers& headers = locate_headers(packet);
    if (headers.ether_type != ether_type::kArp) return false;
    auto* arp = packet.at<rte_arp_hdr>(headers.l3);
    if (arp == nullptr || arp->arp_hardware != rte_cpu_to_be_16(RTE_ARP_HRD_ETHER) ||
        arp->arp_protocol != rte_cpu_to_be_16(ether_type::kIpv4) || arp->arp_hlen != RTE_ETHER_ADDR_LEN ||
        arp->arp_plen != sizeof(rte_be32_t)) {
      malformed_.add();
      return false;
    }
    auto* ether = packet.at<rte_ether_hdr>(0);
    rte_arp_ipv4& said = arp->arp_data;
    if (arp->arp_opcode != rte_cpu_to_be_16(RTE_ARP_OP_REQUEST) || said.arp_sip == said.arp_tip) return false;
    // An answer to a group would reach stations that never asked.
    if (rte_is_multicast_ether_addr(&ether->src_addr) || rte_is_multicast_ether_addr(&said.arp_sha)) {
      malformed_.add();
      return false;
    }
    const Ipv4Address wanted{rte_be_to_cpu_32(said.arp_tip)};
    if (std::none_of(addresses_.begin(), addresses_.end(), [&](Ipv4Prefix p) { return p.contains(wanted); })) return false;

    arp->arp_opcode = rte_cpu_to_be_16(RTE_ARP_OP_REPLY);
    said.arp_tha = said.arp_sha;
    said.arp_tip = said.arp_sip;
    said.arp_sip = rte_cpu_to_be_32(wanted.host_order);
    std::memcpy(&said.arp_sha, mac_.bytes.data(), RTE_ETHER_ADDR_LEN);
    ether->dst_addr = ether->src_addr;
    ether->src_addr = said.arp_sha;
    return true;
  }

  std::vector<Ipv4Prefix> addresses_;
  MacAddress mac_;
  Output out_;
  Output reply_;
  Counter answered_;
  Counter malformed_;
};
SMARTSWITCH_ELEMENT(ARPResponder)

}  // namespace smartswitch
