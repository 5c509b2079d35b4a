// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/ring.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace smartswitch::memcached {
namespace {

constexpr std::uint32_t kLast = std::numeric_limits<std::uint32_t>::max();

// The first point at or after `value`, looked for one by one.
std::uint32_t expected(const std::vector<Ring::Point>& sorted, std::uint32_t value) {
  for (const Ring::Point& point : sorted) {
    if (point.value >= value) return point.server;
  }
  return sorted.front().server;
}

void expect_right_around(std::vector<Ring::Point> points) {
  const Ring ring(points);
  std::stable_sort(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
  std::vector<std::uint32_t> values = {0, 1, kLast - 1, kLast};
  for (const Ring::Point& point : points) values.insert(values.end(), {point.value - 1, point.value, point.value + 1});
  for (const std::uint32_t value : values) EXPECT_EQ(ring.server_of(value), expected(points, value)) << value;
}

TEST(Ring, FindsTheNextPoint) {
  std::mt19937 random(1);
  for (const std::size_t size : {1U, 2U, 3U, 40U, 2'000U}) {
    std::vector<Ring::Point> points(size);
    for (std::size_t i = 0; i < size; ++i) points[i] = {static_cast<std::uint32_t>(random()), static_cast<std::uint32_t>(i)};
    expect_right_around(points);
  }
}

TEST(Ring, PointsThatAreClose) {
  expect_right_around({{5, 0}, {6, 1}, {7, 2}, {1'000'000, 3}, {1'000'001, 0}, {kLast - 1, 1}, {kLast - 2, 2}});
}

TEST(Ring, PointsAtBothEnds) {
  expect_right_around({{0, 0}, {kLast, 1}});
  expect_right_around({{kLast, 3}});
  expect_right_around({{0, 3}, {1U << 31, 4}});
}

TEST(Ring, OfEqualPointsTheFirstCounts) { expect_right_around({{9, 2}, {9, 1}, {9, 0}, {70, 1}, {70, 2}}); }

TEST(Ring, MoreServersThanASlotCanName) { expect_right_around({{100, 65'534}, {200, 65'535}, {300, 70'000}, {1U << 30, 1'000'000}}); }

TEST(Ring, WhoIsDownIsPassedOver) {
  const Ring ring({{10, 0}, {20, 1}, {30, 2}, {40, 1}});
  const auto up_but = [](std::uint32_t down) { return [down](std::uint32_t server) { return server != down; }; };
  EXPECT_EQ(ring.server_of(15, up_but(0)), 1U);
  EXPECT_EQ(ring.server_of(15, up_but(1)), 2U);
  EXPECT_EQ(ring.server_of(35, up_but(1)), 0U) << "around the end";
  EXPECT_EQ(ring.server_of(35, [](std::uint32_t) { return false; }), std::nullopt);
}

}  // namespace
}  // namespace smartswitch::memcached
