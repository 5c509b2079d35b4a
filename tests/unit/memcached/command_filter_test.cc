// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "elements/memcached/datagram.h"
#include "elements/memcached/refusal.h"
#include "elements/sdk/testing/test_bench.h"
#include "tests/unit/memcached/binary_messages.h"
#include "tests/unit/memcached/requests.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::memcached {
namespace {

using testing::Bytes;
using ::testing::IsEmpty;
using testing::PacketBuilder;
using testing::Seen;
using ::testing::SizeIs;
using testing::TestBench;

Value words(std::initializer_list<const char*> list) {
  std::vector<Value> items;
  for (const char* word : list) items.emplace_back(word);
  return Value::list(items);
}

// A classifier, the filter behind all its outputs, and an ErrorResponder.
class Filtering : public ::testing::Test {
 protected:
  void make(const Value& parameters) { filter_ = std::make_unique<TestBench>("CommandFilter", parameters); }

  // What a client is told; "passed" if nothing was refused, "" if it was in silence.
  std::string ask(const Bytes& packet) {
    TestBench classifier("MemcachedClassifier");
    classifier.push({packet});
    for (const char* output : {"get", "write", "several", "control"}) {
      for (const Seen& seen : classifier.take(output)) hand_over(*filter_, seen);
    }
    const auto passed = filter_->take("out");
    if (!passed.empty()) {
      EXPECT_EQ(passed[0].bytes, packet) << "untouched";
      return "passed";
    }
    const auto refused = filter_->take("refused");
    EXPECT_THAT(refused, SizeIs(1));
    TestBench responder("ErrorResponder");
    for (const Seen& seen : refused) hand_over(responder, seen);
    const auto answers = responder.take("out");
    return answers.empty() ? std::string() : text_of(answers[0]);
  }
  std::string ask(std::string_view text) { return ask(request(text)); }

  std::unique_ptr<TestBench> filter_ = std::make_unique<TestBench>("CommandFilter");
};

constexpr const char* kPassed = "passed";
constexpr const char* kNotAllowed = "CLIENT_ERROR command is not allowed here\r\n";

TEST_F(Filtering, KeepsFlushAllAndOperatorsCommandsFromClients) {
  for (const char* text : {"flush_all\r\n", "flush_all 10\r\n", " flush_all  0 \r\n", "verbosity 1\r\n", "shutdown\r\n",
                           "lru mode flat\r\n", "lru_crawler enable\r\n", "slabs reassign 1 2\r\n", "watch fetchers\r\n",
                           "cache_memlimit 64\r\n", "extstore free_memchunks 1 1\r\n", "refresh_certs\r\n"}) {
    EXPECT_EQ(ask(text), kNotAllowed) << text;
  }
  EXPECT_EQ(filter_->counter("forbidden"), 12U);
  for (const char* text :
       {"get a\r\n", "gets a b\r\n", "set a 0 0 1\r\nx\r\n", "delete a\r\n", "incr a 1\r\n", "touch a 1\r\n", "gat 1 a\r\n", "mg a v\r\n",
        "ms a 1\r\nx\r\n", "mn\r\n", "me a\r\n", "version\r\n", "stats\r\n", "quit\r\n", "get\r\n"}) {
    EXPECT_EQ(ask(text), kPassed) << text;
  }
  EXPECT_EQ(filter_->counter("forbidden"), 12U);
}

TEST_F(Filtering, SaysOfUnknownCommandsWhatMemcachedWould) {
  EXPECT_EQ(ask("nonsense\r\n"), "ERROR\r\n");
  EXPECT_EQ(ask("FLUSH_ALL\r\n"), "ERROR\r\n");
  EXPECT_EQ(ask(binary_request(0x7F, "", "", "", 9)), binary_reply(0x7F, binary::kUnknownCommand, "", "", "Unknown command", 0, 9));
}

TEST_F(Filtering, KnowsBinaryCommandsByTheSameNames) {
  for (const std::uint8_t flush : {std::uint8_t{0x08}, std::uint8_t{0x18}}) {
    EXPECT_EQ(ask(binary_request(flush, "", "", "", 77)),
              binary_reply(flush, binary::kNotSupported, "", "", "Command is not allowed here", 0, 77));
  }
  for (const std::uint8_t sasl : {0x20, 0x21, 0x22}) EXPECT_NE(ask(binary_request(sasl, "", "")), kPassed) << int{sasl};
  EXPECT_NE(ask(binary_request(0x1B, std::string(4, '\0'), "")), kPassed) << "verbosity";
  EXPECT_EQ(ask(binary_request(binary::kGet, "", "k")), kPassed);
  EXPECT_EQ(ask(binary_request(binary::kNoop, "", "")), kPassed);
  make(Value::map({{"allow", words({"sasl"})}}));
  EXPECT_EQ(ask(binary_request(0x20, "", "")), kPassed);
  make(Value::map({{"refuse", words({"get", "mn", "set"})}}));
  for (const std::uint8_t get : {binary::kGet, binary::kGetQ, binary::kGetK, binary::kGetKQ}) {
    EXPECT_NE(ask(binary_request(get, "", "k")), kPassed) << int{get};
  }
  EXPECT_NE(ask(binary_request(binary::kNoop, "", "")), kPassed);
  EXPECT_NE(ask(binary_request(0x11, storage_extras(0, 0), "k", "v")), kPassed) << "setq";
  EXPECT_EQ(ask(binary_request(0x08, "", "")), kPassed) << "a list stands for itself";
}

TEST_F(Filtering, LooksAtEveryCommandOfADatagram) {
  EXPECT_EQ(ask("get a\r\nget b\r\nflush_all\r\n"), kNotAllowed);
  EXPECT_EQ(ask("set a 0 0 11\r\nflush_all\r\n\r\nget a\r\n"), kPassed) << "that is data";
  const std::string several =
      binary_request(binary::kGetKQ, "", "a", "", 1) + binary_request(0x18, "", "", "", 2) + binary_request(binary::kNoop, "", "", "", 3);
  EXPECT_EQ(ask(several), binary_reply(0x18, binary::kNotSupported, "", "", "Command is not allowed here", 0, 2))
      << "the answer is to the command at fault";
}

TEST_F(Filtering, LooksBehindLinesThatMemcachedOnlyComplainsOf) {
  EXPECT_EQ(ask("get\r\nflush_all\r\n"), kNotAllowed);
  EXPECT_EQ(ask("get " + std::string(251, 'k') + "\r\nflush_all\r\n"), kNotAllowed);
  EXPECT_EQ(ask("get " + std::string(251, 'k') + "\r\nset a 0 0 1\r\nx\r\n"), kPassed) << "memcached answers both";
}

TEST_F(Filtering, SaysNothingToThoseWhoWantNoReply) {
  EXPECT_EQ(ask("flush_all noreply\r\n"), "");
  EXPECT_EQ(ask("set a 0 0 1 noreply\r\nx\r\nflush_all\r\n"), kNotAllowed) << "the one at fault wants one";
  EXPECT_EQ(ask("get a\r\nflush_all noreply\r\n"), "");
  make(Value::map({{"refuse", words({"ms"})}}));
  EXPECT_EQ(ask("ms a 1 q\r\nx\r\n"), kNotAllowed) << "errors are told all the same";
}

TEST_F(Filtering, LetsOnlyWhatIsInAllowPass) {
  make(Value::map({{"allow", words({"get", "mg", "lru"})}}));
  for (const char* text : {"get a\r\n", "get a b\r\n", "bget a\r\n", "mg a v\r\n", "lru mode flat\r\n"})
    EXPECT_EQ(ask(text), kPassed) << text;
  for (const char* text : {"gets a\r\n", "set a 0 0 1\r\nx\r\n", "lru_crawler enable\r\n", "flush_all\r\n", "version\r\n"}) {
    EXPECT_EQ(ask(text), kNotAllowed) << text;
  }
  EXPECT_EQ(ask("nonsense\r\n"), "ERROR\r\n");
}

TEST_F(Filtering, HasOtherListsForSomeClients) {
  const auto rule = [](const char* from, const char* list, const Value& commands) {
    return Value::map({{"from", Value::list({from})}, {list, commands}});
  };
  make(Value::map({{"allow", words({"get"})},
                   {"rules", Value::list({rule("10.0.9.0/24", "refuse", Value::list({})), rule("10.0.0.0/16", "allow", words({"set"})),
                                          rule("fd00::/8", "refuse", words({"get"}))})}}));
  const auto from = [](std::string_view address, std::string_view text) -> Bytes {
    const bool ipv6 = address.find(':') != std::string_view::npos;
    PacketBuilder packet = PacketBuilder().ether(kClientMac, kServiceMac);
    packet = ipv6 ? packet.ipv6(address, "fd00::99") : packet.ipv4(address, kService);
    return packet.udp(4000, 11211).payload(testing::memcached_frame(1, text));
  };
  EXPECT_EQ(ask(from("10.0.9.7", "flush_all\r\n")), kPassed);
  EXPECT_EQ(ask(from("10.0.9.7", "nonsense\r\n")), kPassed);
  EXPECT_EQ(ask(from("10.0.9.7", "get a\r\n")), kPassed) << "the first rule that fits, not the next one";
  EXPECT_EQ(ask(from("10.0.8.7", "delete a\r\n")), kNotAllowed);
  EXPECT_EQ(ask(from("10.0.8.7", "set a 0 0 1\r\nx\r\n")), kPassed);
  EXPECT_EQ(ask(from("10.0.8.7", "get a\r\n")), kNotAllowed);
  EXPECT_EQ(ask(from("10.1.0.1", "get a\r\n")), kPassed);
  EXPECT_EQ(ask(from("10.1.0.1", "set a 0 0 1\r\nx\r\n")), kNotAllowed);
  // Answers over IPv6 stand elsewhere in the packet.
  EXPECT_EQ(ask(from("2001:db8::1", "get a\r\n")), kPassed);
  EXPECT_NE(ask(from("fd00::1", "get a\r\n")), kPassed);
  EXPECT_EQ(ask(from("fd00::1", "flush_all\r\n")), kPassed);
}

TEST_F(Filtering, BoundsKeys) {
  make(Value::map({{"longest_key", "6"}}));
  constexpr const char* kBad = "CLIENT_ERROR bad command line format\r\n";
  EXPECT_EQ(ask("get 123456\r\n"), kPassed);
  EXPECT_EQ(ask("get 1234567\r\n"), kBad);
  EXPECT_EQ(ask("get a 1234567 b\r\n"), kBad);
  EXPECT_EQ(ask("set 1234567 0 0 1\r\nx\r\n"), kBad);
  EXPECT_EQ(ask("mg Zm9vYmFy b v\r\n"), kPassed) << "foobar in base64";
  EXPECT_EQ(ask("mg Zm9vYmFyMQ== b v\r\n"), kBad) << "foobar1";
  EXPECT_EQ(ask(binary_request(binary::kGet, "", "1234567")), binary_reply(binary::kGet, binary::kInvalid, "", "", "Invalid arguments"));
  EXPECT_EQ(filter_->counter("long_key"), 5U);
}

TEST_F(Filtering, BoundsValues) {
  make(Value::map({{"largest_value", "10"}}));
  constexpr const char* kLarge = "SERVER_ERROR object too large for cache\r\n";
  const std::string ten(10, 'v');
  for (const std::string before : {"set a 0 0 ", "add a 0 0 ", "append a 0 0 ", "ms a "}) {
    EXPECT_EQ(ask(before + "10\r\n" + ten + "\r\n"), kPassed) << before;
    EXPECT_EQ(ask(before + "11\r\n" + ten + "v\r\n"), kLarge) << before;
  }
  EXPECT_EQ(ask("get a\r\nset a 0 0 11\r\n" + ten + "v\r\n"), kLarge);
  EXPECT_EQ(ask(binary_request(binary::kSet, storage_extras(0, 0), "k", ten)), kPassed);
  EXPECT_EQ(ask(binary_request(binary::kSet, storage_extras(0, 0), "k", ten + "v")),
            binary_reply(binary::kSet, binary::kTooLarge, "", "", "Too large."));
  EXPECT_EQ(filter_->counter("large_value"), 6U);
}

TEST_F(Filtering, BoundsValuesAsMemcachedDoesIfNothingElseIsSaid) {
  const auto* info = Registry::instance().element("CommandFilter");
  EXPECT_EQ(info->parameter("largest_value")->default_text, "1MiB");
  EXPECT_EQ(info->parameter("longest_key")->default_text, "250");
}

TEST(CommandFilter, DropsWhatItRefusesIfNobodyAnswers) {
  TestBench::Options options;
  options.unconnected = {"refused"};
  TestBench bench("CommandFilter", Value::map({}), options);
  bench.push({request("flush_all\r\n"), request("get a\r\n")});
  EXPECT_THAT(bench.output("out"), SizeIs(1));
}

TEST(CommandFilter, SaysWhatIsWrongWithItsLists) {
  const Problems unknown = TestBench::problems_of("CommandFilter", Value::map({{"refuse", words({"flushall"})}}));
  ASSERT_THAT(unknown.list(), SizeIs(1));
  EXPECT_EQ(unknown.list()[0].message, "`flushall` is no command of memcached's");
  EXPECT_EQ(unknown.list()[0].hint, "did you mean `flush_all`?");
  const Problems both = TestBench::problems_of("CommandFilter", Value::map({{"refuse", words({"get"})}, {"allow", words({"set"})}}));
  ASSERT_THAT(both.list(), SizeIs(1));
  EXPECT_EQ(both.list()[0].message, "`allow` and `refuse` are both given");
  EXPECT_THAT(
      TestBench::problems_of("CommandFilter", Value::map({{"rules", Value::list({Value::map({{"allow", words({"get"})}})})}})).list(),
      SizeIs(1))
      << "a rule is for some networks";
}

TEST(CommandFilter, SurvivesNastyPackets) {
  TestBench::Options options;
  options.buffer_bytes = 10000;
  const Value rules =
      Value::map({{"rules", Value::list({Value::map({{"from", Value::list({"10.0.0.0/8"})}, {"refuse", words({"get"})}})})}});
  TestBench bench("CommandFilter", rules, options);
  for (const auto& nasty : testing::nasty_packets()) bench.push({nasty.bytes});
  Random random(5);
  for (int i = 0; i < 2000; ++i) {
    std::string text(random.next() % 60, '\0');
    for (char& c : text) c = "\r\n\0 gets\x80\x01q"[random.next() % 11];
    bench.push({request(text)});
  }
}

}  // namespace
}  // namespace smartswitch::memcached
