// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// RequestGuard and ReplyGuard around one ClientBudgets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "elements/sdk/testing/test_bench.h"
#include "tests/unit/memcached/requests.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::memcached {
namespace {

using ::testing::AllOf;
using testing::Bytes;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;
using testing::ms;
using testing::PacketBuilder;
using ::testing::SizeIs;
using testing::TestBench;

PacketBuilder from(std::string_view address) { return PacketBuilder().ether(kClientMac, kServiceMac).ipv4(address, kService); }
PacketBuilder from6(std::string_view address) { return PacketBuilder().ether(kClientMac, kServiceMac).ipv6(address, "fd00::99"); }
const std::string kGetText = testing::memcached_frame(1, "get a\r\n");

Value clients(std::initializer_list<const char*> list) {
  std::vector<Value> items;
  for (const char* network : list) items.emplace_back(network);
  return Value::map({{"clients", Value::list(items)}});
}

TEST(RequestGuard, LetsOnlyClientsAsk) {
  TestBench bench("RequestGuard", clients({"10.0.0.0/24", "fd00:1::/32"}));
  bench.push({from("10.0.0.1").udp(4000, 11211).payload(kGetText), from("10.0.1.1").udp(4000, 11211).payload(kGetText),
              from6("fd00:1::7").udp(4000, 11211).payload(kGetText), from6("fd00:2::7").udp(4000, 11211).payload(kGetText),
              PacketBuilder(from("10.0.1.1")).vlan(7).udp(4000, 11211).payload("x"),
              from("10.0.1.1").udp(4000, 11211).payload(std::string(64, 'x')).fragment(0, true)});
  ASSERT_THAT(bench.output("out"), SizeIs(2));
  EXPECT_EQ(bench.output("out")[0].bytes, from("10.0.0.1").udp(4000, 11211).payload(kGetText).build());
  EXPECT_EQ(bench.counter("not_a_client"), 4U);
}

TEST(RequestGuard, LeavesAllElseAlone) {
  TestBench bench("RequestGuard", clients({"10.0.0.0/24"}));
  const std::vector<Bytes> others = {from("10.0.1.1").udp(4000, 53).payload("x"),
                                     from("10.0.1.1").tcp(4000, 11211).payload("get a\r\n"),
                                     from("10.0.1.1").icmp_echo(1, 1),
                                     from("10.0.1.1").udp(11211, 4000).payload("x"),
                                     from("10.0.1.1").udp(4000, 11211).payload(std::string(64, 'x')).fragment(64, false),
                                     testing::arp_request(kClientMac, "10.0.1.1", kService)};
  bench.push(others);
  ASSERT_THAT(bench.output("out"), SizeIs(others.size()));
  for (std::size_t i = 0; i < others.size(); ++i) EXPECT_EQ(bench.output("out")[i].bytes, others[i]);
}

TEST(RequestGuard, LetsEverybodyAskIfNoNetworksAreGiven) {
  TestBench bench("RequestGuard");
  bench.push({from("8.8.8.8").udp(4000, 11211).payload(kGetText), from6("2001:db8::1").udp(4000, 11211).payload(kGetText)});
  EXPECT_THAT(bench.output("out"), SizeIs(2));
}

TEST(RequestGuard, DropsWhatWouldMakeTwoServersAnswerEachOther) {
  TestBench bench("RequestGuard", Value::map({{"udp_port", "11311"}}));
  bench.push({from("10.0.0.1").udp(11311, 11311).payload(kGetText), from("10.0.0.1").udp(0, 11311).payload(kGetText),
              from("10.0.0.1").udp(11211, 11311).payload(kGetText)});
  EXPECT_EQ(bench.counter("from_a_server"), 2U);
  EXPECT_THAT(bench.output("out"), SizeIs(1));
}

class Guards : public ::testing::Test {
 protected:
  // 10 kB a second, 2 kB at once, and five times what was asked.
  Guards() {
    options_.states["bytes"] = state_.get();
    requests_ = std::make_unique<TestBench>("RequestGuard", Value::map({{"budgets", "bytes"}, {"factor", "5"}}), options_);
    replies_ = std::make_unique<TestBench>("ReplyGuard", Value::map({{"budgets", "bytes"}}), options_);
  }
  static Bytes reply_of(std::size_t bytes, std::string_view to = kClient) {
    return PacketBuilder().ether(kServiceMac, kClientMac).ipv4(kService, to).udp(11211, 4000).payload(std::string(bytes - 42, 'v'));
  }
  static Bytes request_of(std::size_t bytes, std::string_view who = kClient) {
    return from(who).udp(4000, 11211).payload(std::string(bytes - 42, 'r'));
  }
  std::size_t answered(const Bytes& packet, int n) {
    for (int i = 0; i < n; ++i) replies_->push({packet});
    return replies_->take("out").size();
  }
  void advance(Duration by) {
    requests_->advance(by);
    replies_->advance(by);
  }

  std::unique_ptr<State> state_ = testing::make_state("ClientBudgets", Value::map({{"rate", "10k"}, {"burst", "200ms"}}));
  TestBench::Options options_;
  std::unique_ptr<TestBench> requests_, replies_;
};

TEST_F(Guards, BoundWhatAnAddressIsSentThatHasNotAsked) {
  EXPECT_EQ(answered(reply_of(500), 10), 4U) << "2 kB";
  EXPECT_EQ(replies_->counter("over_budget"), 6U);
  EXPECT_EQ(replies_->counter("bytes"), 2000U);
  EXPECT_EQ(answered(reply_of(500, "10.0.0.2"), 10), 4U) << "others have theirs";
  advance(ms(100));
  EXPECT_EQ(answered(reply_of(500), 10), 2U) << "1 kB in 100 ms";
}

TEST_F(Guards, PayForRepliesWithRequests) {
  EXPECT_EQ(answered(reply_of(500), 10), 4U);
  requests_->push({request_of(100)});
  EXPECT_EQ(answered(reply_of(500), 10), 1U) << "500 bytes";
  requests_->push({request_of(100, "10.0.0.2")});
  EXPECT_EQ(answered(reply_of(500), 10), 0U);
  for (int i = 0; i < 10; ++i) requests_->push({request_of(100)});
  EXPECT_EQ(answered(reply_of(500), 10), 4U) << "not more than a full budget";
}

TEST_F(Guards, LetAnHonestClientWorkForEver) {
  std::size_t got = 0;
  for (int i = 0; i < 1000; ++i) {
    requests_->push({request_of(100)});
    got += answered(reply_of(490), 1);
  }
  EXPECT_EQ(got, 1000U) << "no time has passed, and it got 245 times its budget";
}

TEST_F(Guards, HoldAnAmplificationToTheFactor) {
  std::size_t sent = 0;
  std::size_t got = 0;
  for (int i = 0; i < 5000; ++i) {
    requests_->push({request_of(60)});
    sent += 60;
    got += answered(reply_of(1400), 1) * 1400;
    advance({100'000});
  }
  EXPECT_THAT(got, AllOf(Le(5 * sent + 5000 + 2000), Ge(5 * sent))) << "half a second, 10 kB a second, and what had been saved";
}

TEST_F(Guards, DropBeforeTheyPay) {
  TestBench strict("RequestGuard", Value::map({{"budgets", "bytes"}, {"factor", "5"}, {"clients", "10.9.0.0/16"}}), options_);
  EXPECT_EQ(answered(reply_of(500), 10), 4U);
  strict.push({request_of(100)});
  EXPECT_EQ(answered(reply_of(500), 10), 0U);
}

TEST_F(Guards, LeaveAllButRepliesAlone) {
  EXPECT_EQ(answered(from(kService).udp(4000, 53).payload(std::string(1000, 'x')), 50), 50U);
  EXPECT_EQ(
      answered(PacketBuilder().ether(kServiceMac, kClientMac).ipv4(kService, kClient).tcp(11211, 4000).payload(std::string(1000, 'x')), 50),
      50U);
  EXPECT_EQ(answered(Bytes(60), 10), 10U);
  EXPECT_EQ(answered(reply_of(500), 10), 4U);
}

TEST_F(Guards, KnowIpv6AndVlans) {
  const Bytes packet = PacketBuilder()
                           .ether(kServiceMac, kClientMac)
                           .vlan(3)
                           .ipv6("fd00::99", "fd00::1")
                           .udp(11211, 4000)
                           .payload(std::string(500 - 66, 'v'));
  EXPECT_EQ(answered(packet, 10), 4U);
  requests_->push({from6("fd00::1").udp(4000, 11211).payload(std::string(100 - 62, 'r'))});
  EXPECT_EQ(answered(packet, 10), 1U);
}

TEST_F(Guards, SurviveNastyPackets) {
  options_.buffer_bytes = 10000;
  TestBench requests("RequestGuard", Value::map({{"budgets", "bytes"}, {"clients", "10.0.0.0/8"}}), options_);
  TestBench replies("ReplyGuard", Value::map({{"budgets", "bytes"}, {"udp_port", "999"}}), options_);
  for (const auto& nasty : testing::nasty_packets()) {
    requests.push({nasty.bytes});
    replies.push({nasty.bytes});
  }
}

}  // namespace
}  // namespace smartswitch::memcached
