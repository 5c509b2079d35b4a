// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "elements/sdk/testing/test_bench.h"
#include "tests/unit/memcached/binary_messages.h"
#include "tests/unit/memcached/requests.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::memcached {
namespace {

using testing::TestBench;

Value commands_of(std::vector<std::string> words) { return Value::list(std::vector<Value>(words.begin(), words.end())); }

struct CommandSwitchFixture {
  explicit CommandSwitchFixture(const std::vector<Value::Member>& commands)
      : bench("CommandSwitch", Value::map({{"commands", Value::map(commands)}})) {
    for (const auto& [output, list, where] : commands) outputs.push_back(output);
  }
  // The output that it leaves through.
  std::string way_of(const std::string& text) {
    TestBench classifier("MemcachedClassifier");
    classifier.push({request(text)});
    for (const char* output : {"get", "write", "several", "control"}) {
      for (const testing::Seen& seen : classifier.take(output)) hand_over(bench, seen);
    }
    std::string way;
    for (const std::string& output : outputs) {
      for (const testing::Seen& seen : bench.take(output)) {
        way += output;
        EXPECT_EQ(seen.bytes, request(text)) << "nothing is changed";
      }
    }
    return way;
  }
  TestBench bench;
  std::vector<std::string> outputs{"other"};
};

TEST(CommandSwitch, SortsByCommandWhateverTheProtocol) {
  CommandSwitchFixture f({{"reads", commands_of({"get", "mg"})},
                          {"deletes", commands_of({"delete", "md"})},
                          {"operators", commands_of({"lru", "slabs", "sasl", "stats"})},
                          {"rest", commands_of({"unknown"})}});
  EXPECT_EQ(f.way_of("get k\r\n"), "reads");
  EXPECT_EQ(f.way_of("mg k v\r\n"), "reads");
  EXPECT_EQ(f.way_of(binary_request(binary::kGet, "", "k")), "reads");
  EXPECT_EQ(f.way_of("delete k\r\n"), "deletes");
  EXPECT_EQ(f.way_of("delete k noreply\r\n"), "deletes");
  EXPECT_EQ(f.way_of("md k q\r\n"), "deletes");
  EXPECT_EQ(f.way_of(binary_request(0x04, "", "k")), "deletes");
  EXPECT_EQ(f.way_of("stats items\r\n"), "operators");
  EXPECT_EQ(f.way_of("nonsense\r\n"), "rest");
  for (const char* other : {"gets k\r\n", "set k 0 0 1\r\nx\r\n", "gat 1 k\r\n", "version\r\n", "flush_all\r\n", "ms k 1\r\nx\r\n"})
    EXPECT_EQ(f.way_of(other), "other") << other;
}

TEST(CommandSwitch, TellsTheCommandsOfOperatorsApart) {
  CommandSwitchFixture f({{"operators", commands_of({"slabs", "sasl"})}});
  EXPECT_EQ(f.way_of("slabs reassign 1 2\r\n"), "operators");
  EXPECT_EQ(f.way_of("lru_crawler enable\r\n"), "other");
  EXPECT_EQ(f.way_of("watch\r\n"), "other");
  EXPECT_EQ(f.way_of(binary_request(0x20, "", "")), "operators") << "SASL list";
}

TEST(CommandSwitch, DoesNotSplit) {
  CommandSwitchFixture f({{"reads", commands_of({"get"})}});
  EXPECT_EQ(f.way_of("get a b\r\n"), "other");
  EXPECT_EQ(f.way_of("get a\r\ndelete b\r\n"), "other");
}

TEST(CommandSwitch, PassesOnWhatNobodyHasClassified) {
  CommandSwitchFixture f({{"rest", commands_of({"unknown", "get"})}});
  push_nasty_packets(f.bench);
  EXPECT_TRUE(f.bench.output("rest").empty());
  EXPECT_GT(f.bench.output("other").size(), 0U);
}

TEST(CommandSwitch, ReportsListsThatCannotWork) {
  const auto problem = [](const Value& commands) {
    const Problems problems = TestBench::problems_of("CommandSwitch", Value::map({{"commands", commands}}));
    return problems.size() == 1 ? problems.list()[0].message : std::to_string(problems.size()) + " problems";
  };
  EXPECT_EQ(problem(Value::map({{"a", commands_of({"gte"})}})), "`gte` is no command of memcached's");
  EXPECT_EQ(problem(Value::map({{"a", "get"}})), "`get` is not a list of commands (`[get, set]`)");
  EXPECT_EQ(problem(Value::map({{"a", commands_of({"get", "set"})}, {"b", commands_of({"set", "incr"})}})),
            "of the commands of `b`, [set] are another output's already");
  EXPECT_EQ(problem(Value::map({{"other", commands_of({"get"})}})), "no output for commands can be called `other`");
  EXPECT_EQ(problem(Value::map({{"a", commands_of({})}})), "`a` has no commands");
}

}  // namespace
}  // namespace smartswitch::memcached
