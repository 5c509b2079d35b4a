// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/command/top_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <vector>

namespace smartswitch::command {
namespace {

using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

runtime::ElementCounts counted(const std::string& name, std::uint64_t in, std::uint64_t dropped = 0) {
  runtime::ElementCounts element;
  element.name = name;
  element.element_class = "Counter";
  element.in = in;
  runtime::CounterValue reason;
  reason.name = "lost";
  reason.drop = true;
  reason.value = dropped;
  element.counters.push_back(reason);
  return element;
}

class TopText : public ::testing::Test {
 protected:
  TopText() {
    before_.seconds = 10;
    before_.elements = {counted("slow", 0), counted("fast", 0), counted("lossy", 0)};
    now_.seconds = 12;
    now_.elements = {counted("slow", 2'000), counted("fast", 4'000'000), counted("lossy", 200, 100)};
  }

  std::vector<std::string> lines(const TopCosts& costs) const {
    std::istringstream text(top_text(before_, now_, costs, view_));
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
  // The names of elements, from above.
  std::vector<std::string> order(const TopCosts& costs) const {
    std::vector<std::string> names;
    for (const std::string& line : lines(costs)) {
      if (const auto end = line.find(' '); line.find("Counter") != std::string::npos) names.push_back(line.substr(0, end));
    }
    return names;
  }

  runtime::Snapshot before_;
  runtime::Snapshot now_;
  TopView view_;
};

TEST_F(TopText, RatesOfTheTimeBetween) {
  const auto all = lines({});
  ASSERT_THAT(all, SizeIs(6));
  EXPECT_THAT(all[2], ContainsRegex("^ELEMENT +CLASS +PACKETS/S +DROPS/S +NS/PACKET +DROPPED +HELD$"));
  EXPECT_THAT(all[3], ContainsRegex("^fast +Counter +2\\.00 M +0 +- +0 +0$"));
  EXPECT_THAT(all[5], ContainsRegex("^lossy +Counter +100 +50 +- +100 +0$"));
  for (const std::string& line : all) EXPECT_LE(line.size(), 80U) << line;
}

TEST_F(TopText, CostOfThoseThatHadPackets) {
  const auto all = lines({{"slow", 1234.5}, {"fast", 7.6}});
  EXPECT_THAT(all[3], ContainsRegex("^fast +Counter +2\\.00 M +0 +8 "));
  EXPECT_THAT(all[4], ContainsRegex("^slow +Counter +1\\.00 k +0 +1\\.23 k "));
  EXPECT_THAT(all[5], ContainsRegex("^lossy +Counter +100 +50 +- "));
}

TEST_F(TopText, NothingOfCostsWhereTheyAreNotWanted) {
  view_.costs = false;
  const auto all = lines({});
  EXPECT_THAT(all[2], Not(HasSubstr("NS/PACKET")));
  EXPECT_THAT(all[5], ContainsRegex("^lossy +Counter +100 +50 +100 +0$"));
}

TEST_F(TopText, Orders) {
  const TopCosts costs{{"slow", 90}, {"fast", 7}};
  EXPECT_THAT(order(costs), ElementsAre("fast", "slow", "lossy"));
  view_.order = TopOrder::kDrops;
  EXPECT_THAT(order(costs), ElementsAre("lossy", "fast", "slow"));
  view_.order = TopOrder::kName;
  EXPECT_THAT(order(costs), ElementsAre("fast", "lossy", "slow"));
  view_.order = TopOrder::kCost;
  EXPECT_THAT(order(costs), ElementsAre("slow", "fast", "lossy")) << "what is not known comes last";
}

TEST_F(TopText, NoMoreLinesThanTheTerminalHas) {
  view_.height = 4;
  EXPECT_THAT(lines({}), SizeIs(4));
}

}  // namespace
}  // namespace smartswitch::command
