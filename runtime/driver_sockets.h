// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// DPDK's drivers net_af_packet and net_af_xdp receive through sockets of Linux and tell nobody which. One can wait for packets on such a
// socket, so they are looked for where they must be: among the descriptors that this process has got since before the driver opened them.
#pragma once

#include <vector>

namespace smartswitch::runtime {

class DriverSockets {
 public:
  /// Notes what is open now.
  DriverSockets();
  /// Sockets of `domain` (AF_PACKET, AF_XDP) that were opened since, in the order of their numbers. That is also the order in which they
  /// were opened, as long as nothing is closed meanwhile: a new descriptor gets the lowest free number.
  [[nodiscard]] std::vector<int> opened(int domain) const;

 private:
  std::vector<int> before_;
};

}  // namespace smartswitch::runtime
