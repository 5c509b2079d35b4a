// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_ether.h>

#include <utility>

#include "elements/sdk/element.h"

namespace smartswitch {

class EtherMirror final : public Element {
 public:
  static void describe(Describe<EtherMirror>& d) {
    d.summary("Swaps the Ethernet addresses of packets, so that they go back to their sender.");
    d.example("back: {class: EtherMirror}");
    d.input<&EtherMirror::push>("in", "Ethernet packets");
    d.output("out", &EtherMirror::out_, "the same with source and destination swapped");
    d.drop("malformed", &EtherMirror::malformed_, "packets without a whole Ethernet header");
    d.drop("group", &EtherMirror::group_, "packets to a multicast or broadcast address, which cannot be a source");
  }

  void push(Batch& batch) {
    Batch runts;
    batch.split(runts, [](Packet packet) { return packet.at<rte_ether_hdr>(0) != nullptr; });
    drop(runts, malformed_);
    Batch groups;
    batch.split(groups, [](Packet packet) {
      auto* ether = packet.at<rte_ether_hdr>(0);
      std::swap(ether->src_addr, ether->dst_addr);
      return !rte_is_multicast_ether_addr(&ether->src_addr);
    });
    drop(groups, group_);
    out_.push(batch);
  }

 private:
  Output out_;
  DropReason malformed_;
  DropReason group_;
};
SMARTSWITCH_ELEMENT(EtherMirror)

}  // namespace smartswitch
