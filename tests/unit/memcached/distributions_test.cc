// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What modula, jump, rendezvous, maglev, ch3 and ring_... promise: which server, even shares, and which keys move.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "elements/memcached/any_server.h"
#include "elements/memcached/ch3.h"
#include "elements/memcached/jump.h"
#include "elements/memcached/key_hashes.h"
#include "elements/memcached/maglev.h"
#include "elements/memcached/modula.h"
#include "elements/memcached/rendezvous.h"
#include "elements/memcached/ring_hash.h"
#include "tests/unit/memcached/backends.h"

namespace smartswitch::memcached {
namespace {

using ::testing::ElementsAre;

constexpr int kDraws = 100000;

std::uint64_t short_hash(std::uint32_t h) { return std::uint64_t{h} << 32 | h; }

template <class Distribution>
std::vector<double> shares(const Distribution& distribution, std::size_t servers) {
  std::vector<double> shares(servers);
  std::mt19937_64 random(1);
  for (int i = 0; i < kDraws; ++i) shares.at(distribution.server_of(random())) += 1.0 / kDraws;
  return shares;
}

// The part of all keys that have another server in `after`, though not because theirs is `gone`.
template <class Distribution>
double moved(const Distribution& before, const Distribution& after, std::uint32_t gone) {
  std::mt19937_64 random(1);
  double part = 0;
  for (int i = 0; i < kDraws; ++i) {
    const std::uint64_t hash = random();
    const std::uint32_t server = before.server_of(hash);
    if (server != gone && after.server_of(hash) != server - (server > gone ? 1 : 0)) part += 1.0 / kDraws;
  }
  return part;
}

std::vector<Backend> without(std::vector<Backend> servers, std::uint32_t gone) {
  servers.erase(servers.begin() + gone);
  return servers;
}

TEST(Modula, IsTheRemainderOverWeightsInTheOrderOfTheFile) {
  const Modula modula(backends({1, 3, 2}));
  std::vector<std::uint32_t> servers;
  for (std::uint32_t h = 0; h < 7; ++h) servers.push_back(modula.server_of(short_hash(h)));
  EXPECT_THAT(servers, ElementsAre(0, 1, 1, 1, 2, 2, 0));
  EXPECT_EQ(modula.server_of(short_hash(0xFFFFFFFF)), 1U) << "4294967295 mod 6 is 3";
}

// The paper gives code, no numbers; these are from other people's tests of it.
TEST(Jump, IsThePapers) {
  EXPECT_EQ(Jump::slot_of(1, 1), 0U);
  EXPECT_EQ(Jump::slot_of(42, 57), 43U);
  EXPECT_EQ(Jump::slot_of(0xDEAD10CC, 1), 0U);
  EXPECT_EQ(Jump::slot_of(0xDEAD10CC, 666), 361U);
  EXPECT_EQ(Jump::slot_of(256, 1024), 520U);
}

TEST(Jump, SpreadsByWeightAndMovesOnlyTheKeysOfTheLastServer) {
  const std::vector<Backend> servers = backends({1, 2, 5, 2});
  const Jump jump(servers);
  EXPECT_THAT(shares(jump, 4), ElementsAre(::testing::DoubleNear(0.1, 0.01), ::testing::DoubleNear(0.2, 0.01),
                                           ::testing::DoubleNear(0.5, 0.01), ::testing::DoubleNear(0.2, 0.01)));
  EXPECT_EQ(moved(jump, Jump(without(servers, 3)), 3), 0);
}

TEST(Rendezvous, SpreadsByWeight) {
  EXPECT_THAT(shares(Rendezvous(backends(5)), 5), ::testing::Each(::testing::DoubleNear(0.2, 0.01)));
  EXPECT_THAT(shares(Rendezvous(backends({1, 2, 5, 2})), 4),
              ElementsAre(::testing::DoubleNear(0.1, 0.01), ::testing::DoubleNear(0.2, 0.01), ::testing::DoubleNear(0.5, 0.01),
                          ::testing::DoubleNear(0.2, 0.01)));
}

TEST(Rendezvous, MovesOnlyTheKeysOfAServerThatGoes) {
  for (const std::vector<Backend>& servers : {backends(5), backends({1, 2, 5, 2, 1})}) {
    const Rendezvous all(servers);
    for (std::uint32_t gone = 0; gone < servers.size(); ++gone) EXPECT_EQ(moved(all, Rendezvous(without(servers, gone)), gone), 0);
  }
}

TEST(Rendezvous, GoesToTheSecondBestIfTheBestIsDown) {
  const std::vector<Backend> servers = backends({1, 2, 5, 2});
  const Rendezvous all(servers);
  const Rendezvous others(without(servers, 2));
  std::mt19937_64 random(1);
  for (int i = 0; i < 10000; ++i) {
    const std::uint64_t hash = random();
    const std::uint32_t other = others.server_of(hash);
    ASSERT_EQ(all.server_of(hash, [](std::uint32_t server) { return server != 2; }), other + (other >= 2 ? 1 : 0));
  }
  EXPECT_EQ(all.server_of(1, [](std::uint32_t) { return false; }), std::nullopt);
}

// A server's name decides, not where it stands.
template <class Distribution>
void expect_order_not_to_matter() {
  std::vector<Backend> servers = backends({1, 2, 5, 2});
  const Distribution one(servers);
  std::reverse(servers.begin(), servers.end());
  const Distribution other(servers);
  std::mt19937_64 random(1);
  for (int i = 0; i < 10000; ++i) {
    const std::uint64_t hash = random();
    ASSERT_EQ(one.server_of(hash), 3 - other.server_of(hash));
  }
}

TEST(Rendezvous, DoesNotDependOnTheOrder) { expect_order_not_to_matter<Rendezvous>(); }
TEST(Maglev, DoesNotDependOnTheOrder) { expect_order_not_to_matter<Maglev>(); }

TEST(Maglev, SpreadsEvenlyAndByWeight) {
  EXPECT_THAT(shares(Maglev(backends(5)), 5), ::testing::Each(::testing::DoubleNear(0.2, 0.005)));
  EXPECT_THAT(shares(Maglev(backends({1, 2, 5, 2})), 4), ElementsAre(::testing::DoubleNear(0.1, 0.005), ::testing::DoubleNear(0.2, 0.005),
                                                                     ::testing::DoubleNear(0.5, 0.005), ::testing::DoubleNear(0.2, 0.005)));
}

TEST(Maglev, MovesFewKeysOfOtherServers) {
  const std::vector<Backend> servers = backends(20);
  EXPECT_LT(moved(Maglev(servers), Maglev(without(servers, 7)), 7), 0.03);
}

// TwemProxy's crc32 leaves 17 bits unused, the uppermost among them.
TEST(Maglev, SpreadsHashesOfFewBits) {
  const Maglev maglev(backends(8));
  std::vector<int> keys(8);
  for (std::uint32_t h = 0; h < 0x8000; ++h) ++keys[maglev.server_of(short_hash(h))];
  EXPECT_THAT(keys, ::testing::Each(::testing::AllOf(::testing::Gt(3900), ::testing::Lt(4300))));
}

std::string numbered(std::string_view text, int i) { return std::string(text) + std::to_string(i); }

std::vector<int> ch3_servers(const Ch3& ch3, std::string_view text, int keys) {
  std::vector<int> servers;
  for (int i = 0; i < keys; ++i) servers.push_back(static_cast<int>(ch3.server_of(numbered(text, i))));
  return servers;
}

// The weights 1.0, 0.5, 0.25 and 0.1, again and again.
std::vector<Backend> light_and_heavy(std::size_t n) {
  constexpr std::uint32_t kWeights[] = {20, 10, 5, 2};
  std::vector<std::uint32_t> weights;
  for (std::size_t i = 0; i < n; ++i) weights.push_back(kWeights[i % 4]);
  return backends(weights);
}

// Computed with mcrouter's own furc_hash() and SpookyHash, of its main branch in 2026; long keys, because those are hashed otherwise. A
// comparison of 100,000 keys of 1 to 250 bytes, for pools of 1 to 4096 servers, found no difference.
TEST(Ch3, IsMcrouters) {
  EXPECT_THAT(ch3_servers(Ch3(backends(3)), "key:", 24),
              ElementsAre(2, 1, 2, 1, 2, 0, 2, 0, 0, 2, 0, 2, 1, 0, 1, 1, 1, 2, 0, 0, 2, 0, 2, 1));
  EXPECT_THAT(ch3_servers(Ch3(backends(8)), "key:", 24),
              ElementsAre(2, 7, 2, 4, 7, 6, 2, 0, 0, 3, 0, 3, 3, 3, 1, 1, 1, 7, 0, 5, 2, 7, 2, 4));
  EXPECT_THAT(ch3_servers(Ch3(backends(64)), "key:", 12), ElementsAre(57, 51, 63, 48, 58, 24, 33, 17, 60, 60, 0, 17));
  EXPECT_THAT(ch3_servers(Ch3(backends(64)), std::string(240, 'x'), 8), ElementsAre(15, 29, 37, 25, 5, 46, 47, 50));
  EXPECT_EQ(Ch3(backends(1)).server_of("key"), 0U);
}

TEST(Ch3, IsMcroutersWeightedCh3) {
  EXPECT_THAT(ch3_servers(Ch3(light_and_heavy(3)), "key:", 24),
              ElementsAre(0, 1, 0, 0, 1, 0, 1, 0, 0, 2, 0, 0, 1, 0, 1, 0, 1, 2, 0, 0, 1, 0, 0, 1));
  EXPECT_THAT(ch3_servers(Ch3(light_and_heavy(8)), "key:", 24),
              ElementsAre(4, 0, 4, 4, 1, 6, 7, 0, 0, 3, 0, 0, 4, 0, 1, 4, 1, 7, 0, 2, 1, 4, 0, 4));
  EXPECT_THAT(ch3_servers(Ch3(light_and_heavy(64)), "key:", 24),
              ElementsAre(57, 0, 4, 48, 49, 24, 61, 56, 60, 60, 0, 48, 9, 14, 17, 32, 52, 57, 48, 51, 41, 5, 29, 4));
  EXPECT_THAT(ch3_servers(Ch3(light_and_heavy(64)), std::string(240, 'x'), 8), ElementsAre(9, 18, 37, 4, 5, 0, 47, 33));
}

TEST(Ch3, SpreadsByWeightAndMovesOnlyTheKeysOfTheLastServer) {
  EXPECT_THAT(shares(Ch3(backends(5)), 5), ::testing::Each(::testing::DoubleNear(0.2, 0.01)));
  EXPECT_THAT(shares(Ch3(backends({5, 2, 1, 2})), 4), ElementsAre(::testing::DoubleNear(0.5, 0.01), ::testing::DoubleNear(0.2, 0.01),
                                                                  ::testing::DoubleNear(0.1, 0.01), ::testing::DoubleNear(0.2, 0.01)));
  EXPECT_EQ(moved(Ch3(backends(5)), Ch3(backends(4)), 4), 0);
}

TEST(Ch3, TakesKeysOfAllLengths) {
  const Ch3 ch3(light_and_heavy(8));
  for (std::size_t length = 0; length <= 260; ++length) EXPECT_LT(ch3.server_of(std::string(length, 'k')), 8U);
}

// Five servers' points, two with ports of their own.
std::string ring_servers(RingMode mode, KeyHash hash) {
  std::vector<Backend> servers = backends(5);
  servers[1].name += ":11212";
  servers[4].port = 11300;
  const RingHash ring(servers, mode, 160);
  std::string numbers;
  for (int i = 0; i < 24; ++i) numbers += std::to_string(ring.server_of(key_hash(hash, numbered("key:", i))) + 1);
  return numbers;
}

// Computed with the functions of memcached's own proxy, of its main branch in 2026. A comparison of 100,000 keys for pools of 1 to 1000
// servers, with both hashes, 160 and 40 points, found no difference.
TEST(RingHash, IsThatOfMemcachedsProxy) {
  EXPECT_EQ(ring_servers(RingMode::kDefault, KeyHash::kXxh3), "441431123141552113555552");
  EXPECT_EQ(ring_servers(RingMode::kDefault, KeyHash::kMd5), "112122135221235355313541");
  EXPECT_EQ(ring_servers(RingMode::kKetama, KeyHash::kXxh3), "554435232212332222322451");
  EXPECT_EQ(ring_servers(RingMode::kKetama, KeyHash::kMd5), "523133522533325555341115");
  EXPECT_EQ(ring_servers(RingMode::kTwemProxy, KeyHash::kXxh3), "551241442412132242422153");
  EXPECT_EQ(ring_servers(RingMode::kTwemProxy, KeyHash::kMd5), "522334524522323535432415");
  EXPECT_EQ(ring_servers(RingMode::kEvCache, KeyHash::kXxh3), "231224135143331214152241");
  EXPECT_EQ(ring_servers(RingMode::kEvCache, KeyHash::kMd5), "241533154213342325512442");
}

TEST(RingHash, SpreadsByWeightAndMovesOnlyTheKeysOfAServerThatGoes) {
  const std::vector<Backend> servers = backends({1, 2, 5, 2});
  for (const RingMode mode : {RingMode::kDefault, RingMode::kEvCache}) {
    const RingHash ring(servers, mode, 1600);
    EXPECT_THAT(shares(ring, 4), ElementsAre(::testing::DoubleNear(0.1, 0.02), ::testing::DoubleNear(0.2, 0.02),
                                             ::testing::DoubleNear(0.5, 0.02), ::testing::DoubleNear(0.2, 0.02)));
    EXPECT_EQ(moved(ring, RingHash(without(servers, 2), mode, 1600), 2), 0);
  }
}

TEST(AnyServer, TakesEachOneAsOften) {
  EXPECT_THAT(shares(AnyServer(backends(5)), 5), ::testing::Each(::testing::DoubleNear(0.2, 0.01)));
  EXPECT_EQ(AnyServer(backends(1)).server_of(1), 0U);
}

}  // namespace
}  // namespace smartswitch::memcached
