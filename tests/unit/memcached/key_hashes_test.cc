// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The numbers were taken from TwemProxy 0.5.0 on x86-64; those for words in ASCII stand in libmemcached's own tests, too.
#include "elements/memcached/key_hashes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "elements/sdk/hash.h"

namespace smartswitch::memcached {
namespace {

using ::testing::ElementsAre;
using Numbers = std::vector<std::uint32_t>;

// Lengths of 1 to 43 bytes, so that every rest of a division by 4 and 12 is among them; two keys have bytes above 127.
const std::vector<std::string_view> kHashed = {
    "a", "up", "zip", "apple", "carrot", "daikon9", "The quick brown fox jumps over the lazy dog", "äöü\xFF\x80\xFE", "k\xE9y"};

Numbers hashes(KeyHash hash) {
  Numbers numbers;
  for (const std::string_view key : kHashed) {
    const std::uint64_t h = key_hash(hash, key);
    EXPECT_EQ(h >> 32, h & 0xFFFFFFFF) << key;
    numbers.push_back(static_cast<std::uint32_t>(h));
  }
  return numbers;
}

TEST(KeyHashes, AreTwemProxys) {
  EXPECT_THAT(hashes(KeyHash::kOneAtATime),
              ElementsAre(0xCA2E9442, 0x6822CCE5, 0x95991859, 0x88F08EF3, 0x1C005CEB, 0xFD8C104A, 0x519E91F5, 0x70C8F0EA, 0xBAA65E9D));
  EXPECT_THAT(hashes(KeyHash::kMd5),
              ElementsAre(0xB975C10C, 0xEC8BC446, 0x79BDCDAD, 0xBE70381F, 0xDE055D00, 0x4037CB80, 0x9D7D109E, 0xA151FA8E, 0x9A60AAC8));
  EXPECT_THAT(hashes(KeyHash::kCrc16),
              ElementsAre(0x00007C87, 0x002E893B, 0xDF1AD0EC, 0xDA525BB4, 0x5E9D1E07, 0xF0BDA60C, 0x22A3F0C8, 0x786525D2, 0xDDBB2E0E));
  EXPECT_THAT(hashes(KeyHash::kCrc32), ElementsAre(0x68B7, 0x4394, 0x421D, 0x292E, 0x38BE, 0x3EC8, 0x414F, 0x5E2D, 0x1DA6));
  EXPECT_THAT(hashes(KeyHash::kCrc32a),
              ElementsAre(0xE8B7BE43, 0x4394EE70, 0x421D9546, 0xA92ED050, 0xB8BE94CE, 0xBEC84C75, 0x414FA339, 0x5E2DA7BF, 0x1DA67CEE));
  EXPECT_THAT(hashes(KeyHash::kFnv1_64),
              ElementsAre(0x8601B7BE, 0xB4EB15AE, 0x6B6772B2, 0x1C347217, 0xECBDFA14, 0xF92563F0, 0x7DE37ACE, 0x0B9D7BBB, 0x946D1576));
  EXPECT_THAT(hashes(KeyHash::kFnv1a_64),
              ElementsAre(0x8601EC8C, 0xB566D980, 0x876F9B74, 0x58BEFDBF, 0x5A024AB2, 0xD0619236, 0xE7E47110, 0x626F46B3, 0xCA9236C0));
  EXPECT_THAT(hashes(KeyHash::kFnv1_32),
              ElementsAre(0x050C5D7E, 0x5C770DAE, 0x465DCB52, 0x04010657, 0x79C8D334, 0x02655EF0, 0xE9C86C6E, 0x04A9F27B, 0x277C7E56));
  EXPECT_THAT(hashes(KeyHash::kFnv1a_32),
              ElementsAre(0xE40C292C, 0x43430B20, 0xAB8273B4, 0x10BC2ABF, 0xB720BB72, 0x4BB82D56, 0x048FFF90, 0x9336F8B3, 0x90DA1940));
  EXPECT_THAT(hashes(KeyHash::kHsieh),
              ElementsAre(0x93642E87, 0xA592FDCE, 0xCA6281A7, 0xDEDA533E, 0xE3C0F66D, 0xE92B7F17, 0x1C19EE97, 0x03A791ED, 0xA331E8C0));
  EXPECT_THAT(hashes(KeyHash::kMurmur),
              ElementsAre(0x4B41757C, 0x3736A22A, 0xE89810FE, 0xF6E68F62, 0xE2AAA700, 0xB303D69D, 0x30C79125, 0xBC8A9D19, 0x01AE2AED));
  EXPECT_THAT(hashes(KeyHash::kJenkins),
              ElementsAre(0xE0A38690, 0xB6B6CA01, 0x9CC0FCEC, 0x55F9F550, 0x705BB4D0, 0x77FD5392, 0x12B8163C, 0x44874439, 0xAFD8AD20));
}

TEST(KeyHashes, OfNothingAreTwemProxys) {
  const auto empty = [](KeyHash hash) { return static_cast<std::uint32_t>(key_hash(hash, "")); };
  EXPECT_EQ(empty(KeyHash::kHsieh), 0U);
  EXPECT_EQ(empty(KeyHash::kJenkins), 0xDEADBEEF + 13);
  EXPECT_EQ(empty(KeyHash::kMd5), 0xD98C1DD4U);
}

TEST(KeyHashes, Xxh3IsThePackets) {
  for (const std::string_view key : kHashed) EXPECT_EQ(key_hash(KeyHash::kXxh3, key), hash_key(key));
}

TEST(KeyHashes, Md5IsThatOfRfc1321) { EXPECT_THAT(md5_words("abc"), ElementsAre(0x98500190, 0xB04FD23C, 0x7D3F96D6, 0x727FE128)); }

}  // namespace
}  // namespace smartswitch::memcached
