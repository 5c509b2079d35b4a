// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The devices behind a plan's `ports:`: found, set up, started, and given back in order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "elements/sdk/parameter.h"
#include "elements/sdk/value.h"
#include "graph/plan.h"
#include "runtime/live_port.h"

namespace smartswitch::runtime {

class Ports {
 public:
  /// Touches no device yet. `one_pool`: all packets that will be sent come from the pool that set_up() is given.
  Ports(const graph::Plan& plan, bool one_pool);
  ~Ports();
  Ports(const Ports&) = delete;
  Ports& operator=(const Ports&) = delete;

  // The steps to a running port, in this order. Each reports all ports' faults and returns false if there was one.

  /// Finds the devices and settles queues, descriptors, MTU and offloads.
  bool open(Problems& problems);
  /// Packets that the rings of all ports may hold; after open().
  [[nodiscard]] std::uint64_t in_rings() const;
  /// The same once the ports of `plan` are there, and no others.
  [[nodiscard]] std::uint64_t in_rings(const graph::Plan& plan) const;
  [[nodiscard]] std::uint16_t largest_mtu() const;
  /// Gives the queues their memory.
  bool set_up(rte_mempool* pool, Problems& problems);
  /// Lets packets in, and waits briefly for links; warns of those that stay down.
  bool start(Problems& problems);
  /// Stops all and gives them back. Once; the destructor does it otherwise.
  void close();

  // A reload, in this order, while the ports run.

  /// Whether ports that `plan` has as well are the same there, and have the queues that it needs. Changes nothing.
  bool suit(const graph::Plan& plan, Problems& problems) const;
  /// Opens, sets up and starts those that only `plan` has. If one refuses, all of these are given back.
  bool add_from(const graph::Plan& plan, rte_mempool* pool, Problems& problems);
  /// Those that `plan` has stay, the others are given back: nobody may use them any more.
  void keep_only(const graph::Plan& plan);

  /// The queue that copy number `replica` of an element receives from, unless the file names one.
  [[nodiscard]] RxQueue rx_queue(const std::string& port, std::optional<std::uint16_t> queue, unsigned replica) const;
  /// The queue that `worker` alone sends to.
  [[nodiscard]] TxQueue tx_queue(const std::string& port, std::size_t worker) const;
  /// What can be read from (poll(2)) as long as packets wait in a queue, or -1 if its device has nothing of that kind. After start(); the
  /// device's own, open until close().
  [[nodiscard]] int bell(const RxQueue& queue) const;

  [[nodiscard]] const std::vector<LivePort>& live() const { return ports_; }

 private:
  bool open_port(LivePort& port, Problems& problems);
  [[nodiscard]] const LivePort* find(const std::string& name) const;
  [[nodiscard]] const LivePort& get(const std::string& name) const;
  std::vector<LivePort> ports_;
  bool one_pool_;
};

}  // namespace smartswitch::runtime
