// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/ketama.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/unit/memcached/backends.h"

namespace smartswitch::memcached {
namespace {

TEST(Ketama, Has160PointsForEachServerOfEqualWeight) {
  EXPECT_EQ(Ketama(backends({1})).points(), 160U);
  EXPECT_EQ(Ketama(backends(16)).points(), 2560U);
}

// libmemcached and TwemProxy count in single precision: a 25th of 160 * 25 is a little less than 160 there.
TEST(Ketama, RoundsAsLibmemcachedDoes) {
  EXPECT_EQ(Ketama(backends(24)).points(), 24U * 160);
  EXPECT_EQ(Ketama(backends(25)).points(), 25U * 156);
  EXPECT_EQ(Ketama(backends(100)).points(), 100U * 156);
  EXPECT_EQ(Ketama(backends({1, 3, 2, 7})).points(), 48U + 144 + 96 + 344);
}

TEST(Ketama, SpreadsKeysByWeight) {
  const Ketama ring(backends({1, 1, 1, 3}));
  std::map<std::uint32_t, int> keys;
  std::mt19937_64 random(1);
  for (int i = 0; i < 100000; ++i) ++keys[ring.server_of(random())];
  ASSERT_EQ(keys.size(), 4U);
  EXPECT_NEAR(keys[3] / 100000.0, 0.5, 0.06);
}

TEST(Ketama, MovesOnlyTheKeysOfAServerThatGoes) {
  const Ketama five(backends(5));
  const Ketama four(backends(4));
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t hash = random();
    if (five.server_of(hash) != 4) {
      ASSERT_EQ(five.server_of(hash), four.server_of(hash));
    }
  }
}

// What TwemProxy does with `auto_eject_hosts`: it builds the ring without the server.
TEST(Ketama, WithoutAServerThatIsDownIsTheRingWithoutIt) {
  const Ketama five(backends(5));
  const Ketama four(backends(4));
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t hash = random();
    ASSERT_EQ(five.server_of(hash, [](std::uint32_t server) { return server != 4; }), four.server_of(hash));
  }
  EXPECT_EQ(five.server_of(0, [](std::uint32_t) { return false; }), std::nullopt);
}

TEST(Ketama, WrapsAroundAtTheEnds) {
  const Ketama ring(backends(3));
  EXPECT_LT(ring.server_of(0), 3U);
  EXPECT_EQ(ring.server_of(UINT64_MAX), ring.server_of(0)) << "behind the last point comes the first";
  for (std::uint32_t only = 0; only < 3; ++only) {
    EXPECT_EQ(ring.server_of(UINT64_MAX, [only](std::uint32_t server) { return server == only; }), only);
  }
}

}  // namespace
}  // namespace smartswitch::memcached
