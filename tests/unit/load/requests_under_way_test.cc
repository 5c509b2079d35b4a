// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/requests_under_way.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "elements/load/turns.h"

namespace smartswitch::load {
namespace {

TEST(RequestsUnderWay, AreFoundByTheirIdUntilItIsUsedAgain) {
  RequestsUnderWay requests(2, 4);
  UnderWay* request = requests.begin(1);
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(requests.find(1, request->id()), request);
  EXPECT_EQ(requests.find(0, request->id()), nullptr);
  EXPECT_EQ(requests.find(1, static_cast<std::uint16_t>(request->id() + 4)), nullptr);
  requests.end(1, *request, UnderWay::Status::kAnswered);
  EXPECT_EQ(requests.find(1, request->id())->status, UnderWay::Status::kAnswered);
  EXPECT_EQ(requests.waiting(), 0U);
}

TEST(RequestsUnderWay, HasPlacesForSoManyOfEachClient) {
  RequestsUnderWay requests(2, 4);
  std::set<std::uint16_t> ids;
  for (int i = 0; i < 4; ++i) ids.insert(requests.begin(0)->id());
  EXPECT_EQ(ids.size(), 4U);
  EXPECT_EQ(requests.begin(0), nullptr);
  EXPECT_NE(requests.begin(1), nullptr);
  requests.end(0, *requests.find(0, 2), UnderWay::Status::kAnswered);
  EXPECT_EQ(requests.begin(0)->id(), 6);  // the next number whose place is free
}

TEST(RequestsUnderWay, IdsComeInTurn) {
  RequestsUnderWay requests(1, 4);
  for (std::uint32_t i = 0; i < 70'000; ++i) {
    UnderWay* request = requests.begin(0);
    ASSERT_EQ(request->id(), static_cast<std::uint16_t>(i));
    requests.end(0, *request, UnderWay::Status::kAnswered);
  }
}

TEST(RequestsUnderWay, LosesThoseThatWaitTooLong) {
  RequestsUnderWay requests(1, 4);
  for (int i = 0; i < 3; ++i) requests.begin(0)->sent = 100 * i;
  requests.end(0, *requests.find(0, 0), UnderWay::Status::kAnswered);
  std::vector<std::uint16_t> lost;
  const auto note = [&](std::size_t, UnderWay& request) { lost.push_back(request.id()); };
  requests.expire(100, note);
  EXPECT_TRUE(lost.empty());
  requests.expire(101, note);
  EXPECT_EQ(lost, std::vector<std::uint16_t>{1});
  EXPECT_EQ(requests.find(0, 1)->status, UnderWay::Status::kLost);
  EXPECT_EQ(requests.waiting(), 1U);
  requests.expire(1000, note);
  EXPECT_EQ(requests.waiting(), 0U);
}

TEST(RequestsUnderWay, AreAllLookedAt) {
  RequestsUnderWay requests(3, 4);
  requests.begin(0)->key = 5;
  requests.begin(2)->key = 7;
  requests.end(2, *requests.find(2, 0), UnderWay::Status::kAnswered);
  std::uint64_t places = 0;
  std::uint64_t keys = 0;
  requests.for_each([&](const UnderWay& request) {
    ++places;
    keys += request.key;
  });
  EXPECT_EQ(places, 12U);
  EXPECT_EQ(keys, 12U);
}

TEST(RequestsUnderWay, HasPlacesForTwiceAsManyAsMayWait) {
  EXPECT_EQ(RequestsUnderWay::places_for(1), 64U);
  EXPECT_EQ(RequestsUnderWay::places_for(100.5), 201U);
  EXPECT_EQ(RequestsUnderWay::places_for(1e9), RequestsUnderWay::kMostOfAClient);
}

TEST(Turns, GoRoundAllClients) {
  Turns turns(3, 2);
  for (const std::uint32_t client : {0, 1, 2, 0, 1, 2}) {
    ASSERT_FALSE(turns.none());
    EXPECT_EQ(turns.next(), client);
    turns.take();
  }
  EXPECT_TRUE(turns.none());
  turns.give_back(2);
  turns.give_back(1);
  EXPECT_EQ(turns.next(), 2U);
  turns.take();
  EXPECT_EQ(turns.next(), 1U);
}

}  // namespace
}  // namespace smartswitch::load
