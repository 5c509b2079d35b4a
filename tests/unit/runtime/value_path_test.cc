// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/value_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smartswitch::runtime {
namespace {

using ::testing::HasSubstr;

Value server(const char* name, const char* weight) { return Value::map({{"name", name}, {"weight", weight}}); }
const Value kServers = Value::list({server("mc1", "1"), server("mc2", "2"), Value::map({{"address", "10.0.0.3:11212"}})});

Value changed(const char* path, const Value& value) {
  Problems problems;
  const auto result = with_value_at(kServers, path, value, "`servers`", problems);
  for (const Problem& p : problems.list()) ADD_FAILURE() << p.message;
  return result.value_or(Value());
}

std::string fault(const Value& whole, const char* path, const Value& value) {
  Problems problems;
  EXPECT_FALSE(with_value_at(whole, path, value, "`servers`", problems));
  return problems.empty() ? "" : problems.list()[0].message + " (" + problems.list()[0].hint + ")";
}

TEST(ValuePath, ChangesOnePart) {
  EXPECT_EQ(changed("mc2/weight", "7"), Value::list({server("mc1", "1"), server("mc2", "7"), kServers.items()[2]}));
  EXPECT_EQ(changed("mc1/drained", "true").items()[0], Value::map({{"name", "mc1"}, {"weight", "1"}, {"drained", "true"}}));
  EXPECT_EQ(changed("10.0.0.3:11212/weight", "2").items()[2], Value::map({{"address", "10.0.0.3:11212"}, {"weight", "2"}}));
  EXPECT_EQ(changed("mc1", Value::map({{"name", "other"}})).items()[0], Value::map({{"name", "other"}}));
}

TEST(ValuePath, AddsAndTakesOut) {
  EXPECT_EQ(changed("mc3", Value::map({{"weight", "3"}})).items()[3], server("mc3", "3"));
  EXPECT_EQ(changed("mc1", Value::null()), Value::list({server("mc2", "2"), kServers.items()[2]}));
  EXPECT_EQ(changed("mc1/weight", Value::null()).items()[0], Value::map({{"name", "mc1"}}));
}

TEST(ValuePath, SaysWhatIsNotThere) {
  EXPECT_THAT(fault(kServers, "mc4/weight", "1"), HasSubstr("there is no `mc4` in `servers` (did you mean `mc1`?"));
  EXPECT_THAT(fault(kServers, "mc4", Value::null()), HasSubstr("there is no `mc4`"));
  EXPECT_THAT(fault(kServers, "mc1/weight/x", "1"), HasSubstr("`weight` of `mc1` of `servers` is `1`: there is no `x` in it"));
  EXPECT_THAT(fault("10", "x", "1"), HasSubstr("there is no `x` in it"));
  EXPECT_THAT(fault(kServers, "", "1"), HasSubstr("there is no ``"));
}

}  // namespace
}  // namespace smartswitch::runtime
