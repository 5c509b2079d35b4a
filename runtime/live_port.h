// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// One port of a plan, and what is done with its device from when it is found until it is given back. Ports keeps all of them, and calls
// these in their order. False: there was a fault, which is reported with the port's place and name. Main thread.
#pragma once

#include <rte_ethdev.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graph/plan.h"

namespace smartswitch::runtime {

class SharedRings;

struct LivePort {
  graph::Port spec;
  std::map<std::size_t, std::uint16_t> tx_queue_of;  ///< by worker
  std::uint16_t rx_needed = 1;                       ///< queues that elements poll
  std::uint16_t id = RTE_MAX_ETHPORTS;
  bool opened = false;
  bool ours = false;  ///< we created it, so we remove it
  bool started = false;
  std::uint16_t rx_queues = 0;
  std::uint16_t tx_queues = 0;
  std::uint16_t rx_descriptors = 0;
  std::uint16_t tx_descriptors = 0;
  std::uint16_t mtu = 0;
  std::uint64_t tx_offloads = 0;
  rte_eth_dev_info info{};
  std::vector<int> bells;                     ///< by receive queue; shorter, or -1: none
  std::shared_ptr<SharedRings> shared_rings;  ///< of net_memif, while it runs; null for others
};

/// Adds to `problems` what is wrong with the port, with what DPDK has said of it.
void report_port(const LivePort& port, const std::string& fault, const std::string& advice, Problems& problems);

bool find_device(LivePort& port, Problems& problems);
/// Settles queues, descriptors, MTU and offloads. `one_pool`: all packets that will be sent come from the pool that set_up_queues() gets.
bool configure_port(LivePort& port, bool one_pool, Problems& problems);
bool set_up_queues(LivePort& port, rte_mempool* pool, Problems& problems);
bool start_port(LivePort& port, Problems& problems);
/// In the log.
void announce_port(const LivePort& port);
/// If it is started.
void stop_port(LivePort& port);
/// If it is open.
void give_back_port(LivePort& port);

/// Packets that its descriptor rings may hold; once it is configured.
std::uint64_t in_rings_of(const LivePort& port);

}  // namespace smartswitch::runtime
