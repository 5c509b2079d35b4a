// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/suggest.h"

#include <gtest/gtest.h>

namespace smartswitch {
namespace {

TEST(DidYouMean, FindsWhatWasMeant) {
  const std::vector<std::string> known = {"Queue", "KeyHashSwitch", "HashSwitch", "PollDevice", "ToDevice", "Tee"};
  EXPECT_EQ(did_you_mean("KeyHashSwich", known), "did you mean `KeyHashSwitch`?");
  EXPECT_EQ(did_you_mean("Queeu", known), "did you mean `Queue`?") << "neighbours that changed places are one mistake";
  EXPECT_EQ(did_you_mean("queue", known), "did you mean `Queue`?") << "case counts nothing";
  EXPECT_EQ(did_you_mean("TODEVICE", known), "did you mean `ToDevice`?");
  EXPECT_EQ(did_you_mean("PolDevise", known), "did you mean `PollDevice`?");
  EXPECT_EQ(did_you_mean("Te", known), "did you mean `Tee`?");
}

TEST(DidYouMean, TakesTheNearest) { EXPECT_EQ(did_you_mean("capcaity", {"capacitor", "capacity", "opacity"}), "did you mean `capacity`?"); }

TEST(DidYouMean, SaysNothingIfNothingIsNear) {
  EXPECT_EQ(did_you_mean("Elephant", {"Queue", "Tee"}), "");
  EXPECT_EQ(did_you_mean("", {"a"}), "");
  EXPECT_EQ(did_you_mean("Queue", {}), "");
  EXPECT_EQ(did_you_mean(std::string(1000, 'x'), {std::string(1000, 'x')}), "") << "not worth the time";
}

TEST(SpokenList, ReadsLikeASentence) {
  EXPECT_EQ(spoken_list({}), "");
  EXPECT_EQ(spoken_list({"a"}), "`a`");
  EXPECT_EQ(spoken_list({"a", "b"}), "`a` and `b`");
  EXPECT_EQ(spoken_list({"a", "b", "c"}), "`a`, `b` and `c`");
}

TEST(SpokenList, IsCutWhenLong) {
  EXPECT_EQ(spoken_list({"a", "b", "c"}, 3), "`a`, `b` and `c`");
  EXPECT_EQ(spoken_list({"a", "b", "c", "d", "e"}, 3), "`a`, `b`, `c` and 2 more");
}

}  // namespace
}  // namespace smartswitch
