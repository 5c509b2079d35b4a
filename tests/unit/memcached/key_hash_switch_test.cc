// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gtest/gtest.h>

#include <map>

#include "elements/memcached/backend_pool.h"
#include "elements/memcached/datagram.h"
#include "elements/sdk/hash.h"
#include "elements/sdk/testing/test_bench.h"
#include "tests/unit/memcached/requests.h"

namespace smartswitch::memcached {
namespace {

using testing::Bytes;
using testing::TestBench;

Value servers(int n, const std::string& distribution = "ketama", const std::string& hash = "xxh3") {
  std::vector<Value> list;
  for (int i = 0; i < n; ++i) {
    list.push_back(Value::map({{"name", "mc" + std::to_string(i)}, {"mac", "02:00:00:00:01:0" + std::to_string(i)}}));
  }
  return Value::map({{"servers", Value::list(list)}, {"distribution", distribution}, {"hash", hash}});
}

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

TEST(KeyHashSwitch, CountsGetsWhoseKeysBelongToSeveralServers) {
  Fixture f(4);
  std::string text = "get";
  for (int i = 0; i < 40; ++i) text += " key" + std::to_string(i);
  f.push(text + "\r\n");
  f.push("get same same same\r\n");
  EXPECT_EQ(f.bench->counter("straddling"), 1U);
}

TEST(KeyHashSwitch, DropsPacketsWithoutAnEthernetHeader) {
  Fixture f(2);
  f.bench->push({Bytes(13)});
  EXPECT_EQ(f.bench->counter("malformed"), 1U);
}

// Eight servers: libmemcached's 32-bit fnv1a_64 has the prime 0x1B3 = 3 * 5 * 29 and hardly spreads over multiples of these.
TEST(BackendPool, ChoosesByOtherHashesToo) {
  for (const std::string hash : {"fnv1a_64", "md5", "xxh3"}) {
    const auto state = testing::make_state("BackendPool", servers(8, "modula", hash));
    const auto& pool = static_cast<BackendPool&>(*state);
    std::map<std::uint32_t, int> keys;
    for (int i = 0; i < 1000; ++i) {
      const std::string key = "k" + std::to_string(i);
      ++keys[pool.choose(hash_key(key), key)];
    }
    EXPECT_EQ(keys.size(), 8U) << hash;
  }
  // One byte: (0x84222325 ^ 'a') * 0x1B3 mod 2^32.
  const auto state = testing::make_state("BackendPool", servers(9, "modula", "fnv1a_64"));
  const std::uint32_t expected = (0x84222325U ^ 'a') * 0x1B3U;
  EXPECT_EQ(static_cast<BackendPool&>(*state).choose(0, "a"), expected % 9);
}

TEST(BackendPool, ReportsPoolsThatCannotWork) {
  const StateInfo* info = Registry::instance().state("BackendPool");
  Problems problems;
  const auto empty = info->create();
  assign_parameters(empty.get(), info->parameters, Value::map({{"servers", Value::list({})}}), "state class `BackendPool`", {}, problems);
  empty->validate(problems);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems.list()[0].message, "the pool has no servers");

  Problems twice;
  const Value server = Value::map({{"name", "a"}, {"mac", "02:00:00:00:00:01"}});
  const auto pool = info->create();
  assign_parameters(pool.get(), info->parameters, Value::map({{"servers", Value::list({server, server})}}), "state class `BackendPool`", {},
                    twice);
  pool->validate(twice);
  ASSERT_EQ(twice.size(), 1U);
  EXPECT_EQ(twice.list()[0].message, "two servers are called `a`");

  Problems incomplete;
  assign_parameters(pool.get(), info->parameters, Value::map({{"servers", Value::list({Value::map({{"name", "a"}, {"wight", "2"}})})}}),
                    "state class `BackendPool`", {}, incomplete);
  ASSERT_EQ(incomplete.size(), 2U);
  EXPECT_EQ(incomplete.list()[0].hint, "did you mean `weight`?");
}

}  // namespace
}  // namespace smartswitch::memcached
