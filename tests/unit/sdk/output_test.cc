// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rte_mempool.h>

#include <thread>

#include "elements/sdk/testing/test_bench.h"

namespace smartswitch {
namespace {

using ::testing::ElementsAre;

/// A pool of small packets that must all be back at the end. Packets are told apart by their `context` annotation.
class Packets : public ::testing::Test {
 protected:
  Packets() {
    testing::start_eal();
    pool_ = rte_pktmbuf_pool_create("sdk_output", 511, 0, sizeof(Annotations), 128 + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
  }
  ~Packets() override {
    EXPECT_EQ(rte_mempool_in_use_count(pool_), 0U);
    rte_mempool_free(pool_);
  }
  Packet make(std::uint64_t number) {
    Packet packet(rte_pktmbuf_alloc(pool_));
    packet.annotations() = Annotations{};
    packet.annotations().context = number;
    return packet;
  }
  static std::vector<std::uint64_t> numbers(const Batch& batch) {
    std::vector<std::uint64_t> result;
    for (const Packet packet : batch) result.push_back(packet.annotations().context);
    return result;
  }
  unsigned in_use() { return rte_mempool_in_use_count(pool_); }
  rte_mempool* pool_ = nullptr;
};

using BatchTest = Packets;
using OutputTest = Packets;
using PacketTest = Packets;

TEST_F(BatchTest, KeepsPacketsInOrder) {
  Batch batch;
  EXPECT_TRUE(batch.empty());
  for (unsigned n = 0; n < Batch::kCapacity; ++n) {
    EXPECT_FALSE(batch.full());
    batch.add(make(n));
  }
  EXPECT_TRUE(batch.full());
  EXPECT_EQ(batch.size(), Batch::kCapacity);
  EXPECT_EQ(batch[5].annotations().context, 5U);
}

TEST_F(BatchTest, FreesWhatIsLeftInIt) {
  {
    Batch batch;
    batch.add(make(1));
    batch.add(make(2));
    EXPECT_EQ(in_use(), 2U);
  }
  EXPECT_EQ(in_use(), 0U);
}

TEST_F(BatchTest, ReleasesWithoutFreeing) {
  Batch batch;
  const Packet packet = make(1);
  batch.add(packet);
  batch.release();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(in_use(), 1U);
  rte_pktmbuf_free(packet.mbuf());
}

TEST_F(BatchTest, SplitsInOrder) {
  Batch batch, others;
  for (unsigned n = 0; n < 10; ++n) batch.add(make(n));
  batch.split(others, [](Packet p) { return p.annotations().context % 3 == 0; });
  EXPECT_THAT(numbers(batch), ElementsAre(0, 3, 6, 9));
  EXPECT_THAT(numbers(others), ElementsAre(1, 2, 4, 5, 7, 8));
}

TEST_F(BatchTest, IsFilledThroughItsArray) {
  Batch batch;
  ASSERT_EQ(rte_pktmbuf_alloc_bulk(pool_, batch.mbufs(), 7), 0);
  batch.set_size(7);
  EXPECT_EQ(batch.size(), 7U);
  batch.free_all();
  batch.free_all();
  EXPECT_EQ(in_use(), 0U);
}

/// Keeps the numbers of the packets that come, by the index they come with.
struct Receiver {
  std::vector<std::pair<unsigned, std::uint64_t>> got;
  std::vector<unsigned> batches;
  static void take(void* receiver, unsigned index, Batch& batch) {
    auto* self = static_cast<Receiver*>(receiver);
    self->batches.push_back(batch.size());
    for (const Packet packet : batch) self->got.emplace_back(index, packet.annotations().context);
    batch.free_all();
  }
};

TEST_F(OutputTest, CallsTheInputItIsConnectedTo) {
  Receiver receiver;
  Output output;
  EXPECT_FALSE(output.connected());
  output.connect(&Receiver::take, &receiver, 3);
  EXPECT_TRUE(output.connected());
  Batch batch;
  output.push(batch);
  EXPECT_TRUE(receiver.batches.empty()) << "an empty batch goes nowhere";
  batch.add(make(1));
  batch.add(make(2));
  output.push(batch);
  output.push(make(9));
  EXPECT_THAT(receiver.got, ElementsAre(std::pair(3U, 1U), std::pair(3U, 2U), std::pair(3U, 9U)));
  EXPECT_EQ(output.packets(), 3U);
}

TEST_F(OutputTest, DropsAndCountsUnconnected) {
  Output output;
  output.push(make(1));
  EXPECT_EQ(output.packets(), 1U);
  EXPECT_EQ(in_use(), 0U);
}

TEST_F(OutputTest, ArraySortsByOutputAndKeepsOrder) {
  Receiver receiver;
  OutputArray outputs;
  outputs.resize(3);
  ASSERT_EQ(outputs.size(), 3U);
  for (unsigned i = 0; i < 3; ++i) outputs[i].connect(&Receiver::take, &receiver, i);
  for (unsigned n = 0; n < 7; ++n) outputs.add(n % 2 == 0 ? 2 : 0, make(n));
  EXPECT_TRUE(receiver.got.empty()) << "nothing leaves before flush()";
  outputs.flush();
  outputs.flush();
  EXPECT_THAT(receiver.batches, ElementsAre(4, 3)) << "one batch an output";
  EXPECT_THAT(receiver.got, ElementsAre(std::pair(2U, 0U), std::pair(2U, 2U), std::pair(2U, 4U), std::pair(2U, 6U), std::pair(0U, 1U),
                                        std::pair(0U, 3U), std::pair(0U, 5U)));
  EXPECT_EQ(outputs[1].packets(), 0U);
}

TEST_F(OutputTest, ArrayTakesMoreThanABatchHolds) {
  Receiver receiver;
  OutputArray outputs;
  outputs.resize(2);
  for (unsigned i = 0; i < 2; ++i) outputs[i].connect(&Receiver::take, &receiver, i);
  for (unsigned n = 0; n < 300; ++n) outputs.add(n % 3 == 0 ? 1 : 0, make(n));
  outputs.flush();
  ASSERT_EQ(receiver.got.size(), 300U);
  std::vector<std::int64_t> last = {-1, -1};
  for (const auto& [index, number] : receiver.got) {
    EXPECT_EQ(index, number % 3 == 0 ? 1U : 0U);
    EXPECT_LT(last[index], static_cast<std::int64_t>(number));
    last[index] = static_cast<std::int64_t>(number);
  }
}

TEST_F(OutputTest, ArrayFreesWhatWasNeverFlushed) {
  OutputArray outputs;
  outputs.resize(2);
  outputs.add(1, make(1));
}

TEST_F(PacketTest, ShowsOnlyBytesThatAreThere) {
  Batch owner;
  const Packet packet = make(0);
  owner.add(packet);
  ASSERT_TRUE(packet.resize(10));
  EXPECT_EQ(packet.length(), 10U);
  EXPECT_NE(packet.at<std::uint32_t>(6), nullptr);
  EXPECT_EQ(packet.at<std::uint32_t>(7), nullptr);
  EXPECT_EQ(packet.at<std::uint8_t>(10), nullptr);
  EXPECT_EQ(packet.at<std::uint8_t>(UINT32_MAX), nullptr);
  EXPECT_EQ(packet.bytes().size(), 10U);
  EXPECT_FALSE(packet.resize(129)) << "the buffer has 128 bytes";
  EXPECT_TRUE(packet.resize(128));
}

TEST_F(PacketTest, KnowsSegments) {
  Batch owner;
  const Packet head = make(0);
  owner.add(head);
  const Packet tail = make(0);
  ASSERT_TRUE(head.resize(100) && tail.resize(50));
  ASSERT_EQ(rte_pktmbuf_chain(head.mbuf(), tail.mbuf()), 0);
  EXPECT_EQ(head.length(), 100U);
  EXPECT_EQ(head.wire_length(), 150U);
  EXPECT_FALSE(head.linear());
  EXPECT_FALSE(head.resize(20)) << "not with several segments";
  EXPECT_EQ(head.at<std::uint8_t>(100), nullptr);
}

TEST_F(PacketTest, CopiesBytesAndAnnotations) {
  Batch owner;
  const Packet packet = make(77);
  owner.add(packet);
  ASSERT_TRUE(packet.resize(3));
  std::memcpy(packet.data(), "abc", 3);
  const Packet twin = packet.copy(pool_);
  ASSERT_TRUE(twin);
  owner.add(twin);
  EXPECT_EQ(twin.annotations().context, 77U);
  EXPECT_EQ(twin.length(), 3U);
  packet.data()[0] = 'x';
  EXPECT_EQ(std::memcmp(twin.data(), "abc", 3), 0);
}

TEST_F(PacketTest, ForgetsWhatWasLearnt) {
  Batch owner;
  const Packet packet = make(0);
  owner.add(packet);
  Annotations& a = packet.annotations();
  a.paint = a.verb = a.key_length = a.flags = 9;
  a.headers.located = true;
  packet.reset_annotations();
  EXPECT_EQ(a.paint + a.verb + a.key_length + a.flags, 0);
  EXPECT_FALSE(a.headers.located);
}

TEST(CounterType, AddsUpAcrossThreadsIfShared) {
  Counter counter;
  SharedCounter spread;
  std::vector<std::thread> threads;
  for (int t = 0; t < 20; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        counter.add_shared();
        spread.add();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 200'000U);
  EXPECT_EQ(spread.value(), 200'000U);
  Counter own;
  own.add();
  own.add(41);
  EXPECT_EQ(own.value(), 42U);
}

}  // namespace
}  // namespace smartswitch
