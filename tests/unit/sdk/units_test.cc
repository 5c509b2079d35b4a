// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace smartswitch {
namespace {

TEST(Units, ParsesByteSizes) {
  const std::pair<const char*, std::uint64_t> good[] = {
      {"0", 0},
      {"512", 512},
      {"512B", 512},
      {"1kB", 1000},
      {"2MB", 2'000'000},
      {"1GB", 1'000'000'000},
      {"64KiB", 65536},
      {"256MiB", 268435456},
      {"1GiB", 1073741824},
      {"1.5KiB", 1536},
      {"0.5k", 500},
      {"3M", 3'000'000},
      {"2G", 2'000'000'000},
      {"64 KiB", 65536},
      {"1.001kB", 1001},
      {"4.35kB", 4350},
      {"1.1GB", 1'100'000'000},
  };
  for (const auto& [text, bytes] : good) {
    ASSERT_TRUE(parse_byte_size(text)) << text;
    EXPECT_EQ(parse_byte_size(text)->bytes, bytes) << text;
  }
  for (const char* bad : {"", " ", "B", "KiB", "-1", "1.5", "0.3GiB", "12 XB", "1kb", "1KIB", "1 Ki B", "64KiB ", " 64", "0x40", "1,5k",
                          "inf", "nan", "99999999999GiB"}) {
    EXPECT_FALSE(parse_byte_size(bad)) << bad;
  }
}

TEST(Units, ParsesDurations) {
  const std::pair<const char*, std::int64_t> good[] = {
      {"0", 0},
      {"0s", 0},
      {"1ns", 1},
      {"50us", 50'000},
      {"10ms", 10'000'000},
      {"1s", 1'000'000'000},
      {"1.5ms", 1'500'000},
      {"2min", 120'000'000'000},
      {"1h", 3'600'000'000'000},
      {"3 ms", 3'000'000},
      {"0.1us", 100},
  };
  for (const auto& [text, nanoseconds] : good) {
    ASSERT_TRUE(parse_duration(text)) << text;
    EXPECT_EQ(parse_duration(text)->nanoseconds, nanoseconds) << text;
  }
  for (const char* bad : {"", "5", "ms", "-1s", "1 year", "1m", "1S", "1s2ms", "1s ", "9999999999999h"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(Units, ParsesRates) {
  const std::pair<const char*, double> good[] = {
      {"0", 0}, {"500/s", 500}, {"500", 500}, {"10k", 10'000}, {"1.5M/s", 1'500'000}, {"2G", 2e9}, {"0.5/s", 0.5},
  };
  for (const auto& [text, per_second] : good) {
    ASSERT_TRUE(parse_rate(text)) << text;
    EXPECT_DOUBLE_EQ(parse_rate(text)->per_second, per_second) << text;
  }
  for (const char* bad : {"", "/s", "-5", "5/min", "5 per second", "5K", "k", "10kk"}) EXPECT_FALSE(parse_rate(bad)) << bad;
}

TEST(Units, ParsesMacAddresses) {
  const auto mac = parse_mac("02:00:5e:AB:cd:0f");
  ASSERT_TRUE(mac);
  EXPECT_THAT(mac->bytes, ::testing::ElementsAre(0x02, 0x00, 0x5e, 0xab, 0xcd, 0x0f));
  for (const char* bad : {"", "02:00:5e:ab:cd", "02:00:5e:ab:cd:0", "02:00:5e:ab:cd:0g", "02-00-5e-ab-cd-0f", "2:0:5e:ab:cd:f:0:11",
                          "02:00:5e:ab:cd:0f ", "02:00:5e:ab:cd::f"}) {
    EXPECT_FALSE(parse_mac(bad)) << bad;
  }
}

TEST(Units, ParsesIpv4Addresses) {
  EXPECT_EQ(parse_ipv4("10.1.2.3"), (Ipv4Address{0x0A010203}));
  EXPECT_EQ(parse_ipv4("255.255.255.255"), (Ipv4Address{0xFFFFFFFF}));
  for (const char* bad : {"", "10.1.2", "10.1.2.256", "10.1.2.3.4", "a.b.c.d", " 10.1.2.3", "10.1.2.3/24", "::1"})
    EXPECT_FALSE(parse_ipv4(bad)) << bad;
}

TEST(Units, ParsesIpv6Addresses) {
  const auto address = parse_ipv6("2001:db8::1");
  ASSERT_TRUE(address);
  EXPECT_THAT(address->bytes, ::testing::ElementsAre(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));
  for (const char* bad : {"", "2001", "2001:db8::1::2", "10.0.0.1", "2001:db8::g"}) EXPECT_FALSE(parse_ipv6(bad)) << bad;
}

TEST(Units, ParsesIpv4Prefixes) {
  EXPECT_EQ(parse_ipv4_prefix("10.0.0.0/24"), (Ipv4Prefix{{0x0A000000}, 24}));
  EXPECT_EQ(parse_ipv4_prefix("10.0.0.1"), (Ipv4Prefix{{0x0A000001}, 32}));
  EXPECT_EQ(parse_ipv4_prefix("0.0.0.0/0"), (Ipv4Prefix{{0}, 0}));
  for (const char* bad : {"", "10.0.0.1/24", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0/8", "1.0.0.0/0"}) {
    EXPECT_FALSE(parse_ipv4_prefix(bad)) << bad;
  }
}

TEST(Units, PrefixContainsItsAddresses) {
  const Ipv4Prefix prefix = *parse_ipv4_prefix("10.0.4.0/22");
  EXPECT_TRUE(prefix.contains(*parse_ipv4("10.0.4.0")));
  EXPECT_TRUE(prefix.contains(*parse_ipv4("10.0.7.255")));
  EXPECT_FALSE(prefix.contains(*parse_ipv4("10.0.8.0")));
  EXPECT_FALSE(prefix.contains(*parse_ipv4("10.0.3.255")));
  EXPECT_TRUE(parse_ipv4_prefix("0.0.0.0/0")->contains(*parse_ipv4("1.2.3.4")));
  EXPECT_FALSE(parse_ipv4_prefix("1.2.3.4")->contains(*parse_ipv4("1.2.3.5")));
}

TEST(Units, WritesShortTexts) {
  EXPECT_EQ(to_string(ByteSize{0}), "0B");
  EXPECT_EQ(to_string(ByteSize{100}), "100B");
  EXPECT_EQ(to_string(ByteSize{268435456}), "256MiB");
  EXPECT_EQ(to_string(ByteSize{65536}), "64KiB");
  EXPECT_EQ(to_string(ByteSize{65537}), "65537B");
  EXPECT_EQ(to_string(Duration{0}), "0");
  EXPECT_EQ(to_string(Duration{1}), "1ns");
  EXPECT_EQ(to_string(Duration{1'500'000}), "1500us");
  EXPECT_EQ(to_string(Duration{20'000'000}), "20ms");
  EXPECT_EQ(to_string(Duration{60'000'000'000}), "60s");
  EXPECT_EQ(to_string(Rate{10'000}), "10k/s");
  EXPECT_EQ(to_string(Rate{0.5}), "0.5/s");
  EXPECT_EQ(to_string(MacAddress{{2, 0, 0x5e, 0xab, 0xcd, 0x0f}}), "02:00:5e:ab:cd:0f");
  EXPECT_EQ(to_string(Ipv4Address{0x0A0102FF}), "10.1.2.255");
  EXPECT_EQ(to_string(*parse_ipv6("2001:0db8:0::0001")), "2001:db8::1");
  EXPECT_EQ(to_string(Ipv4Prefix{{0x0A000000}, 8}), "10.0.0.0/8");
}

TEST(Units, TextsParseToTheSameValue) {
  for (const std::uint64_t bytes :
       {0ULL, 1ULL, 1000ULL, 1023ULL, 1024ULL, 1048576ULL, 123456789ULL, 1ULL << 40, 30'000'000'000'000'001ULL}) {
    const std::string text = to_string(ByteSize{bytes});
    ASSERT_TRUE(parse_byte_size(text)) << text;
    EXPECT_DOUBLE_EQ(static_cast<double>(parse_byte_size(text)->bytes), static_cast<double>(bytes)) << text;
  }
  for (const std::int64_t ns : {0LL, 1LL, 999LL, 1000LL, 1'234'567LL, 3'600'000'000'000LL, 1LL << 60}) {
    const std::string text = to_string(Duration{ns});
    ASSERT_TRUE(parse_duration(text)) << text;
    EXPECT_EQ(parse_duration(text)->nanoseconds, ns) << text;
  }
  for (const double rate : {0.0, 0.00001, 1 / 3.0, 1.0, 999.5, 1e6, 1.5e9, 1e15}) {
    const std::string text = to_string(Rate{rate});
    ASSERT_TRUE(parse_rate(text)) << text;
    EXPECT_DOUBLE_EQ(parse_rate(text)->per_second, rate) << text;
  }
}

}  // namespace
}  // namespace smartswitch
