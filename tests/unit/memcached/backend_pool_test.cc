// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/backend_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "elements/sdk/registry.h"
#include "elements/sdk/testing/test_bench.h"

namespace smartswitch::memcached {
namespace {

using ::testing::ElementsAre;

struct Pool {
  std::unique_ptr<State> state;
  BackendPool& operator*() const { return static_cast<BackendPool&>(*state); }
  BackendPool* operator->() const { return &**this; }
  [[nodiscard]] std::uint32_t server_of(std::string_view key) const { return (**this).choose(hash_key(key), key); }
};

// With so many servers, mc0, mc1, ..., besides what is given.
Pool make_pool(std::vector<Value::Member> parameters, int servers = 5) {
  std::vector<Value> list;
  for (int i = 0; i < servers; ++i) list.push_back(Value::map({{"name", "mc" + std::to_string(i)}}));
  if (servers > 0) parameters.emplace_back("servers", Value::list(list));
  return {testing::make_state("BackendPool", Value::map(std::move(parameters)))};
}

const std::vector<std::string> kDistributions = {"ketama",       "modula",      "jump",           "rendezvous",  "maglev",
                                                 "ring_default", "ring_ketama", "ring_twemproxy", "ring_evcache"};

std::vector<std::string> some_keys(int n) {
  std::vector<std::string> keys;
  for (int i = 0; i < n; ++i) keys.push_back("key:" + std::to_string(i * 7));
  return keys;
}

TEST(BackendPool, SpreadsKeysWithEachHashAndDistribution) {
  for (const std::string& distribution : kDistributions) {
    for (const char* hash : {"xxh3", "one_at_a_time", "md5", "crc16", "crc32", "crc32a", "fnv1_64", "fnv1a_64", "fnv1_32", "fnv1a_32",
                             "hsieh", "murmur", "jenkins", "mcrouter_crc32"}) {
      // 15 bits: one server, as with TwemProxy.
      if ((distribution == "ketama" || distribution.starts_with("ring")) && std::string_view(hash) == "crc32") continue;
      const Pool pool = make_pool({{"distribution", distribution}, {"hash", hash}});
      std::map<std::uint32_t, int> keys;
      for (const std::string& key : some_keys(2000)) ++keys[pool.server_of(key)];
      EXPECT_EQ(keys.size(), 5U) << distribution << ' ' << hash;
    }
  }
}

TEST(BackendPool, UsesTheHashItWasGiven) {
  const Pool pool = make_pool({{"distribution", "modula"}, {"hash", "fnv1a_32"}});
  EXPECT_EQ(pool->choose(0, "a"), 0xE40C292C % 5);
  EXPECT_EQ(pool->choose(0, "apple"), 0x10BC2ABF % 5);
}

// What nutcracker 0.5.0 answered. The whole proof is tests/integration/twemproxy_test.py.
TEST(BackendPool, ChoosesAsTwemProxyDoes) {
  const auto server = [](const char* name, const char* weight) { return Value::map({{"name", name}, {"weight", weight}}); };
  const Value servers =
      Value::list({server("cache-3", "7"), server("127.0.1.1", "1"), server("127.0.1.3", "2"), server("127.0.1.2:11301", "3")});
  const auto chosen = [&](const char* distribution, const char* hash) {
    const Pool pool = make_pool({{"servers", servers}, {"distribution", distribution}, {"hash", hash}}, 0);
    std::string initials;  // c: cache-3, and the last digits of the others' addresses
    for (int i = 0; i < 24; ++i) initials += "c132"[pool.server_of("key:" + std::to_string(i))];
    return initials;
  };
  EXPECT_EQ(chosen("ketama", "md5"), "22cc2cc3c2ccc2cccc2c1ccc");
  EXPECT_EQ(chosen("ketama", "one_at_a_time"), "1ccccc33cc2cc33c13cc2222");
  EXPECT_EQ(chosen("modula", "crc16"), "2cc3c2cccc2cc11c2cc23c3c");
  EXPECT_EQ(chosen("modula", "fnv1a_64"), "3c2c1c3cc21cccc2c22c2c2c");
}

// Computed with mcrouter's own functions; the servers' numbers begin with 1.
TEST(BackendPool, ChoosesAsMcrouterDoes) {
  const auto chosen = [](const Pool& pool, std::string_view behind) {
    std::string numbers;
    for (int i = 0; i < 24; ++i) numbers += std::to_string(pool.server_of("key:" + std::to_string(i) + std::string(behind)) + 1);
    return numbers;
  };
  constexpr std::string_view kCh3 = "383587311414442228163835";
  EXPECT_EQ(chosen(make_pool({{"distribution", "ch3"}}, 8), ""), kCh3);
  EXPECT_NE(chosen(make_pool({{"distribution", "ch3"}}, 8), "|#|more"), kCh3);
  EXPECT_EQ(chosen(make_pool({{"distribution", "ch3"}, {"hash_stop", "|#|"}}, 8), "|#|more|#|"), kCh3);
  EXPECT_EQ(chosen(make_pool({{"distribution", "modula"}, {"hash", "mcrouter_crc32"}}), ""), "233155112254325444514545");
}

TEST(BackendPool, HashesWhatStandsBeforeTheStop) {
  for (const char* hash : {"xxh3", "murmur"}) {
    const Pool stopped = make_pool({{"hash_stop", "|#|"}, {"hash", hash}}, 64);
    const Pool plain = make_pool({{"hash", hash}}, 64);
    const auto expect_hashed = [&](std::string_view key, std::string_view part) {
      EXPECT_EQ(stopped.server_of(key), plain.server_of(part)) << key;
    };
    expect_hashed("user:42|#|name", "user:42");
    expect_hashed("user:42|#|a|#|b", "user:42");
    expect_hashed("user:42|#", "user:42|#");
    expect_hashed("|#|all", "");
    EXPECT_EQ(make_pool({{"hash_stop", "|#|"}, {"hash_tag", "{}"}, {"hash", hash}}, 64).server_of("a{b}|#|{c}"), plain.server_of("b"));
  }
}

// What is hashed by the key itself moves on by a hash as well.
TEST(BackendPool, MovesTheKeysOfACh3ServerThatIsDownAndNoOthers) {
  const Pool pool = make_pool({{"distribution", "ch3"}});
  std::map<std::string, std::uint32_t> before;
  for (const std::string& key : some_keys(1000)) before[key] = pool.server_of(key);
  EXPECT_TRUE(pool->set_well(2, false));
  std::map<std::uint32_t, int> heirs;
  for (const auto& [key, server] : before) {
    if (server == 2) {
      ++heirs[pool.server_of(key)];
    } else {
      EXPECT_EQ(pool.server_of(key), server);
    }
  }
  EXPECT_EQ(heirs.size(), 4U);
  EXPECT_FALSE(heirs.contains(2));
}

TEST(BackendPool, Xxh3IsTakenFromThePacket) {
  const Pool pool = make_pool({{"distribution", "modula"}});
  for (std::uint64_t h = 0; h < 10; ++h) EXPECT_EQ(pool->choose(h << 32, "any"), h % 5);
}

TEST(BackendPool, RandomIgnoresTheKey) {
  const Pool pool = make_pool({{"distribution", "random"}});
  std::map<std::uint32_t, int> servers;
  for (int i = 0; i < 1000; ++i) ++servers[pool.server_of("same")];
  EXPECT_EQ(servers.size(), 5U);
  pool->set_well(2, false);
  for (int i = 0; i < 1000; ++i) ASSERT_NE(pool.server_of("same"), 2U);
}

TEST(BackendPool, HashesOnlyTheTagOfAKeyThatHasOne) {
  for (const char* hash : {"xxh3", "murmur"}) {
    const Pool tagged = make_pool({{"hash_tag", "{}"}, {"hash", hash}}, 64);
    const Pool plain = make_pool({{"hash", hash}}, 64);
    const auto expect_hashed = [&](std::string_view key, std::string_view part) {
      EXPECT_EQ(tagged.server_of(key), plain.server_of(part)) << key;
    };
    expect_hashed("user:{1234}:name", "1234");
    expect_hashed("{1234}", "1234");
    expect_hashed("a{b}c{d}e", "b");
    expect_hashed("a{b{c}d", "b{c");
    expect_hashed("a}b{c}d", "c");
    for (const char* whole : {"no tag", "only{open", "only}close", "close}before{open", "empty{}tag{full}"}) expect_hashed(whole, whole);
  }
  const Pool same = make_pool({{"hash_tag", "$$"}}, 64);
  const Pool plain = make_pool({}, 64);
  EXPECT_EQ(same.server_of("a$b$c$d"), plain.server_of("b"));
  EXPECT_EQ(same.server_of("a$$b$"), plain.server_of("a$$b$"));
}

TEST(BackendPool, PutsAKeyWhereItIsTold) {
  const Pool plain = make_pool({});
  std::string elsewhere = "key";
  while (plain.server_of(elsewhere) == 3) elsewhere += "x";
  const Pool pool = make_pool({{"keys", Value::map({{elsewhere, "mc3"}, {"{t}k", "mc1"}})}, {"hash_tag", "{}"}});
  EXPECT_EQ(pool.server_of(elsewhere), 3U);
  EXPECT_EQ(pool.server_of("{t}k"), 1U);
  EXPECT_EQ(pool.server_of("{t}"), plain.server_of("t"));
  for (const std::string& key : some_keys(100)) EXPECT_EQ(pool.server_of(key), plain.server_of(key));
  // While its server is down it goes where it would go by its hash.
  pool->set_well(3, false);
  EXPECT_EQ(pool.server_of(elsewhere), plain.server_of(elsewhere));
  const Pool strict = make_pool({{"keys", Value::map({{elsewhere, "mc3"}})}, {"when_down", "refuse"}});
  strict->set_well(3, false);
  EXPECT_EQ(strict.server_of(elsewhere), BackendPool::kNone);
}

TEST(BackendPool, MovesTheKeysOfAServerThatIsDownAndNoOthers) {
  for (const std::string& distribution : kDistributions) {
    for (const char* hash : {"xxh3", "murmur"}) {
      const Pool pool = make_pool({{"distribution", distribution}, {"hash", hash}});
      std::map<std::string, std::uint32_t> before;
      for (const std::string& key : some_keys(1000)) before[key] = pool.server_of(key);
      EXPECT_TRUE(pool->set_well(2, false));
      std::map<std::uint32_t, int> heirs;
      for (const auto& [key, server] : before) {
        const std::uint32_t now = pool.server_of(key);
        EXPECT_EQ(now, pool.server_of(key));
        if (server == 2) {
          ++heirs[now];
        } else {
          EXPECT_EQ(now, server) << distribution;
        }
      }
      EXPECT_EQ(heirs.size(), 4U) << distribution << ": all others take over some";
      EXPECT_FALSE(heirs.contains(2));
      EXPECT_TRUE(pool->set_well(2, true));
      for (const auto& [key, server] : before) EXPECT_EQ(pool.server_of(key), server);
    }
  }
}

TEST(BackendPool, FindsTheLastServerThatIsUpAndNoneIfAllAreDown) {
  for (const char* distribution : {"ketama", "modula", "jump", "rendezvous", "maglev", "random", "ch3", "ring_default"}) {
    const Pool pool = make_pool({{"distribution", distribution}}, 64);
    for (std::uint32_t server = 0; server < 64; ++server) {
      if (server != 61) pool->set_well(server, false);
    }
    for (const std::string& key : some_keys(200)) ASSERT_EQ(pool.server_of(key), 61U) << distribution;
    EXPECT_EQ(pool->first_up(), 61U);
    pool->set_well(61, false);
    for (const std::string& key : some_keys(20)) ASSERT_EQ(pool.server_of(key), BackendPool::kNone) << distribution;
    EXPECT_EQ(pool->first_up(), BackendPool::kNone);
    EXPECT_EQ(pool->place_of("key"), "");
  }
}

TEST(BackendPool, FindsAServerThatHasNoPointOnTheRing) {
  const Value heavy = Value::map({{"name", "heavy"}, {"weight", "1000"}});
  const Value light = Value::map({{"name", "light"}});
  const Pool pool = make_pool({{"servers", Value::list({heavy, light})}}, 0);
  EXPECT_EQ(pool.server_of("key"), 0U);
  pool->set_well(0, false);
  EXPECT_EQ(pool.server_of("key"), 1U);
}

TEST(BackendPool, RefusesKeysOfAServerThatIsDownIfItIsToldTo) {
  for (const std::string& distribution : kDistributions) {
    const Pool pool = make_pool({{"distribution", distribution}, {"when_down", "refuse"}});
    const Pool all_up = make_pool({{"distribution", distribution}});
    pool->set_well(2, false);
    for (const std::string& key : some_keys(200)) {
      const std::uint32_t server = all_up.server_of(key);
      EXPECT_EQ(pool.server_of(key), server == 2 ? BackendPool::kNone : server);
    }
  }
  const Pool random = make_pool({{"distribution", "random"}, {"when_down", "refuse"}}, 2);
  random->set_well(0, false);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.server_of("key"), 1U) << "no key is the down server's own";
}

TEST(BackendPool, CountsChangesOfWhatIsUp) {
  const Pool pool = make_pool({});
  const std::uint64_t start = pool->generation();
  EXPECT_TRUE(pool->up(1));
  EXPECT_FALSE(pool->set_well(1, true));
  EXPECT_EQ(pool->generation(), start);
  EXPECT_TRUE(pool->set_well(1, false));
  EXPECT_FALSE(pool->set_well(1, false));
  EXPECT_FALSE(pool->up(1));
  EXPECT_TRUE(pool->set_well(1, true));
  EXPECT_EQ(pool->generation(), start + 2);
}

TEST(BackendPool, IsUsedWhileServersComeAndGo) {
  const Pool pool = make_pool({});
  std::atomic<bool> stop{false};
  std::thread prober([&] {
    for (int i = 0; !stop; ++i) pool->set_well(static_cast<std::uint32_t>(1 + i % 4), i / 4 % 2 == 0);
  });
  for (const std::string& key : some_keys(20000)) {
    const std::uint32_t server = pool.server_of(key);
    ASSERT_LT(server, 5U) << "the first server is always up";
  }
  stop = true;
  prober.join();
}

TEST(BackendPool, SendsNothingToADrainedServer) {
  const Pool pool =
      make_pool({{"servers", Value::list({Value::map({{"name", "a"}}), Value::map({{"name", "b"}, {"drained", "true"}})})}}, 0);
  for (const std::string& key : some_keys(200)) EXPECT_EQ(pool.server_of(key), 0U);
  EXPECT_TRUE(pool->well(1));
  EXPECT_TRUE(pool->set_well(1, false));
  EXPECT_TRUE(pool->set_well(1, true));
  EXPECT_FALSE(pool->up(1)) << "it is well, and drained";
}

TEST(BackendPool, TakesThePlaceOfOneWithOtherServers) {
  const Pool before = make_pool({}, 3);
  before->set_well(1, false);
  before->load(2).note_sent();
  const Pool after = make_pool(
      {{"servers", Value::list({Value::map({{"name", "mc2"}}), Value::map({{"name", "new"}}), Value::map({{"name", "mc1"}})})}}, 0);
  ASSERT_TRUE(after->takes_places());
  after->take_over(*before);
  EXPECT_TRUE(after->up(0));
  EXPECT_TRUE(after->up(1));
  EXPECT_FALSE(after->up(2)) << "mc1 was down";
  EXPECT_EQ(&after->load(0), &before->load(2)) << "replies to what was sent to mc2 are still to come";
  EXPECT_EQ(after->load(1).outstanding, 0U);
  for (const std::string& key : some_keys(200)) EXPECT_NE(after.server_of(key), 2U);
  const Value list = after->list();
  EXPECT_EQ(list.items()[0].find("outstanding")->text(), "1");
  EXPECT_EQ(list.items()[2].find("state")->text(), "down");
}

TEST(BackendPool, CallsServersWithoutANameByTheirAddress) {
  const Value usual = Value::map({{"address", "10.0.0.1"}});
  const Value port = Value::map({{"address", "10.0.0.1"}, {"port", "11212"}});
  const Value named = Value::map({{"address", "10.0.0.1"}, {"port", "11213"}, {"name", "mc1"}});
  const Pool pool = make_pool({{"servers", Value::list({usual, port, named})}}, 0);
  std::vector<std::string> names;
  for (const Backend& server : pool->servers()) names.push_back(server.name);
  EXPECT_THAT(names, ElementsAre("10.0.0.1", "10.0.0.1:11212", "mc1"));
  EXPECT_EQ(pool->servers()[0].port, 11211);
  EXPECT_EQ(pool->servers()[0].mac, std::nullopt);
  EXPECT_EQ(pool->servers()[2].address->host_order, 0x0A000001U);
  EXPECT_EQ(pool->place_of("key"), names[pool.server_of("key")]);
}

Problems problems_of(std::vector<Value::Member> parameters) {
  const StateInfo* info = Registry::instance().state("BackendPool");
  Problems problems;
  const auto pool = info->create();
  if (assign_parameters(pool.get(), info->parameters, Value::map(std::move(parameters)), "state class `BackendPool`", {}, problems))
    pool->validate(problems);
  return problems;
}

TEST(BackendPool, ReportsPoolsThatCannotWork) {
  const auto expect = [](std::vector<Value::Member> parameters, const std::string& message, const std::string& hint) {
    const Problems problems = problems_of(std::move(parameters));
    ASSERT_EQ(problems.size(), 1U) << message;
    EXPECT_EQ(problems.list()[0].message, message);
    EXPECT_EQ(problems.list()[0].hint, hint);
  };
  const Value a = Value::map({{"name", "a"}, {"mac", "02:00:00:00:00:01"}});
  const Value b = Value::map({{"address", "10.0.0.1"}});
  expect({{"servers", Value::list({})}}, "the pool has no servers",
         "list one at least: `servers: [{name: mc1, mac: \"02:00:00:00:01:01\"}]`");
  expect({{"servers", Value::list({a, a})}}, "two servers are called `a`", "names decide which keys are whose");
  expect({{"servers", Value::list({b, Value::map({{"name", "10.0.0.1"}})})}}, "two servers are called `10.0.0.1`",
         "names decide which keys are whose");
  expect({{"servers", Value::list({a, Value::map({{"mac", "02:00:00:00:00:01"}})})}},
         "server 2 of the pool has neither a name nor an address", "give it a `name`");
  expect({{"servers", Value::list({a, b})}, {"hash_tag", "{"}}, "`{` is not two characters", "");
  expect({{"servers", Value::list({a, b})}, {"keys", Value::map({{"hot", "10.0.0.2"}})}},
         "the key `hot` belongs to `10.0.0.2`, which is none of the servers", "did you mean `10.0.0.1`?");
  expect({{"servers", Value::list({Value::map({{"name", "a"}, {"weight", "0"}})})}}, "`0` is out of bounds: 1 to 1000000", "");
  expect({{"servers", Value::list({Value::map({{"name", "a"}, {"port", "0"}})})}}, "`0` is out of bounds: at least 1", "");
  std::vector<Value> heavy;
  for (int i = 0; i < 17; ++i) heavy.push_back(Value::map({{"name", "mc" + std::to_string(i)}, {"weight", "1000000"}}));
  expect({{"servers", Value::list(heavy)}, {"distribution", "modula"}},
         "the weights add up to 17000000, but with this distribution to 16777216 at most", "");
  EXPECT_TRUE(problems_of({{"servers", Value::list(heavy)}}).empty());
  expect({{"servers", Value::list(heavy)}, {"distribution", "ring_ketama"}},
         "the ring would have 2720000000 points, but it can have 16777216 at most", "lower `ring_points` or the weights");
  expect({{"servers", Value::list({a, b})}, {"ring_points", "42"}}, "42 is not a multiple of 4", "");
  expect({{"servers", Value::list({a, b})}, {"distribution", "ch3"}, {"hash", "md5"}}, "`distribution: ch3` has a hash of its own",
         "leave `hash` out");

  const Problems incomplete = problems_of({{"servers", Value::list({Value::map({{"name", "a"}, {"wight", "2"}})})}});
  ASSERT_EQ(incomplete.size(), 1U);
  EXPECT_EQ(incomplete.list()[0].hint, "did you mean `weight`?");
}

}  // namespace
}  // namespace smartswitch::memcached
