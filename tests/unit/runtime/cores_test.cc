// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/cores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smartswitch::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ChooseCores : public ::testing::Test {
 protected:
  void worker(std::optional<unsigned> core) {
    graph::Worker& w = workers_.emplace_back();
    w.name = "worker" + std::to_string(workers_.size() - 1);
    w.core = core;
  }
  std::vector<unsigned> choose(const std::vector<unsigned>& allowed) { return choose_cores(workers_, allowed, problems_, warnings_); }

  std::vector<graph::Worker> workers_;
  Problems problems_;
  std::vector<std::string> warnings_;
};

TEST_F(ChooseCores, TakesCoreZeroLast) {
  for (int i = 0; i < 3; ++i) worker(std::nullopt);
  EXPECT_THAT(choose({0, 1, 2}), ElementsAre(1, 2, 0));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(ChooseCores, LeavesCoresThatTheFileNamesToThoseWorkers) {
  worker(std::nullopt);
  worker(2);
  worker(std::nullopt);
  EXPECT_THAT(choose({1, 2, 3}), ElementsAre(1, 2, 3));
}

TEST_F(ChooseCores, SharesWithAWarningWhenThereAreTooFew) {
  for (int i = 0; i < 3; ++i) worker(std::nullopt);
  EXPECT_THAT(choose({0, 1}), ElementsAre(1, 0, 1));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("3 workers share 2 cores")));
  EXPECT_TRUE(problems_.empty());
}

TEST_F(ChooseCores, RefusesACoreThatIsNotAllowed) {
  worker(7);
  choose({0, 1});
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_EQ(problems_.list()[0].message, "worker `worker0` cannot run on core 7");
  EXPECT_EQ(problems_.list()[0].hint, "this process may use cores `0` and `1`");
}

TEST(AllowedCores, AreInOrderAndNotEmpty) {
  const std::vector<unsigned> cores = allowed_cores();
  EXPECT_FALSE(cores.empty());
  EXPECT_TRUE(std::is_sorted(cores.begin(), cores.end()));
}

}  // namespace
}  // namespace smartswitch::runtime
