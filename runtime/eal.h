// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// DPDK's environment (EAL), started once a process with just what a plan needs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "elements/sdk/value.h"

namespace smartswitch::runtime {

/// Where packet memory comes from.
enum class HugePages : std::uint8_t {
  kAuto,  ///< huge pages if enough are free, ordinary memory otherwise
  kYes,   ///< huge pages, or an error
  kNo,    ///< ordinary memory
};

struct EalNeeds {
  HugePages huge_pages = HugePages::kAuto;
  std::uint64_t packet_memory = 0;       ///< bytes of the packet pool; room for state is added
  std::vector<std::string> pci_devices;  ///< those alone are taken from the kernel; none: the bus is not looked at
};

/// Starts DPDK if this process has not done so. The first call decides on memory and PCI for all later ones. DPDK's warnings go to the
/// log of take_eal_log(). False, with the reason in `problems`, if it does not start.
bool start_eal(const EalNeeds& needs, Problems& problems);

/// Bytes of free huge pages of all sizes.
std::uint64_t free_huge_page_bytes();

/// "0000:3b:00.0" and "3b:00.0", with or without arguments behind a comma.
bool is_pci_address(const std::string& device);

/// What DPDK and its drivers have said since the last call, in one line ("; " between), without what only repeats that something failed.
std::string take_eal_log();

}  // namespace smartswitch::runtime
