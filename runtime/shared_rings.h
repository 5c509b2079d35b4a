// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>

namespace smartswitch::runtime {

/// Of a port of net_memif: whenever a peer connects, the rings that both share are mapped anew, and nothing of them is in memory yet. Each
/// packet of the first round would wait for its page (8 us where it was measured, four times for a request and its answer). This brings in
/// all of them soon after the connection. Needs Linux 5.14; with an older one packets wait as before.
class SharedRings {
 public:
  /// `port` is DPDK's number of a port that is started. Main thread; the work is done on DPDK's interrupt thread, where the driver maps and
  /// unmaps, too.
  explicit SharedRings(std::uint16_t port);
  ~SharedRings();
  SharedRings(const SharedRings&) = delete;
  SharedRings& operator=(const SharedRings&) = delete;

 private:
  static void look(void* self);
  void watch();

  std::uint16_t port_;
  bool connected_ = false;
};

}  // namespace smartswitch::runtime
