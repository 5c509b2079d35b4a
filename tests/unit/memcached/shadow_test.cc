// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gtest/gtest.h>

#include <map>

#include "elements/memcached/datagram.h"
#include "tests/unit/memcached/requests.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::memcached {
namespace {

using testing::Seen;
using testing::TestBench;

void send(TestBench& bench, std::string_view text) {
  TestBench classifier("MemcachedClassifier");
  classifier.push({request(text)});
  for (const char* output : {"get", "write", "control"}) {
    for (const Seen& seen : classifier.take(output)) hand_over(bench, seen);
  }
}

TEST(Shadow, CopiesRequestsAndLeavesThemAsTheyAre) {
  TestBench bench("Shadow");
  send(bench, "set k 0 0 1\r\nx\r\n");
  ASSERT_EQ(bench.output("out").size(), 1U);
  EXPECT_EQ(bench.output("out")[0].bytes, request("set k 0 0 1\r\nx\r\n"));
  EXPECT_EQ(bench.output("out")[0].annotations.flags & kOwn, 0);
  ASSERT_EQ(bench.output("copy").size(), 1U);
  const Seen& copy = bench.output("copy")[0];
  EXPECT_EQ(text_of(copy), "set k 0 0 1\r\nx\r\n");
  EXPECT_EQ(copy.annotations.flags & kOwn, kOwn);
  EXPECT_EQ(copy.annotations.key_hash, bench.output("out")[0].annotations.key_hash);
  EXPECT_EQ(Errand::from(copy.annotations.context).purpose, Purpose::kDiscard);
  send(bench, "set k 0 0 1 noreply\r\nx\r\n");
  EXPECT_EQ(Errand::from(bench.output("copy")[1].annotations.context).purpose, Purpose::kNone);
}

TEST(Shadow, CopiesAShareOfTheKeys) {
  TestBench bench("Shadow", Value::map({{"share", "0.25"}}));
  for (int i = 0; i < 2000; ++i) send(bench, "get key" + std::to_string(i % 1000) + "\r\n");
  EXPECT_EQ(bench.output("out").size(), 2000U);
  std::map<std::string, int> copies;
  for (const Seen& copy : bench.output("copy")) ++copies[text_of(copy)];
  EXPECT_NEAR(static_cast<double>(copies.size()), 250, 60);
  for (const auto& [text, n] : copies) EXPECT_EQ(n, 2) << text << ": all of a key's requests or none";
}

TEST(Shadow, CopiesNothingWithoutAKeyOrAShare) {
  TestBench bench("Shadow");
  send(bench, "version\r\n");
  EXPECT_TRUE(bench.output("copy").empty());
  TestBench none("Shadow", Value::map({{"share", "0"}}));
  for (int i = 0; i < 100; ++i) send(none, "get key" + std::to_string(i) + "\r\n");
  EXPECT_TRUE(none.output("copy").empty());
}

TEST(Shadow, GoesOnWithoutCopiesWhenThePoolIsEmpty) {
  TestBench::Options options;
  options.pool_packets = 3;
  TestBench bench("Shadow", Value::map({}), options);
  TestBench classifier("MemcachedClassifier");
  classifier.push({request("get k\r\n")});
  Batch batch;
  for (int i = 0; i < 2; ++i) {
    const Packet packet = bench.packet(classifier.output("get")[0].bytes);
    packet.annotations() = classifier.output("get")[0].annotations;
    batch.add(packet);
  }
  bench.push(batch);
  EXPECT_EQ(bench.output("out").size(), 2U);
  EXPECT_EQ(bench.output("copy").size(), 1U);
  EXPECT_EQ(bench.counter("not_copied"), 1U);
}

TEST(Shadow, SurvivesNastyPackets) {
  TestBench::Options options;
  options.buffer_bytes = 10000;
  TestBench bench("Shadow", Value::map({}), options);
  for (const auto& nasty : testing::nasty_packets()) bench.push({nasty.bytes});
}

}  // namespace
}  // namespace smartswitch::memcached
