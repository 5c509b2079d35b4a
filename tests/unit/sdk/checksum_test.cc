// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/checksum.h"

#include <gtest/gtest.h>
#include <rte_ip.h>

#include <cstring>
#include <random>

namespace smartswitch {
namespace {

TEST(ChecksumChange, AgreesWithSummingAllAnew) {
  std::mt19937 random(1);
  for (int round = 0; round < 10000; ++round) {
    std::uint16_t words[8];
    for (std::uint16_t& word : words)
      word = round % 4 == 0 ? static_cast<std::uint16_t>(random() % 2 * 0xFFFF) : static_cast<std::uint16_t>(random());
    words[7] = 0;
    words[7] = static_cast<std::uint16_t>(~rte_raw_cksum(words, sizeof words));
    ChecksumChange change;
    words[1] = change.replace(words[1], static_cast<std::uint16_t>(random()));
    std::uint32_t address = 0;
    std::memcpy(&address, words + 2, sizeof address);
    address = change.replace(address, static_cast<std::uint32_t>(random()));
    std::memcpy(words + 2, &address, sizeof address);
    ChecksumChange other;
    other.include(change);
    words[7] = other.of(words[7]);
    ASSERT_EQ(rte_raw_cksum(words, sizeof words), 0xFFFF) << round;
  }
}

TEST(ChecksumChange, LeavesUdpWithoutAChecksumWithout) {
  ChecksumChange change;
  static_cast<void>(change.replace(rte_be16_t{1}, rte_be16_t{2}));
  EXPECT_EQ(change.of_udp(0), 0);
}

TEST(ChecksumChange, NeverSaysThatAUdpDatagramHasNone) {
  for (std::uint32_t checksum = 1; checksum <= 0xFFFF; ++checksum) {
    ChecksumChange change;
    static_cast<void>(change.replace(rte_be16_t{0}, static_cast<rte_be16_t>(checksum)));
    ASSERT_NE(change.of_udp(static_cast<rte_be16_t>(checksum)), 0) << checksum;
  }
}

}  // namespace
}  // namespace smartswitch
