// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/client_networks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smartswitch::memcached {
namespace {

using ::testing::SizeIs;

ClientAddress address(std::string_view text) {
  if (const auto ipv4 = parse_ipv4(text)) return ClientAddress::of_ipv4(ipv4->host_order);
  return ClientAddress::of_ipv6(parse_ipv6(text)->bytes.data());
}

TEST(ClientNetworks, HaveTheirAddressesFromTheFirstToTheLast) {
  ClientNetworks networks;
  for (const char* text : {"10.0.1.0/24", "192.168.0.0/16", "10.0.3.7", "fd00:1::/32", "10.0.1.128/25", "10.0.0.0/24"}) {
    EXPECT_TRUE(networks.add(text)) << text;
  }
  for (const char* in : {"10.0.1.0", "10.0.1.200", "10.0.1.255", "10.0.3.7", "192.168.0.0", "192.168.255.255", "10.0.0.0", "10.0.0.255",
                         "fd00:1::", "fd00:1:ffff:ffff:ffff:ffff:ffff:ffff"}) {
    EXPECT_TRUE(networks.contain(address(in))) << in;
  }
  for (const char* out : {"9.255.255.255", "10.0.2.0", "10.0.3.6", "10.0.3.8", "192.167.255.255", "192.169.0.0", "0.0.0.0",
                          "255.255.255.255", "fd00::ffff", "fd00:2::", "::", "::10.0.1.1"}) {
    EXPECT_FALSE(networks.contain(address(out))) << out;
  }
}

TEST(ClientNetworks, MayHoldEachOtherInAnyOrder) {
  for (const std::vector<const char*>& order :
       {std::vector{"10.0.0.0/8", "10.1.0.0/16", "10.1.2.3"}, {"10.1.2.3", "10.1.0.0/16", "10.0.0.0/8"}}) {
    ClientNetworks networks;
    for (const char* text : order) EXPECT_TRUE(networks.add(text));
    for (const char* in : {"10.0.0.0", "10.1.2.3", "10.1.2.4", "10.200.0.1", "10.255.255.255"})
      EXPECT_TRUE(networks.contain(address(in))) << in;
    for (const char* out : {"9.255.255.255", "11.0.0.0"}) EXPECT_FALSE(networks.contain(address(out))) << out;
  }
}

TEST(ClientNetworks, OfLengthZeroAreAllOfTheirKind) {
  ClientNetworks ipv4, all;
  EXPECT_TRUE(ipv4.add("0.0.0.0/0"));
  EXPECT_TRUE(ipv4.contain(address("255.255.255.255")));
  EXPECT_FALSE(ipv4.contain(address("fd00::1")));
  EXPECT_TRUE(all.add("::/0"));
  EXPECT_TRUE(all.contain(address("fd00::1")));
  EXPECT_TRUE(all.contain(address("10.0.0.1")));
  EXPECT_FALSE(ClientNetworks().contain(address("10.0.0.1")));
}

TEST(ClientNetworks, AreParsedFromAListOrATextWithCommas) {
  for (const Value& value : {Value::list({"10.0.0.0/24", "fd00::/8"}), Value("10.0.0.0/24, fd00::/8")}) {
    ClientNetworks networks;
    Problems problems;
    EXPECT_TRUE(ParameterType<ClientNetworks>::parse(value, networks, problems));
    EXPECT_TRUE(networks.contain(address("10.0.0.9")));
    EXPECT_TRUE(networks.contain(address("fd12::9")));
    EXPECT_EQ(ParameterType<ClientNetworks>::format(networks), "[10.0.0.0/24, fd00::/8]");
  }
}

TEST(ClientNetworks, SayWhichTextIsNone) {
  for (const char* bad :
       {"", "10.0.0.1/24", "10.0.0.0/33", "10.0.0/24", "fd00::1/8", "fd00::/129", "fd00::/", "fd00::/8x", "::/x", "word", "10.0.0.0/24,"}) {
    ClientNetworks networks;
    Problems problems;
    EXPECT_FALSE(ParameterType<ClientNetworks>::parse(Value(bad), networks, problems)) << bad;
    EXPECT_THAT(problems.list(), SizeIs(1)) << bad;
  }
  ClientNetworks networks;
  Problems problems;
  EXPECT_FALSE(ParameterType<ClientNetworks>::parse(Value::list({"10.0.0.1/24", "x"}), networks, problems));
  ASSERT_THAT(problems.list(), SizeIs(2));
  EXPECT_EQ(problems.list()[0].message, "`10.0.0.1/24` is not an IP prefix without host bits");
  EXPECT_FALSE(ParameterType<ClientNetworks>::parse(Value::map({}), networks, problems));
  EXPECT_TRUE(networks.empty());
}

TEST(ClientAddress, IsCutToItsFirstBits) {
  const ClientAddress whole = address("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  EXPECT_EQ(whole.prefix(128), whole);
  EXPECT_EQ(whole.prefix(64), address("fdff:ffff:ffff:ffff::"));
  EXPECT_EQ(whole.prefix(65), address("fdff:ffff:ffff:ffff:8000::"));
  EXPECT_EQ(whole.prefix(7), address("fc00::"));
  EXPECT_EQ(whole.prefix(0), ClientAddress());
  EXPECT_EQ(address("10.1.2.3").prefix(96 + 24), address("10.1.2.0"));
}

}  // namespace
}  // namespace smartswitch::memcached
