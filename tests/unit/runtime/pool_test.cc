// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rte_mbuf.h>

#include "elements/sdk/packet.h"
#include "runtime/eal.h"

namespace smartswitch::runtime {
namespace {

using ::testing::HasSubstr;

graph::Plan plan_with_workers(std::size_t workers) {
  graph::Plan plan;
  plan.workers.resize(workers);
  return plan;
}

TEST(PoolSize, CoversRingsElementsAndWorkers) {
  const graph::Plan plan = plan_with_workers(2);
  const PoolSize size = size_pool(plan, {.in_rings = 5000, .may_hold = 3000, .mtu = 1500});
  EXPECT_GE(size.packets, 5000U + 3000U + 2 * 256U);
  EXPECT_LT(size.packets, 12'000U + kReserveForReloads) << "memory that nothing asked for";
  EXPECT_EQ(size.cache, 256U);
  EXPECT_EQ(size.data_room, RTE_MBUF_DEFAULT_DATAROOM + RTE_PKTMBUF_HEADROOM);
}

TEST(PoolSize, TakesWhatTheFileSays) {
  graph::Plan plan = plan_with_workers(1);
  plan.pool.packets = 100;
  const PoolSize size = size_pool(plan, {.in_rings = 5000, .may_hold = 0, .mtu = 1500});
  EXPECT_EQ(size.packets, 100U);
  EXPECT_LE(size.cache * 2 * 3 / 2, 100U) << "caches could swallow the whole pool";
}

TEST(PoolSize, HasRoomForAJumboFrame) {
  const PoolSize size = size_pool(plan_with_workers(1), {.in_rings = 0, .may_hold = 0, .mtu = 9000});
  EXPECT_GE(size.data_room, 9000 + 14 + RTE_PKTMBUF_HEADROOM);
}

TEST(PoolSize, OfLargePackets) {
  const PoolSize size = size_large_pool(7);
  EXPECT_EQ(size.packets, 7U);
  EXPECT_EQ(size.data_room, UINT16_MAX);
  EXPECT_GT(size.bytes(), 7U * UINT16_MAX);
}

TEST(PlannedNeeds, CountAllQueues) {
  graph::Plan plan = plan_with_workers(3);
  plan.ports.resize(2);
  plan.ports[0].rx_queues = 2;
  plan.ports[0].rx_descriptors = 100;
  plan.ports[0].tx_descriptors = 10;
  plan.ports[1].tx_queues = 1;
  plan.ports[1].rx_descriptors = 1;
  plan.ports[1].tx_descriptors = 1;
  plan.ports[1].mtu = 9000;
  const PoolNeeds needs = planned_needs(plan);
  EXPECT_EQ(needs.in_rings, 2U * 100 + 3 * 10 + 1 + 1);
  EXPECT_EQ(needs.mtu, 9000);
}

TEST(Pool, HasPacketsWithAnnotations) {
  Problems problems;
  ASSERT_TRUE(start_eal({}, problems));
  const Pool pool = make_pool({.packets = 500, .cache = 0, .data_room = 2176}, problems);
  ASSERT_TRUE(pool);
  rte_mbuf* mbuf = rte_pktmbuf_alloc(pool.get());
  ASSERT_NE(mbuf, nullptr);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&Packet(mbuf).annotations()) % alignof(Annotations), 0U);
  EXPECT_EQ(mbuf->priv_size, sizeof(Annotations));
  EXPECT_EQ(mbuf->buf_len, 2176);
  rte_pktmbuf_free(mbuf);
  EXPECT_EQ(rte_mempool_in_use_count(pool.get()), 0U);
}

TEST(Pool, SaysWhatToDoWhenThereIsNoMemory) {
  Problems problems;
  ASSERT_TRUE(start_eal({}, problems));
  EXPECT_FALSE(make_pool({.packets = 50'000'000, .cache = 0, .data_room = 9216}, problems));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems.list()[0].message, HasSubstr("no memory for 50000000 packets"));
  EXPECT_THAT(problems.list()[0].hint, HasSubstr("pool: {packets: N}"));
}

TEST(Eal, RefusesPciOnceItRunsWithout) {
  Problems problems;
  ASSERT_TRUE(start_eal({}, problems));
  EXPECT_FALSE(start_eal({.pci_devices = {"0000:00:00.0"}}, problems));
  EXPECT_EQ(problems.size(), 1U);
}

}  // namespace
}  // namespace smartswitch::runtime
