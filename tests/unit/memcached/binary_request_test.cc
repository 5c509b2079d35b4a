// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "elements/memcached/request.h"
#include "tests/unit/memcached/binary_messages.h"

namespace smartswitch::memcached {
namespace {

TEST(ParseBinaryRequest, ReadsEveryKeyedCommand) {
  struct Case {
    std::uint8_t opcode;
    std::size_t extras;
    Verb verb;
    bool quiet;
  };
  for (const Case& c : {Case{0x00, 0, Verb::kGet, false}, {0x09, 0, Verb::kGet, true},     {0x0C, 0, Verb::kGet, false},
                        {0x0D, 0, Verb::kGet, true},      {0x01, 8, Verb::kSet, false},    {0x11, 8, Verb::kSet, true},
                        {0x02, 8, Verb::kAdd, false},     {0x12, 8, Verb::kAdd, true},     {0x03, 8, Verb::kReplace, false},
                        {0x13, 8, Verb::kReplace, true},  {0x04, 0, Verb::kDelete, false}, {0x14, 0, Verb::kDelete, true},
                        {0x05, 20, Verb::kIncr, false},   {0x15, 20, Verb::kIncr, true},   {0x06, 20, Verb::kDecr, false},
                        {0x16, 20, Verb::kDecr, true},    {0x0E, 0, Verb::kAppend, false}, {0x19, 0, Verb::kAppend, true},
                        {0x0F, 0, Verb::kPrepend, false}, {0x1A, 0, Verb::kPrepend, true}, {0x1C, 4, Verb::kTouch, false},
                        {0x1D, 4, Verb::kGat, false},     {0x1E, 4, Verb::kGat, true},     {0x23, 4, Verb::kGat, false},
                        {0x24, 4, Verb::kGat, true}}) {
    const std::string text = binary_request(c.opcode, std::string(c.extras, '\1'), "key");
    const Request r = parse_request(text);
    EXPECT_EQ(r.status, Status::kWhole) << int{c.opcode};
    EXPECT_EQ(r.protocol, Protocol::kBinary);
    EXPECT_EQ(r.verb, c.verb) << int{c.opcode};
    EXPECT_EQ(r.quiet, c.quiet) << int{c.opcode};
    EXPECT_EQ(r.writes, c.verb != Verb::kGet) << int{c.opcode};
    EXPECT_EQ(r.key, "key");
    EXPECT_EQ(r.keys, 1U);
    EXPECT_EQ(parse_request(binary_request(c.opcode, std::string(c.extras + 1, '\1'), "key")).status, Status::kBadLine) << int{c.opcode};
    EXPECT_EQ(parse_request(binary_request(c.opcode, std::string(c.extras, '\1'), "")).status, Status::kBadLine) << int{c.opcode};
  }
}

TEST(ParseBinaryRequest, ReadsCommandsWithoutAKey) {
  EXPECT_EQ(parse_request(binary_request(0x07, "", "")).verb, Verb::kQuit);
  EXPECT_EQ(parse_request(binary_request(0x08, "", "")).verb, Verb::kFlushAll);
  EXPECT_TRUE(parse_request(binary_request(0x18, "", "")).writes);
  EXPECT_EQ(parse_request(binary_request(0x08, std::string("\0\0\0\x0A", 4), "")).expiry, 10);
  EXPECT_EQ(parse_request(binary_request(0x0A, "", "")).verb, Verb::kNoop);
  EXPECT_EQ(parse_request(binary_request(0x0B, "", "")).verb, Verb::kVersion);
  EXPECT_EQ(parse_request(binary_request(0x10, "", "items")).verb, Verb::kStats);
  EXPECT_EQ(parse_request(binary_request(0x1B, std::string(4, '\0'), "")).verb, Verb::kVerbosity);
  EXPECT_EQ(parse_request(binary_request(0x20, "", "")).verb, Verb::kAdmin);
  EXPECT_EQ(parse_request(binary_request(0xEE, "whatever", "k")).verb, Verb::kUnknown);
}

TEST(ParseBinaryRequest, ReadsExpiries) {
  EXPECT_EQ(parse_request(binary_request(0x01, storage_extras(1, 60), "k", "v")).expiry, 60);
  EXPECT_EQ(parse_request(binary_request(0x01, storage_extras(1, 0xFFFFFFFF), "k", "v")).expiry, -1);
  EXPECT_EQ(parse_request(binary_request(0x1C, std::string("\0\0\0\x1E", 4), "k")).expiry, 30);
  EXPECT_EQ(parse_request(binary_request(0x05, std::string(16, '\0') + std::string("\0\0\0\x05", 4), "k")).expiry, 5);
  EXPECT_EQ(parse_request(binary_request(0x05, std::string(16, '\0') + "\xFF\xFF\xFF\xFF", "k")).expiry, 0);
}

TEST(ParseBinaryRequest, TellsHeadAndBodyAndWhatLiesBehind) {
  const std::string set = binary_request(0x01, storage_extras(0, 0), "key", "value");
  const std::string text = set + binary_request(0x0A, "", "");
  const Request r = parse_request(text);
  EXPECT_EQ(r.head, 24U + 8 + 3);
  EXPECT_EQ(r.body, 5U);
  EXPECT_EQ(r.value_size(), 5U);
  EXPECT_EQ(r.status, Status::kMoreBehind);
  EXPECT_EQ(parse_request(std::string_view(text).substr(r.size())).verb, Verb::kNoop);
  for (std::size_t length = 1; length < set.size(); ++length) {
    const std::string cut(set, 0, length);
    EXPECT_EQ(parse_request(cut).status, Status::kIncomplete) << length;
    EXPECT_EQ(parse_request(cut).head, length < r.head ? 0 : r.head) << length;
  }
}

TEST(ParseBinaryRequest, RefusesLengthsThatLie) {
  std::string text = binary_request(0x00, "", "key");
  text[11] = 2;  // all together less than the key
  EXPECT_EQ(parse_request(text).status, Status::kBadLine);
  text[8] = '\x7F';  // 2 GB
  EXPECT_EQ(parse_request(text).status, Status::kBadLine);
  EXPECT_EQ(parse_request(binary_request(0x00, "", std::string(251, 'k'))).status, Status::kBadLine);
  EXPECT_EQ(parse_request(binary_request(0x00, "", std::string(250, 'k'))).status, Status::kWhole);
}

TEST(ParseBinaryRequest, SurvivesRandomHeaders) {
  std::mt19937 random(3);
  for (int round = 0; round < 20000; ++round) {
    std::string text(1 + random() % 60, '\0');
    for (char& c : text) c = random() % 3 == 0 ? static_cast<char>(random()) : static_cast<char>(random() % 4);
    text[0] = '\x80';
    const Request r = parse_request(text);
    if (r.status == Status::kWhole) {
      ASSERT_EQ(r.size(), text.size());
    }
    if (r.status == Status::kMoreBehind) {
      ASSERT_LT(r.size(), text.size());
    }
    ASSERT_TRUE(r.key.empty() || (r.key.data() >= text.data() && r.key.data() + r.key.size() <= text.data() + text.size()));
  }
}

}  // namespace
}  // namespace smartswitch::memcached
