// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/answer_parts.h"

#include <gtest/gtest.h>

#include "tests/unit/load/served_client.h"

namespace smartswitch::load {
namespace {

using Outcome = AnswerParts::Outcome;

class AnswersInParts : public ::testing::Test {
 protected:
  AnswersInParts() { parts_.start(4); }

  Outcome add(PartialAnswer& answer, const std::string& text, std::uint16_t sequence, std::uint16_t total) {
    const Packet packet = bench_.packet(ServedClient::datagram(Asked{}, text, sequence, total));
    const Outcome outcome = parts_.add(answer, packet, *read_answer_datagram(packet));
    if (outcome == Outcome::kNoRoom || outcome == Outcome::kNoPart) rte_pktmbuf_free(packet.mbuf());
    return outcome;
  }
  static void free(Packet packet) { rte_pktmbuf_free(packet.mbuf()); }

  testing::TestBench bench_{"Discard"};  // which finds packets that were not given away
  AnswerParts parts_;
  PartialAnswer answer_;
};

TEST_F(AnswersInParts, AreJoinedInOrder) {
  EXPECT_EQ(add(answer_, "c", 2, 3), Outcome::kMissing);
  EXPECT_EQ(add(answer_, "a", 0, 3), Outcome::kMissing);
  EXPECT_EQ(parts_.held(), 2U);
  EXPECT_EQ(add(answer_, "b", 1, 3), Outcome::kWhole);
  EXPECT_EQ(parts_.join(answer_, free), "abc");
  EXPECT_EQ(parts_.held(), 0U);
  EXPECT_TRUE(answer_.empty());
}

TEST_F(AnswersInParts, RefuseWhatDoesNotBelongToThem) {
  EXPECT_EQ(add(answer_, "b", 1, 3), Outcome::kMissing);
  EXPECT_EQ(add(answer_, "b", 1, 3), Outcome::kNoPart);
  EXPECT_EQ(add(answer_, "a", 0, 2), Outcome::kNoPart);
  EXPECT_EQ(add(answer_, "d", 3, 3), Outcome::kNoPart);
  EXPECT_EQ(parts_.held(), 1U);
  parts_.release(answer_, free);
}

TEST_F(AnswersInParts, AreBoundedTogether) {
  PartialAnswer other;
  for (const std::uint16_t i : {0, 1, 2}) EXPECT_EQ(add(answer_, "x", i, 9), Outcome::kMissing);
  EXPECT_EQ(add(other, "y", 0, 2), Outcome::kMissing);
  EXPECT_EQ(add(other, "z", 1, 2), Outcome::kNoRoom);
  EXPECT_EQ(parts_.held(), 4U);
  parts_.release(answer_, free);
  EXPECT_EQ(parts_.held(), 1U);
  EXPECT_EQ(add(other, "z", 1, 2), Outcome::kWhole);
  EXPECT_EQ(parts_.join(other, free), "yz");
}

TEST_F(AnswersInParts, AreCutOffWhereNoAnswerIsThatLong) {
  parts_.start(100);
  const std::string text(1400, 'x');
  for (std::uint16_t i = 0; i < 48; ++i) add(answer_, text, i, 48);
  EXPECT_EQ(parts_.join(answer_, free), std::string(kLargestValue + 1024, 'x'));
}

TEST(AnswerParts, HoldWhatTheLargestAnswersNeed) {
  EXPECT_EQ(AnswerParts::most(32, 10'000), 256U);
  EXPECT_EQ(AnswerParts::most(3000, 1000), 2000U);
  EXPECT_EQ(AnswerParts::most(65'000, 1000), 8192U);
}

}  // namespace
}  // namespace smartswitch::load
