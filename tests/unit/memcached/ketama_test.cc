// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/ketama.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace smartswitch::memcached {
namespace {

std::vector<Ketama::Server> servers(unsigned n) {
  std::vector<Ketama::Server> list;
  for (unsigned i = 0; i < n; ++i) list.push_back({"10.0.0." + std::to_string(i + 1), 1});
  return list;
}

TEST(Ketama, Has160PointsForEachServerOfEqualWeight) {
  EXPECT_EQ(Ketama(servers(1)).points(), 160U);
  EXPECT_EQ(Ketama(servers(16)).points(), 2560U);
}

TEST(Ketama, SpreadsKeysByWeight) {
  std::vector<Ketama::Server> list = servers(4);
  list[3].weight = 3;
  const Ketama ring(list);
  std::map<std::uint32_t, int> keys;
  std::mt19937 random(1);
  for (int i = 0; i < 100000; ++i) ++keys[ring.server_of(static_cast<std::uint32_t>(random()))];
  ASSERT_EQ(keys.size(), 4U);
  EXPECT_NEAR(keys[3] / 100000.0, 0.5, 0.06);
}

TEST(Ketama, MovesOnlyTheKeysOfAServerThatGoes) {
  const Ketama five(servers(5));
  const Ketama four(servers(4));
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    const auto hash = static_cast<std::uint32_t>(random());
    if (five.server_of(hash) != 4) {
      ASSERT_EQ(five.server_of(hash), four.server_of(hash));
    }
  }
}

TEST(Ketama, WrapsAroundAtTheEnds) {
  const Ketama ring(servers(3));
  EXPECT_LT(ring.server_of(0), 3U);
  EXPECT_EQ(ring.server_of(0xFFFFFFFF), ring.server_of(0)) << "behind the last point comes the first";
}

}  // namespace
}  // namespace smartswitch::memcached
