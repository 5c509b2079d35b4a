// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "elements/memcached/refusal.h"
#include "elements/sdk/testing/test_bench.h"
#include "tests/unit/memcached/binary_messages.h"
#include "tests/unit/memcached/requests.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::memcached {
namespace {

using testing::Bytes;
using ::testing::IsEmpty;
using testing::ms;
using testing::PacketBuilder;
using testing::Seen;
using ::testing::SizeIs;
using testing::TestBench;

Bytes request_from(std::string_view address, std::string_view text) {
  return PacketBuilder().ether(kClientMac, kServiceMac).ipv4(address, kService).udp(4000, 11211).payload(testing::memcached_frame(1, text));
}

class Limiting : public ::testing::Test {
 protected:
  Limiting() { make("client"); }
  void make(const std::string& by, const std::string& delimiter = ":") {
    limiter_.reset();
    // 100 a second, 10 at once.
    state_ = testing::make_state("ClientBudgets", Value::map({{"rate", "100"}, {"burst", "100ms"}, {"clients", "1024"}}));
    options_.states["budgets"] = state_.get();
    limiter_ =
        std::make_unique<TestBench>("ClientLimiter", Value::map({{"budgets", "budgets"}, {"by", by}, {"delimiter", delimiter}}), options_);
  }
  // How many of `n` such requests pass.
  std::size_t pass(const Bytes& packet, int n) {
    for (int i = 0; i < n; ++i) {
      TestBench classifier("MemcachedClassifier");
      classifier.push({packet});
      for (const char* output : {"get", "write", "several", "control", "direct", "other"}) {
        for (const Seen& seen : classifier.take(output)) hand_over(*limiter_, seen);
      }
    }
    return limiter_->take("out").size();
  }

  std::unique_ptr<State> state_;
  TestBench::Options options_;
  std::unique_ptr<TestBench> limiter_;
};

TEST_F(Limiting, HoldsEachClientToTheRate) {
  EXPECT_EQ(pass(request_from("10.0.0.1", "get a\r\n"), 15), 10U);
  EXPECT_EQ(pass(request_from("10.0.0.2", "get a\r\n"), 15), 10U);
  limiter_->advance(ms(50));
  EXPECT_EQ(pass(request_from("10.0.0.1", "set a 0 0 1\r\nx\r\n"), 15), 5U);
}

TEST_F(Limiting, TellsThoseOverTheRate) {
  pass(request_from("10.0.0.1", "get a\r\n"), 11);
  ASSERT_THAT(limiter_->output("over"), SizeIs(1));
  TestBench responder("ErrorResponder");
  hand_over(responder, limiter_->output("over")[0]);
  EXPECT_EQ(text_of(responder.output("out")[0]), "SERVER_ERROR too many requests\r\n");
  limiter_->take("over");
  pass(request_from("10.0.0.1", binary_request(binary::kGet, "", "a", "", 5)), 1);
  responder.take("out");
  hand_over(responder, limiter_->output("over")[0]);
  EXPECT_EQ(text_of(responder.output("out")[0]), binary_reply(binary::kGet, binary::kBusy, "", "", "Too many requests", 0, 5));
}

TEST_F(Limiting, DropsThemIfNobodyAnswers) {
  options_.unconnected = {"over"};
  make("client");
  EXPECT_EQ(pass(request_from("10.0.0.1", "get a\r\n"), 15), 10U);
  EXPECT_EQ(limiter_->counter("over_rate"), 5U);
}

TEST_F(Limiting, CountsEachKeyAndEachCommand) {
  EXPECT_EQ(pass(request_from("10.0.0.1", "get a b c d\r\n"), 5), 2U);
  EXPECT_EQ(pass(request_from("10.0.0.1", "get a b\r\n"), 1), 1U) << "two were left";
  EXPECT_EQ(pass(request_from("10.0.0.2", "get a\r\nset b 0 0 1\r\nx\r\nversion\r\n"), 5), 3U);
  EXPECT_EQ(pass(request_from("10.0.0.3", "version\r\n"), 11), 10U);
  const std::string quiet = binary_request(binary::kGetKQ, "", "a") + binary_request(binary::kNoop, "", "");
  EXPECT_EQ(pass(request_from("10.0.0.4", quiet), 11), 5U);
}

TEST_F(Limiting, HoldsPrefixesOfKeysToTheRate) {
  make("key_prefix");
  EXPECT_EQ(pass(request_from("10.0.0.1", "get user:1\r\n"), 8), 8U);
  EXPECT_EQ(pass(request_from("10.0.0.2", "get user:2:x\r\n"), 8), 2U);
  EXPECT_EQ(pass(request_from("10.0.0.1", "get shop:1\r\n"), 8), 8U);
  EXPECT_EQ(pass(request_from("10.0.0.1", "get user\r\n"), 8), 8U) << "without a delimiter there is no prefix";
  EXPECT_EQ(pass(request_from("10.0.0.1", "get other\r\n"), 8), 2U);
  EXPECT_EQ(pass(request_from("10.0.0.1", "mg dXNlcjo5 b v\r\n"), 1), 0U) << "user:9 in base64";
  make("key_prefix", "--");
  EXPECT_EQ(pass(request_from("10.0.0.1", "get user--1\r\n"), 8), 8U);
  EXPECT_EQ(pass(request_from("10.0.0.1", "get user-1\r\n"), 8), 8U);
}

TEST_F(Limiting, HoldsEachClientToTheRateOfEachPrefix) {
  make("both");
  EXPECT_EQ(pass(request_from("10.0.0.1", "get user:1\r\n"), 15), 10U);
  EXPECT_EQ(pass(request_from("10.0.0.1", "get shop:1\r\n"), 15), 10U);
  EXPECT_EQ(pass(request_from("10.0.0.2", "get user:1\r\n"), 15), 10U);
  EXPECT_EQ(pass(request_from("10.0.0.1", "get user:2\r\n"), 15), 0U);
}

TEST_F(Limiting, LeavesOtherPacketsAlone) {
  EXPECT_EQ(pass(PacketBuilder().ether(kClientMac, kServiceMac).ipv4("10.0.0.1", kService).tcp(1, 11211).payload("get a\r\n"), 30), 30U);
  EXPECT_EQ(pass(PacketBuilder().ether(kClientMac, kServiceMac).payload("not IP"), 30), 30U);
}

TEST_F(Limiting, WorksOverIpv6AndVlans) {
  const std::string text = testing::memcached_frame(1, "get a\r\n");
  EXPECT_EQ(pass(PacketBuilder().ether(kClientMac, kServiceMac).vlan(5).ipv6("fd00::1", "fd00::2").udp(1, 11211).payload(text), 15), 10U);
  EXPECT_EQ(pass(PacketBuilder().ether(kClientMac, kServiceMac).ipv6("fd00::9", "fd00::2").udp(1, 11211).payload(text), 15), 0U)
      << "the same /64";
  EXPECT_EQ(pass(PacketBuilder().ether(kClientMac, kServiceMac).ipv6("fd00:0:0:1::1", "fd00::2").udp(1, 11211).payload(text), 15), 10U);
}

TEST_F(Limiting, SurvivesNastyPackets) {
  TestBench::Options options = options_;
  options.buffer_bytes = 10000;
  for (const char* by : {"client", "key_prefix", "both"}) {
    TestBench bench("ClientLimiter", Value::map({{"budgets", "budgets"}, {"by", by}}), options);
    for (const auto& nasty : testing::nasty_packets()) bench.push({nasty.bytes});
  }
}

TEST(ClientLimiter, NeedsADelimiter) {
  const Problems problems = TestBench::problems_of("ClientLimiter", Value::map({{"budgets", "budgets"}, {"delimiter", ""}}));
  ASSERT_THAT(problems.list(), SizeIs(1));
  EXPECT_EQ(problems.list()[0].message, "`delimiter` is empty");
}

}  // namespace
}  // namespace smartswitch::memcached
