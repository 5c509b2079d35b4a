// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What modula, jump, rendezvous and maglev promise: which server, even shares, and which keys move.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "elements/memcached/any_server.h"
#include "elements/memcached/jump.h"
#include "elements/memcached/maglev.h"
#include "elements/memcached/modula.h"
#include "elements/memcached/rendezvous.h"
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

TEST(AnyServer, TakesEachOneAsOften) {
  EXPECT_THAT(shares(AnyServer(backends(5)), 5), ::testing::Each(::testing::DoubleNear(0.2, 0.01)));
  EXPECT_EQ(AnyServer(backends(1)).server_of(1), 0U);
}

}  // namespace
}  // namespace smartswitch::memcached
