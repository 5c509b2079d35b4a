// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <pthread.h>
#include <rte_mempool.h>

#include <atomic>
#include <thread>

#include "tests/unit/basic/frames.h"

namespace smartswitch::testing {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

TEST(Queue, KeepsPacketsUntilItIsPolled) {
  TestBench bench("Queue");
  bench.push(numbered(0, 3));
  EXPECT_TRUE(bench.output("out").empty());
  EXPECT_EQ(bench.element().held(), 3U);
  EXPECT_EQ(bench.poll(), 3U);
  EXPECT_THAT(numbers(bench.output("out")), ElementsAreArray(upto(0, 3)));
  EXPECT_EQ(bench.element().held(), 0U);
}

TEST(Queue, SaysThatThereIsNothingToDo) {
  TestBench bench("Queue");
  EXPECT_EQ(bench.poll(), 0U);
}

TEST(Queue, TakesBurstAtATime) {
  TestBench bench("Queue", Value::map({{"burst", "5"}}));
  bench.push(numbered(0, 12));
  EXPECT_EQ(bench.poll(), 5U);
  EXPECT_EQ(bench.poll(), 5U);
  EXPECT_EQ(bench.poll(), 2U);
  EXPECT_THAT(numbers(bench.output("out")), ElementsAreArray(upto(0, 12)));
}

TEST(Queue, DropsWhatComesToAFullQueueAndRecovers) {
  TestBench bench("Queue", Value::map({{"capacity", "100"}, {"burst", "64"}}));
  EXPECT_EQ(bench.element().may_hold(), 100U);
  bench.push(numbered(0, 130));
  EXPECT_EQ(bench.element().held(), 100U);
  EXPECT_EQ(bench.counter("full"), 30U);
  while (bench.poll() > 0) {
  }
  EXPECT_THAT(numbers(bench.take("out")), ElementsAreArray(upto(0, 100)));
  bench.push(numbered(200, 300));
  EXPECT_EQ(bench.counter("full"), 30U);
  while (bench.poll() > 0) {
  }
  EXPECT_THAT(numbers(bench.output("out")), ElementsAreArray(upto(200, 300)));
}

TEST(Queue, HoldsOnePacketIfToldSo) {
  TestBench bench("Queue", Value::map({{"capacity", "1"}}));
  bench.push(numbered(0, 2));
  EXPECT_EQ(bench.counter("full"), 1U);
  EXPECT_EQ(bench.poll(), 1U);
}

TEST(Queue, ManyCanLiveInOneProcess) {
  std::vector<std::unique_ptr<TestBench>> benches;
  for (int i = 0; i < 20; ++i) benches.push_back(std::make_unique<TestBench>("Queue"));
  for (auto& bench : benches) bench->push(numbered(0, 2));
  for (auto& bench : benches) EXPECT_EQ(bench->poll(), 2U);
}

TEST(Queue, FreesWhatWaitsWhenItIsDestroyed) {
  TestBench bench("Queue");
  bench.push(numbered(0, 200));
  EXPECT_EQ(bench.element().held(), 200U);
}

TEST(Queue, SaysWhenThereIsNoMemory) {
  EXPECT_THAT(said(TestBench::problems_of("Queue", Value::map({{"capacity", "1000000000"}}))), HasSubstr("make `capacity` smaller"));
}

TEST(Queue, RefusesImpossibleSizes) {
  EXPECT_EQ(TestBench::problems_of("Queue", Value::map({{"capacity", "0"}, {"burst", "65"}})).size(), 2U);
}

TEST(Queue, PassesNastyPackets) {
  TestBench::Options options;
  options.pool_packets = 16383;
  TestBench bench("Queue", Value::map({{"capacity", "16000"}}), options);
  push_nasty_packets(bench);
  const std::uint64_t waiting = bench.element().held();
  while (bench.poll() > 0) {
  }
  EXPECT_EQ(bench.output("out").size(), waiting);
  EXPECT_EQ(bench.counter("full"), 0U);
}

/// The bench runs on one core, and threads inherit that: this one may run on any.
void run_on_any_core() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  for (unsigned i = 0; i < CPU_SETSIZE; ++i) CPU_SET(i, &cores);
  pthread_setaffinity_np(pthread_self(), sizeof cores, &cores);
}

/// What came out of a Queue, in order. Threads change neither this nor the pool: only the Queue is shared.
struct Gathered {
  std::vector<Packet> packets;
  static void take_in(void* gathered, unsigned, Batch& batch) {
    for (const Packet packet : batch) static_cast<Gathered*>(gathered)->packets.push_back(packet);
    batch.release();
  }
};

/// A Queue into which `threads` threads push `each` packets, while this one polls.
void push_from_threads(rte_mempool* pool, const std::string& capacity, unsigned threads, unsigned each) {
  Gathered gathered;
  const ElementInfo* info = Registry::instance().element("Queue");
  const std::unique_ptr<Element> queue = info->create();
  Problems problems;
  const Value parameters = Value::map({{"capacity", capacity}, {"burst", "64"}});
  ASSERT_TRUE(assign_parameters(queue.get(), info->parameters, parameters, "Queue", {}, problems));
  info->outputs[0].single(*queue).connect(&Gathered::take_in, &gathered, 0);
  queue->start(problems);
  ASSERT_TRUE(problems.empty());

  std::vector<std::vector<Packet>> supplies(threads);
  for (unsigned t = 0; t < threads; ++t) {
    for (unsigned n = 0; n < each; ++n) {
      const Packet packet(rte_pktmbuf_alloc(pool));
      ASSERT_TRUE(packet);
      packet.annotations() = Annotations{};
      packet.annotations().paint = static_cast<std::uint8_t>(t);
      packet.annotations().context = n;
      supplies[t].push_back(packet);
    }
  }
  std::atomic<unsigned> waiting{threads};
  std::atomic<unsigned> running{threads};
  std::vector<std::thread> workers;
  for (unsigned t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      run_on_any_core();
      --waiting;
      while (waiting > 0) std::this_thread::yield();
      Batch batch;
      for (const Packet packet : supplies[t]) {
        batch.add(packet);
        if (batch.size() < (packet.annotations().context / 64 % 4 == 0 ? 5 : 1)) continue;
        info->inputs[0].entry(queue.get(), 0, batch);
      }
      if (!batch.empty()) info->inputs[0].entry(queue.get(), 0, batch);
      --running;
    });
  }
  while (running > 0) {
    if (info->poll(*queue) == 0) std::this_thread::yield();
  }
  for (std::thread& worker : workers) worker.join();
  while (info->poll(*queue) > 0) {
  }
  EXPECT_EQ(gathered.packets.size() + info->counters[0].get(queue.get()), threads * each);
  EXPECT_EQ(queue->held(), 0U);
  std::vector<std::int64_t> last(threads, -1);
  for (const Packet packet : gathered.packets) {
    const Annotations& a = packet.annotations();
    EXPECT_LT(last[a.paint], static_cast<std::int64_t>(a.context)) << "packets of one worker have changed places, or come twice";
    last[a.paint] = static_cast<std::int64_t>(a.context);
  }
  for (const Packet packet : gathered.packets) rte_pktmbuf_free(packet.mbuf());
  EXPECT_EQ(rte_mempool_in_use_count(pool), 0U);
}

TEST(Queue, IsSafeWithSeveralWorkersPushing) {
  start_eal();
  rte_mempool* pool = rte_pktmbuf_pool_create("queue_threads", 60'000, 0, sizeof(Annotations), 64 + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
  ASSERT_NE(pool, nullptr);
  for (int round = 0; round < 60 && !HasFailure(); ++round) push_from_threads(pool, "60000", 2, 30'000);
  for (int round = 0; round < 5 && !HasFailure(); ++round) push_from_threads(pool, "1000", 4, 15'000);
  rte_mempool_free(pool);
}

}  // namespace
}  // namespace smartswitch::testing
