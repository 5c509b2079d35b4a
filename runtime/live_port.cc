// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/live_port.h"

#include <fmt/format.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "runtime/device_advice.h"
#include "runtime/driver_sockets.h"
#include "runtime/eal.h"
#include "runtime/shared_rings.h"

namespace smartswitch::runtime {
namespace {

/// True if `result` is an error, which is reported then.
bool fails(const LivePort& port, const char* call, int result, const std::string& advice, Problems& problems) {
  if (result >= 0) return false;
  report_port(port, fmt::format("{} fails: {}", call, rte_strerror(-result)), advice, problems);
  return true;
}

std::string device_name(const LivePort& port) { return port.spec.device.substr(0, port.spec.device.find(',')); }

bool is_driver(const LivePort& port, std::string_view name) { return port.info.driver_name == name; }

bool is_tap(const LivePort& port) { return is_driver(port, "net_tap") || is_driver(port, "net_tun"); }

bool settle_queues(LivePort& port, Problems& problems) {
  const std::size_t before = problems.size();
  const graph::Port& spec = port.spec;
  const std::string driver = port.info.driver_name;
  const auto senders = static_cast<std::uint16_t>(port.tx_queue_of.size());
  port.rx_queues = std::max<std::uint16_t>(1, spec.rx_queues);
  port.tx_queues = std::max<std::uint16_t>(1, spec.tx_queues != 0 ? spec.tx_queues : senders);

  const bool paired = driver == "net_af_packet";
  const std::string more =
      paired ? fmt::format("`qpairs={}` behind the device gives it more", std::max(port.rx_queues, port.tx_queues)) : "";
  if (port.rx_needed > port.rx_queues) {
    report_port(port, fmt::format("elements poll queue {}, but it has `rx_queues: {}`", port.rx_needed - 1, port.rx_queues),
                fmt::format("`rx_queues: {}`", port.rx_needed), problems);
  } else if (port.rx_queues > port.info.max_rx_queues) {
    report_port(port, fmt::format("{} receive queues are asked for, but the device has {}", port.rx_queues, port.info.max_rx_queues),
                more.empty() ? "poll it on one worker and share the load behind a Queue" : more, problems);
  }
  const std::string funnel = "let one worker send for all: put a Queue before one ToDevice";
  if (spec.tx_queues != 0 && spec.tx_queues < senders) {
    report_port(port, fmt::format("{} workers send here, but it has `tx_queues: {}`", senders, spec.tx_queues),
                fmt::format("`tx_queues: {}`; or {}", senders, funnel), problems);
  } else if (port.tx_queues > port.info.max_tx_queues) {
    report_port(port, fmt::format("{} send queues are needed, but the device has {}", port.tx_queues, port.info.max_tx_queues),
                more.empty() ? funnel : more + "; or " + funnel, problems);
  } else if (driver == "net_tap" && port.tx_queues > port.rx_queues) {
    report_port(port, fmt::format("a tap has as many receive queues as send queues, and {} are needed for sending", port.tx_queues), funnel,
                problems);
  }
  // The kernel spreads packets over all of the driver's sockets: what comes to one that nobody polls would be lost without a trace.
  if (paired && problems.size() == before && port.info.max_rx_queues > port.rx_queues) {
    report_port(port,
                fmt::format("packets come in on {} queues (qpairs), but {} polled", port.info.max_rx_queues,
                            port.rx_queues == 1 ? "one is" : std::to_string(port.rx_queues) + " are"),
                fmt::format("`rx_queues: {}`, all of them polled; or {}", port.info.max_rx_queues,
                            port.tx_queues > port.rx_queues ? funnel : fmt::format("`qpairs={}`", port.rx_queues)),
                problems);
  }
  if (driver == "net_tap") port.tx_queues = std::max(port.tx_queues, port.rx_queues);
  return problems.size() == before;
}

// What each driver has for poll(2). All three give it for nothing: the kernel looks for waiters at each packet anyhow. Interrupts of other
// drivers are not used: those of net_vhost are lost when a guest connects while we sleep, net_memif has none (DPDK 22.11).

// It has opened its sockets when it was found, one a queue.
void check_bells_of_af_packet(LivePort& port) {
  if (!is_driver(port, "net_af_packet") || port.bells.size() != port.info.max_rx_queues) port.bells.clear();
}

void note_bell_of_af_xdp(LivePort& port, std::uint16_t queue, const DriverSockets& before) {
  if (!is_driver(port, "net_af_xdp")) return;
  const std::vector<int> opened = before.opened(AF_XDP);
  port.bells.resize(queue + 1, -1);
  if (opened.size() == 1) port.bells[queue] = opened.front();
}

// Its queues' descriptors are what it calls interrupts, once it runs.
void note_bells_of_tap(LivePort& port) {
  if (!is_tap(port)) return;
  for (std::uint16_t queue = 0; queue < port.rx_queues; ++queue) port.bells.push_back(rte_eth_dev_rx_intr_ctl_q_get_fd(port.id, queue));
}

// DPDK's packet sockets hear all interfaces until they are bound to one, some milliseconds after they were made (22.11): what waits now may
// be another interface's, and would tell an EtherSwitch wrong places of stations.
void discard_what_waits(const LivePort& port) {
  constexpr unsigned kBurst = 32;
  constexpr unsigned kMostBursts = 2048;  // more than a ring holds: the rest has come since
  std::array<rte_mbuf*, kBurst> packets{};
  for (std::uint16_t queue = 0; queue < port.rx_queues; ++queue) {
    for (unsigned i = 0; i < kMostBursts; ++i) {
      const std::uint16_t n = rte_eth_rx_burst(port.id, queue, packets.data(), kBurst);
      if (n == 0) break;
      rte_pktmbuf_free_bulk(packets.data(), n);
    }
  }
  rte_eth_stats_reset(port.id);
}

}  // namespace

void report_port(const LivePort& port, const std::string& fault, const std::string& advice, Problems& problems) {
  const std::string said = take_eal_log();
  problems.add(port.spec.where,
               fmt::format("port `{}` ({}): {}{}", port.spec.name, port.spec.device, fault, said.empty() ? "" : "; DPDK says: " + said),
               advice);
}

bool find_device(LivePort& port, Problems& problems) {
  const std::string name = device_name(port);
  const bool pci = is_pci_address(name);
  take_eal_log();
  // It is there already if DPDK found it when it started (PCI), or if the program that embeds us has made it.
  const std::string full_name = pci && name.size() < sizeof("0000:00:00.0") - 1 ? "0000:" + name : name;
  port.ours = pci;
  if (rte_eth_dev_get_port_by_name(full_name.c_str(), &port.id) != 0) {
    const DriverSockets sockets;
    const int result = rte_dev_probe(port.spec.device.c_str());
    if (result < 0 || rte_eth_dev_get_port_by_name(full_name.c_str(), &port.id) != 0) {
      // What probing returns is seldom an errno, so it is not shown.
      report_port(port, "the device cannot be had", device_advice(port.spec.device), problems);
      return false;
    }
    port.ours = true;
    port.bells = sockets.opened(AF_PACKET);
  }
  port.opened = true;
  if (fails(port, "rte_eth_dev_info_get", rte_eth_dev_info_get(port.id, &port.info), "", problems)) return false;
  check_bells_of_af_packet(port);
  return true;
}

bool configure_port(LivePort& port, bool one_pool, Problems& problems) {
  const graph::Port& spec = port.spec;
  if (!settle_queues(port, problems)) return false;

  std::uint16_t mtu = spec.mtu;
  if (mtu == 0 && fails(port, "rte_eth_dev_get_mtu", rte_eth_dev_get_mtu(port.id, &mtu), "", problems)) return false;
  if (mtu > port.info.max_mtu || (spec.mtu != 0 && mtu < port.info.min_mtu)) {
    report_port(port, fmt::format("it cannot have an MTU of {}", mtu), fmt::format("from {} to {}", port.info.min_mtu, port.info.max_mtu),
                problems);
    return false;
  }
  port.mtu = mtu;
  rte_eth_conf conf{};
  conf.rxmode.mtu = mtu;
  conf.intr_conf.rxq = is_tap(port) ? 1 : 0;
  // Legal if all packets come from one pool, because none is shared: one owner each is the SDK's rule.
  if (one_pool) conf.txmode.offloads = port.info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
  if (port.rx_queues > 1 && port.info.flow_type_rss_offloads != 0) {
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_hf = port.info.flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP);
  }
  if (fails(port, "rte_eth_dev_configure", rte_eth_dev_configure(port.id, port.rx_queues, port.tx_queues, &conf),
            device_advice(spec.device), problems)) {
    return false;
  }
  port.tx_offloads = conf.txmode.offloads;
  if (spec.mtu != 0 && fails(port, "rte_eth_dev_set_mtu", rte_eth_dev_set_mtu(port.id, mtu),
                             "leave `mtu:` out and set it on the interface (`ip link set dev NAME mtu N`)", problems)) {
    return false;
  }
  port.rx_descriptors = spec.rx_descriptors;
  port.tx_descriptors = spec.tx_descriptors;
  return !fails(port, "rte_eth_dev_adjust_nb_rx_tx_desc",
                rte_eth_dev_adjust_nb_rx_tx_desc(port.id, &port.rx_descriptors, &port.tx_descriptors), "", problems);
}

bool set_up_queues(LivePort& port, rte_mempool* pool, Problems& problems) {
  const int socket = rte_eth_dev_socket_id(port.id);
  for (std::uint16_t queue = 0; queue < port.rx_queues; ++queue) {
    const DriverSockets sockets;
    const int result = rte_eth_rx_queue_setup(port.id, queue, port.rx_descriptors, static_cast<unsigned>(socket), nullptr, pool);
    if (fails(port, "rte_eth_rx_queue_setup", result, "another `rx_descriptors:` or MTU may suit the device", problems)) return false;
    note_bell_of_af_xdp(port, queue, sockets);
  }
  rte_eth_txconf tx = port.info.default_txconf;
  tx.offloads = port.tx_offloads;
  for (std::uint16_t queue = 0; queue < port.tx_queues; ++queue) {
    const int result = rte_eth_tx_queue_setup(port.id, queue, port.tx_descriptors, static_cast<unsigned>(socket), &tx);
    if (fails(port, "rte_eth_tx_queue_setup", result, "another `tx_descriptors:` may suit the device", problems)) return false;
  }
  if (port.spec.mac != MacAddress{}) {
    rte_ether_addr mac{};
    std::memcpy(mac.addr_bytes, port.spec.mac.bytes.data(), sizeof(mac.addr_bytes));
    if (fails(port, "rte_eth_dev_default_mac_addr_set", rte_eth_dev_default_mac_addr_set(port.id, &mac),
              "leave `mac:` out, or set the address on the interface (`ip link set dev NAME address MAC`)", problems)) {
      return false;
    }
  }
  return true;
}

bool start_port(LivePort& port, Problems& problems) {
  if (fails(port, "rte_eth_dev_start", rte_eth_dev_start(port.id), device_advice(port.spec.device), problems)) return false;
  port.started = true;
  if (is_driver(port, "net_af_packet")) discard_what_waits(port);
  if (is_driver(port, "net_memif")) port.shared_rings = std::make_shared<SharedRings>(port.id);
  note_bells_of_tap(port);
  const int result = port.spec.promiscuous ? rte_eth_promiscuous_enable(port.id) : rte_eth_promiscuous_disable(port.id);
  // Devices that see all packets anyway (ring, pcap, null) have no such mode.
  if (result == -ENOTSUP) return true;
  return !fails(port, "rte_eth_promiscuous_enable", result, "`promiscuous: false` leaves that out; the port then sees its own address only",
                problems);
}

void announce_port(const LivePort& port) {
  rte_ether_addr mac{};
  rte_eth_macaddr_get(port.id, &mac);
  MacAddress address;
  std::memcpy(address.bytes.data(), mac.addr_bytes, address.bytes.size());
  spdlog::info("port `{}`: {}, {}, MTU {}, {} receive and {} send queue(s)", port.spec.name, port.spec.device, to_string(address), port.mtu,
               port.rx_queues, port.tx_queues);
}

void stop_port(LivePort& port) {
  port.shared_rings = nullptr;
  if (port.started && rte_eth_dev_stop(port.id) != 0) spdlog::warn("port `{}` does not stop: {}", port.spec.name, take_eal_log());
  port.started = false;
}

void give_back_port(LivePort& port) {
  if (!port.opened) return;
  port.opened = false;
  if (!port.ours) return;
  rte_eth_dev_close(port.id);
  rte_dev_remove(port.info.device);
}

std::uint64_t in_rings_of(const LivePort& port) {
  return static_cast<std::uint64_t>(port.rx_queues) * port.rx_descriptors +
         static_cast<std::uint64_t>(port.tx_queues) * port.tx_descriptors;
}

}  // namespace smartswitch::runtime
