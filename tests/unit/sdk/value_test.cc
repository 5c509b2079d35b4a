// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smartswitch {
namespace {

TEST(Value, IsNothingUnlessMade) {
  const Value value;
  EXPECT_TRUE(value.is_null());
  EXPECT_EQ(value.kind(), Value::Kind::kNull);
  EXPECT_EQ(value.spoken(), "nothing");
  EXPECT_TRUE(Value::null({"a.yaml", 1, 2}).is_null());
  EXPECT_EQ(Value::null({"a.yaml", 1, 2}).where(), (Location{"a.yaml", 1, 2}));
}

TEST(Value, HoldsAText) {
  const Value value("10k", {"a.yaml", 3, 4});
  EXPECT_TRUE(value.is_scalar());
  EXPECT_EQ(value.text(), "10k");
  EXPECT_EQ(value.spoken(), "`10k`");
  EXPECT_EQ(value.where(), (Location{"a.yaml", 3, 4}));
  EXPECT_TRUE(value.items().empty());
  EXPECT_TRUE(value.members().empty());
  EXPECT_EQ(value.find("x"), nullptr);
}

TEST(Value, HoldsAList) {
  const Value value = Value::list({"a", Value::list({}), "b"});
  EXPECT_TRUE(value.is_list());
  ASSERT_EQ(value.items().size(), 3U);
  EXPECT_EQ(value.items()[2].text(), "b");
  EXPECT_EQ(value.spoken(), "a list");
  EXPECT_EQ(value.text(), "");
}

TEST(Value, HoldsAMapInTheOrderOfWriting) {
  const Value value = Value::map({{"z", "1"}, {"a", "2"}, {"z", "3", {"f.yaml", 9, 1}}});
  EXPECT_TRUE(value.is_map());
  ASSERT_EQ(value.members().size(), 3U);
  EXPECT_EQ(value.members()[0].key, "z");
  EXPECT_EQ(value.members()[1].key, "a");
  EXPECT_EQ(value.members()[2].where, (Location{"f.yaml", 9, 1}));
  ASSERT_NE(value.find("z"), nullptr);
  EXPECT_EQ(value.find("z")->text(), "1") << "the first of two";
  EXPECT_EQ(value.find("b"), nullptr);
  EXPECT_EQ(value.spoken(), "a map");
}

TEST(Problems, KeepsTheirOrder) {
  Problems problems;
  EXPECT_TRUE(problems.empty());
  problems.add({"a.yaml", 2, 1}, "first", "do this");
  problems.add({}, "second");
  ASSERT_EQ(problems.size(), 2U);
  EXPECT_FALSE(problems.empty());
  EXPECT_EQ(problems.list()[0].message, "first");
  EXPECT_EQ(problems.list()[0].hint, "do this");
  EXPECT_EQ(problems.list()[0].where.line, 2U);
  EXPECT_EQ(problems.list()[1].hint, "");
}

}  // namespace
}  // namespace smartswitch
