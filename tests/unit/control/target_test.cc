// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smartswitch::runtime::control {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Target, IsTakenApart) {
  const auto target = parse_target("/v1/elements/lane1%2Flimit?a=1&b=x%20y&a=2&c");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/v1/elements/lane1%2Flimit");
  EXPECT_THAT(target->segments, ElementsAre("v1", "elements", "lane1/limit"));
  EXPECT_THAT(target->query, ElementsAre(Pair("a", "1"), Pair("b", "x y"), Pair("c", "")));
}

TEST(Target, MayBeTheRoot) {
  EXPECT_THAT(parse_target("/")->segments, IsEmpty());
  EXPECT_THAT(parse_target("/?x")->segments, IsEmpty());
  EXPECT_THAT(parse_target("/v1/")->segments, ElementsAre("v1"));
}

TEST(Target, IsRefused) {
  for (const char* bad : {"", "v1", "http://x/", "/%", "/%2", "/%2g", "/%-1", "/a?%", "*"}) EXPECT_FALSE(parse_target(bad)) << bad;
}

TEST(Percent, IsItsOwnInverse) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_encode("lane1/limit-2_x.y~"), "lane1%2Flimit-2_x.y~");
}

}  // namespace
}  // namespace smartswitch::runtime::control
