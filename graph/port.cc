// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/plan.h"

namespace smartswitch::graph {

void Port::describe(DescribeFields<Port>& d) {
  d.parameter("device", &Port::device,
              "a DPDK device: a PCI address (`0000:3b:00.0`) or a virtual device with its arguments (`net_af_packet0,iface=eth1`)")
      .required()
      .check([](const std::string& name_of_device) { return name_of_device.empty() ? "a device has a name" : ""; });
  d.parameter("rx_queues", &Port::rx_queues, "queues that packets come in by; a pipeline on several cores takes one for each")
      .between(1, 1024);
  d.parameter("tx_queues", &Port::tx_queues, "queues that packets leave by; 0: one for each worker that sends there").between(0, 1024);
  d.parameter("rx_descriptors", &Port::rx_descriptors, "packets that a receive queue of the device holds").between(32, 32768);
  d.parameter("tx_descriptors", &Port::tx_descriptors, "packets that a transmit queue of the device holds").between(32, 32768);
  d.parameter("mtu", &Port::mtu, "the largest packet in bytes, without the Ethernet header; 0: as the device has it")
      .check([](std::uint16_t bytes) {
        return bytes != 0 && bytes < 68 ? "an MTU is 0 (as the device has it) or at least 68 (RFC 791)" : "";
      });
  d.parameter("mac", &Port::mac, "the port's own address; all zero: as the device has it");
  d.parameter("promiscuous", &Port::promiscuous, "take in packets for other addresses too, as a switch must");
}

}  // namespace smartswitch::graph
