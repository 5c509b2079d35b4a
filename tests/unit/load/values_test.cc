// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/values.h"

#include <gtest/gtest.h>

#include <vector>

#include "elements/load/key_names.h"
#include "elements/load/value_sizes.h"

namespace smartswitch::load {
namespace {

std::vector<std::uint8_t> value(std::size_t size, std::uint64_t key, std::uint64_t version) {
  std::vector<std::uint8_t> bytes(size);
  write_value(bytes.data(), size, key, version);
  return bytes;
}

TEST(Values, TellTheirVersion) {
  for (const std::size_t size : {16, 17, 23, 24, 31, 32, 1000, 1024, 11 * 1024}) {
    const auto bytes = value(size, 5, 0x1234567890ABCDEF);
    EXPECT_EQ(version_of_value(bytes.data(), size, 5), 0x1234567890ABCDEFU) << size;
  }
}

TEST(Values, EveryByteCounts) {
  for (const std::size_t size : {16, 21, 40}) {
    auto bytes = value(size, 5, 7);
    for (std::size_t i = 0; i < size; ++i) {
      bytes[i] ^= 0x10;
      EXPECT_FALSE(version_of_value(bytes.data(), size, 5)) << i << " of " << size;
      bytes[i] ^= 0x10;
    }
  }
}

TEST(Values, BelongToTheirKeyAndSize) {
  const auto bytes = value(64, 5, 7);
  EXPECT_FALSE(version_of_value(bytes.data(), 64, 6));
  EXPECT_FALSE(version_of_value(bytes.data(), 63, 5));
  EXPECT_FALSE(version_of_value(bytes.data(), 15, 5));
}

TEST(Values, OfTwoVersionsPutTogetherAreNone) {
  auto bytes = value(64, 5, 7);
  const auto other = value(64, 5, 8);
  std::copy(other.begin() + 32, other.end(), bytes.begin() + 32);
  EXPECT_FALSE(version_of_value(bytes.data(), 64, 5));
}

TEST(ValueSizes, OneForAll) {
  const auto sizes = parse_value_sizes("1KiB");
  ASSERT_TRUE(sizes);
  for (const std::uint64_t key : {0, 1, 999}) EXPECT_EQ(sizes->of(key), 1024U);
  EXPECT_EQ(to_string(*sizes), "1KiB");
}

TEST(ValueSizes, SeveralByTheirShares) {
  const auto sizes = parse_value_sizes("32:0.9,1KiB:0.09,11KiB:0.01");
  ASSERT_TRUE(sizes);
  std::map<std::uint32_t, int> counts;
  for (std::uint64_t key = 0; key < 100'000; ++key) ++counts[sizes->of(key)];
  EXPECT_NEAR(counts[32], 90'000, 600);
  EXPECT_NEAR(counts[1024], 9'000, 400);
  EXPECT_NEAR(counts[11 * 1024], 1'000, 150);
  EXPECT_EQ(sizes->largest(), 11U * 1024);
}

TEST(ValueSizes, RefuseWhatCannotBe) {
  for (const char* text : {"", "15", "65001", "32,", "32:0", "32:x", "32:1,,64:1", "32:-1", "a"})
    EXPECT_FALSE(parse_value_sizes(text)) << text;
}

TEST(KeyNames, HaveLeadingZeros) {
  const auto name = [](std::size_t size, std::uint64_t number) {
    std::string text(size, 'x');
    write_key(reinterpret_cast<std::uint8_t*>(text.data()), size, number);
    return text;
  };
  EXPECT_EQ(name(16, 0), "key0000000000000");
  EXPECT_EQ(name(16, 1234567890123), "key1234567890123");
  EXPECT_EQ(name(5, 42), "key42");
  EXPECT_TRUE(key_fits(5, 99));
  EXPECT_FALSE(key_fits(5, 100));
  EXPECT_TRUE(key_fits(4, 0));
}

}  // namespace
}  // namespace smartswitch::load
