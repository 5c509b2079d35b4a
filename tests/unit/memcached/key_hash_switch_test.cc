// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gtest/gtest.h>

#include <map>

#include "elements/memcached/backend_pool.h"
#include "elements/memcached/datagram.h"
#include "elements/sdk/hash.h"
#include "elements/sdk/testing/test_bench.h"
#include "tests/unit/memcached/backends.h"
#include "tests/unit/memcached/requests.h"

namespace smartswitch::memcached {
namespace {

using testing::Bytes;
using testing::TestBench;

struct Fixture {
  explicit Fixture(int n) : pool(testing::make_state("BackendPool", servers(n))) {
    options.states["backends"] = pool.get();
    bench = std::make_unique<TestBench>("KeyHashSwitch", Value::map({{"backends", "backends"}}), options);
  }
  // As a MemcachedClassifier would leave it.
  void push(std::string_view text) {
    const Packet packet = bench->packet(request(text));
    const Request parsed = parse_request(text);
    Annotations& a = packet.annotations();
    a.verb = static_cast<std::uint8_t>(parsed.verb);
    a.key_offset = static_cast<std::uint16_t>(14 + 20 + 8 + 8 + (parsed.key.empty() ? 0 : parsed.key.data() - text.data()));
    a.key_length = static_cast<std::uint8_t>(parsed.key.size());
    a.key_hash = hash_key(parsed.key);
    a.flags = parsed.keys > 1 ? kSeveral : 0;
    Batch batch;
    batch.add(packet);
    bench->push(batch);
  }
  std::unique_ptr<State> pool;
  TestBench::Options options;
  std::unique_ptr<TestBench> bench;
};

TEST(KeyHashSwitch, RewritesTheDestinationMacAndNothingElse) {
  Fixture f(4);
  f.push("get somekey\r\n");
  ASSERT_EQ(f.bench->output("out").size(), 1U);
  Bytes expected = request("get somekey\r\n");
  const auto& got = f.bench->output("out")[0].bytes;
  const auto server = static_cast<BackendPool&>(*f.pool).choose(hash_key("somekey"), "somekey");
  expected[0] = 0x02, expected[1] = expected[2] = expected[3] = 0, expected[4] = 0x01, expected[5] = static_cast<std::uint8_t>(server);
  EXPECT_EQ(got, expected);
}

TEST(KeyHashSwitch, SendsAKeyAlwaysToTheSameServerAndSpreadsKeys) {
  Fixture f(4);
  std::map<int, int> per_server;
  for (int i = 0; i < 400; ++i) {
    f.push("get key" + std::to_string(i) + "\r\n");
    f.push("delete key" + std::to_string(i) + "\r\n");
    const auto seen = f.bench->take("out");
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_EQ(seen[0].bytes[5], seen[1].bytes[5]);
    ++per_server[seen[0].bytes[5]];
  }
  ASSERT_EQ(per_server.size(), 4U);
  for (const auto& [server, keys] : per_server) EXPECT_GT(keys, 40) << server;
}

TEST(KeyHashSwitch, SendsRequestsWithoutAKeyToTheFirstServer) {
  Fixture f(3);
  f.push("version\r\n");
  EXPECT_EQ(f.bench->output("out")[0].bytes[5], 0);
  EXPECT_EQ(f.bench->counter("keyless"), 1U);
}

TEST(KeyHashSwitch, NotesTheServersAddressForThoseWhoNeedIt) {
  const auto pool = testing::make_state(
      "BackendPool",
      Value::map({{"servers", Value::list({Value::map(
                                  {{"mac", "02:00:00:00:01:01"}, {"address", "10.0.0.11"}, {"port", "11311"}, {"name", "a"}})})}}));
  TestBench::Options options;
  options.states["backends"] = pool.get();
  TestBench classifier("MemcachedClassifier");
  TestBench bench("KeyHashSwitch", Value::map({{"backends", "backends"}}), options);
  classifier.push({request("get k\r\n")});
  hand_over(bench, classifier.output("get")[0]);
  ASSERT_EQ(bench.output("out").size(), 1U);
  EXPECT_EQ(bench.output("out")[0].annotations.next.address, 0x0A00000BU);
  EXPECT_EQ(bench.output("out")[0].annotations.next.port, 11311);
  EXPECT_EQ(bench.output("out")[0].annotations.next.server, 0);
}

TEST(KeyHashSwitch, DropsPacketsWithoutAnEthernetHeader) {
  Fixture f(2);
  f.bench->push({Bytes(13)});
  EXPECT_EQ(f.bench->counter("malformed"), 1U);
}

TEST(KeyHashSwitch, LeavesServersThatAreDownOut) {
  Fixture f(3);
  auto& pool = static_cast<BackendPool&>(*f.pool);
  pool.set_well(0, false);
  f.push("version\r\n");
  EXPECT_EQ(f.bench->take("out")[0].bytes[5], 1) << "the first that is up";
  for (int i = 0; i < 50; ++i) f.push("get key" + std::to_string(i) + "\r\n");
  for (const auto& seen : f.bench->take("out")) EXPECT_NE(seen.bytes[5], 0);
  EXPECT_TRUE(f.bench->output("unavailable").empty());
}

TEST(KeyHashSwitch, PutsRequestsWithoutAServerOut) {
  Fixture f(2);
  for (std::uint32_t server : {0U, 1U}) static_cast<BackendPool&>(*f.pool).set_well(server, false);
  f.push("get key\r\n");
  f.push("version\r\n");
  f.bench->push({Bytes(13)});
  EXPECT_TRUE(f.bench->output("out").empty());
  ASSERT_EQ(f.bench->output("unavailable").size(), 2U);
  EXPECT_EQ(f.bench->output("unavailable")[0].bytes, request("get key\r\n"));
  EXPECT_EQ(f.bench->counter("malformed"), 1U);
}

TEST(KeyHashSwitch, MayHaveNobodyForRequestsWithoutAServer) {
  const auto pool = testing::make_state("BackendPool", servers(1));
  TestBench::Options options;
  options.states["backends"] = pool.get();
  options.unconnected = {"unavailable"};
  static_cast<BackendPool&>(*pool).set_well(0, false);
  TestBench bench("KeyHashSwitch", Value::map({{"backends", "backends"}}), options);
  bench.push({request("version\r\n")});
  EXPECT_TRUE(bench.output("out").empty());
}

TEST(KeyHashSwitch, NeedsAMacAddressOfEachServer) {
  const auto pool = testing::make_state(
      "BackendPool",
      Value::map({{"servers", Value::list({Value::map({{"name", "a"}, {"mac", "02:00:00:00:00:01"}}), Value::map({{"name", "b"}})})}}));
  pool->set_name("backends");
  TestBench::Options options;
  options.states["backends"] = pool.get();
  const Problems problems = TestBench::problems_of("KeyHashSwitch", Value::map({{"backends", "backends"}}), options);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems.list()[0].message, "server `b` of `backends` has no MAC address to send requests to");
  EXPECT_EQ(problems.list()[0].hint, "say what it is, such as `mac: \"02:00:00:00:01:01\"`");
}

}  // namespace
}  // namespace smartswitch::memcached
