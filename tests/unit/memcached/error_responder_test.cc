// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gtest/gtest.h>

#include "elements/memcached/datagram.h"
#include "elements/memcached/refusal.h"
#include "elements/memcached/reply.h"
#include "elements/sdk/testing/test_bench.h"
#include "tests/unit/memcached/binary_messages.h"
#include "tests/unit/memcached/requests.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::memcached {
namespace {

using testing::Bytes;
using testing::PacketBuilder;
using testing::Seen;
using testing::TestBench;

// Sends a packet through a classifier, and what it refuses to an ErrorResponder.
class Refusing : public ::testing::Test {
 protected:
  std::vector<Seen> refuse(const Bytes& bytes) {
    classifier_.push({bytes});
    for (const Seen& seen : classifier_.take("refused")) hand_over(responder_, seen);
    return responder_.take("out");
  }
  TestBench classifier_{"MemcachedClassifier"};
  TestBench responder_{"ErrorResponder"};
};

TEST_F(Refusing, AnswersWithMemcachedsWords) {
  const auto replies = refuse(request("set k 0 0 x\r\nx\r\n", 77, 5000));
  ASSERT_EQ(replies.size(), 1U);
  Bytes got = replies[0].bytes;
  const Bytes expected = PacketBuilder()
                             .ether(kServiceMac, kClientMac)
                             .ipv4(kService, kClient)
                             .udp(11211, 5000)
                             .payload(testing::memcached_frame(77, "CLIENT_ERROR bad command line format\r\n"));
  // All but the IP identification, fragment field and the checksum over them, which the builder fills in its own way.
  for (const std::size_t at : {18, 19, 20, 21, 24, 25}) got[at] = expected[at];
  EXPECT_EQ(got, expected);
}

TEST_F(Refusing, AnswersInTheBinaryProtocol) {
  std::string text = binary_request(binary::kSet, storage_extras(0, 0), std::string(251, 'k'), "v", 0xABCD);
  const auto replies = refuse(request(text));
  ASSERT_EQ(replies.size(), 1U);
  const std::string got = text_of(replies[0]);
  EXPECT_EQ(got, binary_reply(binary::kSet, binary::kInvalid, "", "", "Invalid arguments", 0, 0xABCD));
  EXPECT_EQ(parse_reply(got).kind, ReplyKind::kError);
  EXPECT_EQ(refuse(request(text.substr(0, 5))).size(), 1U) << "a header that is cut off";
}

TEST_F(Refusing, DoesNotAnswerWhatWantsNoReply) {
  EXPECT_TRUE(refuse(request("set k 0 0 2 noreply\r\nhello\r\n")).empty());
  EXPECT_EQ(responder_.counter("quiet"), 1U);
}

TEST_F(Refusing, NeverAnswersWithMuchMoreThanItWasAsked) {
  for (const std::string_view text : {"s", "set", "\x80"}) {
    const auto replies = refuse(request(text));
    ASSERT_EQ(replies.size(), 1U) << text;
    EXPECT_LE(replies[0].bytes.size(), 14U + 20 + 8 + 8 + 64);
  }
}

TEST_F(Refusing, TakesWhatHasNoServerForMissingIfItIsTold) {
  TestBench misses("ErrorResponder", Value::map({{"unavailable", "miss"}}));
  for (const auto& [text, expected] : std::initializer_list<std::pair<std::string, std::string>>{
           {"get k\r\n", "END\r\n"},
           {"gat 1 k\r\n", "END\r\n"},
           {"mg k v\r\n", "EN\r\n"},
           {binary_request(binary::kGet, "", "k", "", 5), binary_reply(binary::kGet, binary::kKeyNotFound, "", "", "Not found", 0, 5)},
           {"delete k\r\n", "SERVER_ERROR no server is available\r\n"}}) {
    classifier_.push({request(text)});
    for (const char* output : {"get", "write"}) {
      for (Seen seen : classifier_.take(output)) {
        seen.annotations.next.server = static_cast<std::uint16_t>(Refusal::kNoServer);
        hand_over(misses, seen);
        hand_over(responder_, seen);
      }
    }
    EXPECT_EQ(text_of(misses.take("out").at(0)), expected);
    EXPECT_EQ(parse_reply(text_of(responder_.take("out").at(0))).kind, ReplyKind::kError) << text;
  }
}

TEST_F(Refusing, KeepsWhatTheReplyIsAPartOf) {
  classifier_.push({request("get k\r\n")});
  Seen seen = classifier_.take("get").at(0);
  seen.annotations.flags = kOwn;
  seen.annotations.context = 12345;
  seen.annotations.next.server = static_cast<std::uint16_t>(Refusal::kNoServer);
  hand_over(responder_, seen);
  EXPECT_EQ(responder_.output("out").at(0).annotations.context, 12345U);
  EXPECT_EQ(responder_.output("out").at(0).annotations.flags, kOwn | kLast);
}

TEST_F(Refusing, SurvivesNastyPackets) {
  TestBench::Options options;
  options.buffer_bytes = 10000;
  TestBench bench("ErrorResponder", Value::map({}), options);
  for (const auto& nasty : testing::nasty_packets()) {
    const Packet packet = bench.packet(nasty.bytes);
    memcached::refuse(packet, Refusal::kIncomplete);
    Batch batch;
    batch.add(packet);
    bench.push(batch);
  }
}

}  // namespace
}  // namespace smartswitch::memcached
