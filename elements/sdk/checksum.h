// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <rte_byteorder.h>

#include <cstdint>

namespace smartswitch {

/// What changes in an Internet checksum when fields under it change (RFC 1624, equation 3), so that the rest need not be read:
///
///   ChecksumChange change;
///   ip->src_addr = change.replace(ip->src_addr, address);
///   ip->hdr_checksum = change.of(ip->hdr_checksum);
class ChecksumChange {
 public:
  /// Notes that a field changes, and returns the new value. Fields start at an even byte of what is summed.
  rte_be16_t replace(rte_be16_t old, rte_be16_t value) {
    sum_ += static_cast<std::uint16_t>(~old);
    sum_ += value;
    return value;
  }
  rte_be32_t replace(rte_be32_t old, rte_be32_t value) {
    sum_ += static_cast<std::uint64_t>(static_cast<std::uint16_t>(~old)) + static_cast<std::uint16_t>(~(old >> 16));
    sum_ += static_cast<std::uint64_t>(static_cast<std::uint16_t>(value)) + (value >> 16);
    return value;
  }
  /// Takes over what another one has noted: UDP's checksum covers IP's addresses.
  void include(const ChecksumChange& other) { sum_ += other.sum_; }

  [[nodiscard]] rte_be16_t of(rte_be16_t checksum) const {
    std::uint64_t sum = sum_ + static_cast<std::uint16_t>(~checksum);
    while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
    return static_cast<rte_be16_t>(~sum);
  }
  /// The same for UDP, where 0 says that there is no checksum (RFC 768).
  [[nodiscard]] rte_be16_t of_udp(rte_be16_t checksum) const {
    if (checksum == 0) return 0;
    const rte_be16_t changed = of(checksum);
    return changed == 0 ? 0xFFFF : changed;
  }

 private:
  std::uint64_t sum_ = 0;
};

}  // namespace smartswitch
