// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/fetch_table.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace smartswitch::memcached {
namespace {

TEST(FetchTable, OneAtATime) {
  FetchTable table;
  Random random(1);
  const auto first = table.open(7, "key", 1000, random);
  ASSERT_TRUE(first);
  EXPECT_EQ(*first >> 56, 0U);
  EXPECT_FALSE(table.open(7, "key", 1000, random));
  KeyBuffer buffer;
  EXPECT_EQ(table.key_of(*first, buffer), "key");
  table.close(*first);
  EXPECT_EQ(table.key_of(*first, buffer), "");
  const auto second = table.open(7, "key", 1000, random);
  ASSERT_TRUE(second);
  EXPECT_NE(*second, *first);
}

TEST(FetchTable, WhatBroughtNothingIsTriedAgainAfterAWhile) {
  FetchTable table;
  Random random(1);
  const auto first = table.open(7, "key", 1000, random);
  EXPECT_FALSE(table.open(7, "key", 1000 + FetchTable::kPause - 1, random));
  const auto second = table.open(7, "other", 1000 + FetchTable::kPause, random);
  ASSERT_TRUE(first && second);
  KeyBuffer buffer;
  EXPECT_EQ(table.key_of(*first, buffer), "") << "over";
  EXPECT_EQ(table.key_of(*second, buffer), "other");
  table.close(*first);
  EXPECT_EQ(table.key_of(*second, buffer), "other") << "not its number";
}

TEST(FetchTable, KeysOfAllLengths) {
  FetchTable table;
  Random random(1);
  for (std::size_t length = 1; length <= kLongestKey; ++length) {
    const std::string key(length, 'k');
    const auto number = table.open(length, key, 1000, random);
    ASSERT_TRUE(number);
    KeyBuffer buffer;
    EXPECT_EQ(table.key_of(*number, buffer), key);
  }
}

TEST(FetchTable, SeveralWorkersNeverGetTheSameFetch) {
  FetchTable table;
  std::vector<std::vector<std::uint64_t>> numbers(3);
  std::vector<std::thread> workers;
  for (std::size_t w = 0; w < numbers.size(); ++w) {
    workers.emplace_back([&, w] {
      Random random(w);
      for (std::uint64_t hash = 0; hash < 1000; ++hash) {
        if (const auto number = table.open(hash, "key" + std::to_string(hash), 1000, random))
          numbers[w].push_back(*number % FetchTable::kPlaces);
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  std::set<std::uint64_t> places;
  std::size_t opened = 0;
  for (const auto& list : numbers) {
    opened += list.size();
    places.insert(list.begin(), list.end());
  }
  EXPECT_EQ(opened, 1000U);
  EXPECT_EQ(places.size(), 1000U);
}

}  // namespace
}  // namespace smartswitch::memcached
