// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "elements/memcached/datagram.h"
#include "elements/memcached/prefix_table.h"
#include "elements/sdk/testing/test_bench.h"
#include "tests/unit/memcached/requests.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::memcached {
namespace {

using testing::TestBench;

TEST(PrefixTable, FindsTheLongest) {
  PrefixTable table;
  EXPECT_TRUE(table.add("user:", 1));
  EXPECT_TRUE(table.add("user:vip:", 2));
  EXPECT_TRUE(table.add("u", 3));
  EXPECT_FALSE(table.add("user:", 4));
  EXPECT_EQ(table.find("user:7"), 1U);
  EXPECT_EQ(table.find("user:vip:7"), 2U);
  EXPECT_EQ(table.find("user:vip"), 1U);
  EXPECT_EQ(table.find("user"), 3U);
  EXPECT_EQ(table.find("x"), std::nullopt);
  EXPECT_EQ(table.find(""), std::nullopt);
}

// Words of few letters, so that many prefixes are prefixes of others.
TEST(PrefixTable, AgreesWithLookingAtEachOfAThousand) {
  std::mt19937 random(5);
  const auto word = [&random](int longest) {
    std::string text;
    for (int length = 1 + static_cast<int>(random() % static_cast<unsigned>(longest)); length > 0; --length)
      text += "ab\xFF\x80:"[random() % 5];
    return text;
  };
  PrefixTable table;
  std::map<std::string, std::uint32_t> all;
  while (all.size() < 1000) {
    const auto [entry, is_new] = all.emplace(word(12), static_cast<std::uint32_t>(all.size()));
    EXPECT_EQ(table.add(entry->first, entry->second), is_new);
  }
  int found = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string key = (i % 4 == 0 ? "z" : "") + word(20);
    std::optional<std::uint32_t> expected;
    for (std::size_t length = key.size(); length > 0 && !expected; --length) {
      if (const auto entry = all.find(key.substr(0, length)); entry != all.end()) expected = entry->second;
    }
    ASSERT_EQ(table.find(key), expected) << key;
    found += expected ? 1 : 0;
  }
  EXPECT_GT(found, 5000);
  EXPECT_LE(found, 15000);
}

struct SwitchFixture {
  explicit SwitchFixture(const Value& prefixes) : bench("KeyPrefixSwitch", Value::map({{"prefixes", prefixes}})) {}
  void push(const std::string& text) {
    const Packet packet = bench.packet(request(text));
    const auto datagram = read_datagram(packet, locate_headers(packet));
    annotate(packet, *datagram, parse_request(datagram->text));
    Batch batch;
    batch.add(packet);
    bench.push(batch);
  }
  [[nodiscard]] std::size_t out(const std::string& name) const { return bench.output(name).size(); }
  TestBench bench;
};

TEST(KeyPrefixSwitch, SortsByTheLongestPrefix) {
  SwitchFixture f(Value::map({{"users", Value::list({"user:", "profile:"})}, {"vips", "user:vip:"}}));
  for (const char* text : {"get user:1\r\n", "set profile:1 0 0 1\r\nx\r\n", "delete user:\r\n", "get user:vip\r\n"}) f.push(text);
  EXPECT_EQ(f.out("users"), 4U);
  f.push("get user:vip:1\r\n");
  f.push("mg dXNlcjp2aXA6Nw== v b\r\n");  // user:vip:7 in base64
  EXPECT_EQ(f.out("vips"), 2U);
  f.push("get shop:1\r\n");
  f.push("get user\r\n");
  f.push("version\r\n");
  EXPECT_EQ(f.out("other"), 3U);
  EXPECT_EQ(f.bench.output("other")[0].bytes, request("get shop:1\r\n")) << "nothing is changed";
}

TEST(KeyPrefixSwitch, TakesAThousandPrefixes) {
  std::vector<Value::Member> prefixes;
  for (int i = 0; i < 1000; ++i) prefixes.emplace_back("out" + std::to_string(i), "app" + std::to_string(i) + ":");
  SwitchFixture f(Value::map(prefixes));
  for (int i = 0; i < 1000; ++i) f.push("get app" + std::to_string(i) + ":key\r\n");
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(f.out("out" + std::to_string(i)), 1U);
}

TEST(KeyPrefixSwitch, PassesOnWhatNobodyHasClassified) {
  SwitchFixture f(Value::map({{"users", "user:"}}));
  push_nasty_packets(f.bench);
  EXPECT_EQ(f.out("users"), 0U);
  EXPECT_GT(f.out("other"), 0U);
}

TEST(KeyPrefixSwitch, ReportsPrefixesThatCannotWork) {
  const auto problem = [](const Value& prefixes) {
    const Problems problems = TestBench::problems_of("KeyPrefixSwitch", Value::map({{"prefixes", prefixes}}));
    return problems.size() == 1 ? problems.list()[0].message : std::to_string(problems.size()) + " problems";
  };
  EXPECT_EQ(problem(Value::map({{"a", ""}})), "`` is nothing that a key could start with");
  EXPECT_EQ(problem(Value::map({{"a", Value::list({"x", "y z"})}})), "`y z` is nothing that a key could start with");
  EXPECT_EQ(problem(Value::map({{"a", std::string(251, 'x')}})), "`" + std::string(251, 'x') + "` is nothing that a key could start with");
  EXPECT_EQ(problem(Value::map({{"a", Value::map({})}})), "a map is nothing that a key could start with");
  EXPECT_EQ(problem(Value::map({{"a", "x"}, {"b", Value::list({"y", "x"})}})), "the prefix `x` is there twice");
  EXPECT_EQ(problem(Value::map({{"other", "x"}})), "no output for prefixes can be called `other`");
}

}  // namespace
}  // namespace smartswitch::memcached
