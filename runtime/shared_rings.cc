// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/shared_rings.h"

#include <fmt/format.h>
#include <rte_alarm.h>
#include <rte_ethdev.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>

#include <cstring>
#include <fstream>
#include <string>

namespace smartswitch::runtime {
namespace {

// The driver tells nobody that a peer has come (DPDK 22.11).
constexpr std::uint64_t kInterval = 50'000;  // us

// Each line is "from-to permissions offset device inode   name", proc(5).
void bring_in_rings() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("/memfd:memif_region") == std::string::npos) continue;
    std::size_t end = 0;
    const std::uintptr_t from = std::stoull(line, &end, 16);
    const std::uintptr_t to = std::stoull(line.substr(end + 1), nullptr, 16);
    if (madvise(reinterpret_cast<void*>(from), to - from, MADV_POPULATE_WRITE) != 0)
      spdlog::debug("rings of net_memif are not brought into memory: {}", std::strerror(errno));
  }
}

}  // namespace

SharedRings::SharedRings(std::uint16_t port) : port_(port) { watch(); }

SharedRings::~SharedRings() { rte_eal_alarm_cancel(&SharedRings::look, this); }

void SharedRings::watch() {
  const int error = rte_eal_alarm_set(kInterval, &SharedRings::look, this);
  if (error != 0) spdlog::debug("rings of net_memif are not brought into memory: {}", std::strerror(-error));
}

void SharedRings::look(void* self) {
  auto& rings = *static_cast<SharedRings*>(self);
  rte_eth_link link{};
  const bool connected = rte_eth_link_get_nowait(rings.port_, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
  if (connected && !rings.connected_) bring_in_rings();
  rings.connected_ = connected;
  rings.watch();
}

}  // namespace smartswitch::runtime
