// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/element.h"
#include "elements/sdk/headers.h"

namespace smartswitch {

class LocateHeaders final : public Element {
 public:
  static void describe(Describe<LocateHeaders>& d) {
    d.summary("Finds the headers of packets and sorts them into IPv4, IPv6 and the rest.");
    d.details(
        "Passes over up to two VLAN tags (802.1Q, 802.1ad), IPv4 options and IPv6 extension headers (eight at most), and checks all "
        "lengths "
        "against the bytes that are there. What it finds is noted in the packet's annotations, so that no element behind looks again. "
        "Elements "
        "that need the headers find them by themselves: this one serves to tell the kinds apart, and to do the work once before a Tee.\n\n"
        "Malformed are packets without a whole Ethernet header or VLAN tag, and IPv4, IPv6, UDP and TCP packets whose lengths do not "
        "fit to their bytes or each other. Only the first segment of a packet is looked at: a jumbo frame in several counts as malformed. "
        "Checksums are not "
        "verified: see CheckIPv4Header.");
    d.example("kinds: {class: LocateHeaders}");
    d.input<&LocateHeaders::push>("in", "Ethernet packets");
    d.output("ipv4", &LocateHeaders::ipv4_, "IPv4 packets");
    d.output("ipv6", &LocateHeaders::ipv6_, "IPv6 packets").optional();
    d.output("other", &LocateHeaders::other_, "packets of other EtherTypes, such as ARP").optional();
    d.output("malformed", &LocateHeaders::malformed_, "packets with impossible headers").optional();
  }

  void push(Batch& batch) {
    Batch ipv6;
    Batch other;
    Batch malformed;
    unsigned kept = 0;
    rte_mbuf** mbufs = batch.mbufs();
    for (Packet packet : batch) {
      const Headers& headers = locate_headers(packet);
      if (headers.malformed) {
        malformed.add(packet);
      } else if (headers.ip_version == 4) {
        mbufs[kept++] = packet.mbuf();
      } else if (headers.ip_version == 6) {
        ipv6.add(packet);
      } else {
        other.add(packet);
      }
    }
    batch.set_size(kept);
    ipv4_.push(batch);
    ipv6_.push(ipv6);
    other_.push(other);
    malformed_.push(malformed);
  }

 private:
  Output ipv4_;
  Output ipv6_;
  Output other_;
  Output malformed_;
};
SMARTSWITCH_ELEMENT(LocateHeaders)

}  // namespace smartswitch
