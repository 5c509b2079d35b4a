// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_ether.h>

#include <cstring>

#include "elements/sdk/element.h"

namespace smartswitch {

class EtherRewrite final : public Element {
 public:
  static void describe(Describe<EtherRewrite>& d) {
    d.summary("Sets the Ethernet addresses of packets.");
    d.details("Sets the addresses that are given and leaves the rest of the packet as it is.");
    d.example("to_server1: {class: EtherRewrite, destination: \"02:00:00:00:01:01\"}");
    d.input<&EtherRewrite::push>("in", "Ethernet packets");
    d.output("out", &EtherRewrite::out_, "the same with new addresses");
    d.parameter("source", &EtherRewrite::source_, "new source address; all zero: leaves it").check([](const MacAddress& mac) {
      return mac.bytes[0] % 2 == 0 ? "" : "a multicast address cannot be a source";
    });
    d.parameter("destination", &EtherRewrite::destination_, "new destination address; all zero: leaves it");
    d.drop("malformed", &EtherRewrite::malformed_, "packets without a whole Ethernet header");
  }

  void validate(Problems& problems) const override {
    if (source_ == MacAddress{} && destination_ == MacAddress{})
      problems.add({}, "there is nothing to rewrite", "give `source` or `destination`");
  }

  void push(Batch& batch) {
    Batch runts;
    const bool sets_source = source_ != MacAddress{};
    const bool sets_destination = destination_ != MacAddress{};
    batch.split(runts, [&](Packet packet) {
      auto* ether = packet.at<rte_ether_hdr>(0);
      if (ether == nullptr) return false;
      if (sets_destination) std::memcpy(&ether->dst_addr, destination_.bytes.data(), RTE_ETHER_ADDR_LEN);
      if (sets_source) std::memcpy(&ether->src_addr, source_.bytes.data(), RTE_ETHER_ADDR_LEN);
      return true;
    });
    drop(runts, malformed_);
    out_.push(batch);
  }

 private:
  MacAddress source_;
  MacAddress destination_;
  Output out_;
  DropReason malformed_;
};
SMARTSWITCH_ELEMENT(EtherRewrite)

}  // namespace smartswitch
