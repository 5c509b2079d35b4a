// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "elements/memcached/backend_pool.h"
#include "elements/memcached/datagram.h"
#include "elements/memcached/refusal.h"
#include "elements/sdk/hash.h"
#include "tests/unit/memcached/binary_messages.h"
#include "tests/unit/memcached/requests.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::memcached {
namespace {

using testing::Bytes;
using testing::Seen;
using testing::TestBench;

class Rewriting : public ::testing::Test {
 protected:
  Rewriting() : bench_("KeyRewrite", Value::map({{"strip", "a:"}, {"add", "long:"}})) {}

  void send(const std::string& text) {
    TestBench classifier("MemcachedClassifier");
    classifier.push({request(text)});
    for (const char* output : {"get", "write", "several", "control"}) {
      for (const Seen& seen : classifier.take(output)) hand_over(bench_, seen);
    }
  }
  std::string changed(const std::string& text) {
    send(text);
    const auto out = bench_.take("out");
    if (out.size() != 1) return std::to_string(out.size()) + " packets";
    EXPECT_TRUE(checksums_hold(out[0].bytes)) << text;
    EXPECT_EQ(out[0].annotations.paint, 1);
    EXPECT_EQ(out[0].annotations.headers.payload_length, out[0].bytes.size() - 42);
    return text_of(out[0]);
  }
  std::string restored(const std::string& text, std::uint8_t paint = 1, std::uint8_t sequence = 0, const std::string& output = "reply") {
    std::string payload = testing::memcached_frame(1, text);
    payload[3] = static_cast<char>(sequence);
    const Packet packet = bench_.packet(to_service().payload(payload));
    packet.annotations().paint = paint;
    packet.annotations().flags = output == "part" ? kOwn : 0;
    Batch batch;
    batch.add(packet);
    bench_.push(batch, "replies");
    const auto out = bench_.take(output);
    if (out.size() != 1) return std::to_string(out.size()) + " packets";
    EXPECT_TRUE(checksums_hold(out[0].bytes)) << text;
    return text_of(out[0]);
  }

  TestBench bench_;
};

TEST_F(Rewriting, ChangesTheKeyOfEachCommand) {
  EXPECT_EQ(changed("get a:k\r\n"), "get long:k\r\n");
  EXPECT_EQ(changed("gats 5 a:k\r\n"), "gats 5 long:k\r\n");
  EXPECT_EQ(changed("set a:k 0 0 3\r\na:k\r\n"), "set long:k 0 0 3\r\na:k\r\n");
  EXPECT_EQ(changed("delete a:a:k noreply\r\n"), "delete long:a:k noreply\r\n");
  EXPECT_EQ(changed("incr a:k 1\r\n"), "incr long:k 1\r\n");
  EXPECT_EQ(changed("mg a:k k v\r\n"), "mg long:k k v\r\n");
  EXPECT_EQ(changed("mg YTpr k v b\r\n"), "mg bG9uZzpr k v b\r\n") << "a:k and long:k in base64";
  EXPECT_EQ(changed(binary_request(0x0C, "", "a:k")), binary_request(0x0C, "", "long:k"));
  EXPECT_EQ(changed(binary_request(0x11, storage_extras(7, 9), "a:k", "a:k")), binary_request(0x11, storage_extras(7, 9), "long:k", "a:k"));
  EXPECT_EQ(bench_.counter("changed"), 9U);
}

TEST_F(Rewriting, AnnotatesTheRequestAnew) {
  send("set a:key 0 0 1 noreply\r\nx\r\n");
  const Seen out = bench_.take("out").at(0);
  const Annotations& a = out.annotations;
  const std::string_view bytes(reinterpret_cast<const char*>(out.bytes.data()), out.bytes.size());
  EXPECT_EQ(bytes.substr(a.key_offset, a.key_length), "long:key");
  EXPECT_EQ(a.key_hash, hash_key("long:key"));
  EXPECT_EQ(a.flags, kWrites | kQuiet);
  EXPECT_EQ(a.request_id, 1);
}

TEST_F(Rewriting, LeavesOtherRequestsAlone) {
  for (const std::string text :
       {"get b:k\r\n", "get A:k\r\n", "get a:k a:l\r\n", "get a:k\r\nget a:l\r\n", "version\r\n", "mg YjprCg== v b\r\n"}) {
    send(text);
    const auto out = bench_.take("other");
    ASSERT_EQ(out.size(), 1U) << text;
    EXPECT_EQ(out[0].bytes, request(text));
    EXPECT_EQ(out[0].annotations.paint, 0);
  }
  EXPECT_EQ(bench_.counter("changed"), 0U);
}

TEST_F(Rewriting, RefusesKeysThatWouldBeTooLong) {
  EXPECT_EQ(changed("get a:" + std::string(245, 'k') + "\r\n"), "get long:" + std::string(245, 'k') + "\r\n");
  send("get a:" + std::string(246, 'k') + "\r\n");
  EXPECT_EQ(bench_.take("refused").size(), 1U);
  EXPECT_TRUE(bench_.output("out").empty());
  TestBench nothing("KeyRewrite", Value::map({{"strip", "a:"}}));
  TestBench classifier("MemcachedClassifier");
  classifier.push({request("get a:\r\n"), request("get a:k\r\n")});
  for (const Seen& seen : classifier.take("get")) hand_over(nothing, seen);
  EXPECT_EQ(nothing.output("refused").size(), 1U) << "no key would be left";
  EXPECT_EQ(text_of(nothing.take("out").at(0)), "get k\r\n");
}

TEST_F(Rewriting, GivesRepliesTheKeyBack) {
  EXPECT_EQ(restored("VALUE long:k 5 6\r\nlong:k\r\nEND\r\n"), "VALUE a:k 5 6\r\nlong:k\r\nEND\r\n");
  EXPECT_EQ(restored("VALUE long:k 5 6 77\r\nlong:k\r\nEND\r\n"), "VALUE a:k 5 6 77\r\nlong:k\r\nEND\r\n");
  EXPECT_EQ(restored("VALUE long:k 0 2000\r\nfirst of two"), "VALUE a:k 0 2000\r\nfirst of two");
  EXPECT_EQ(restored("VA 1 f0 klong:k\r\nx\r\n"), "VA 1 f0 ka:k\r\nx\r\n");
  EXPECT_EQ(restored("HD Oo klong:k\r\n"), "HD Oo ka:k\r\n");
  EXPECT_EQ(restored("ME long:k exp=-1 la=2\r\n"), "ME a:k exp=-1 la=2\r\n");
  EXPECT_EQ(restored("VA 1 kbG9uZzpr b\r\nx\r\n"), "VA 1 kYTpr b\r\nx\r\n");
  EXPECT_EQ(restored(binary_reply(0x0C, 0, "flag", "long:k", "x", 7, 9)), binary_reply(0x0C, 0, "flag", "a:k", "x", 7, 9));
  EXPECT_EQ(restored("VALUE long:k 0 1\r\nx\r\n", 1, 0, "part"), "VALUE a:k 0 1\r\nx\r\n");
  EXPECT_EQ(bench_.counter("restored"), 9U);
}

TEST_F(Rewriting, LeavesOtherRepliesAlone) {
  const std::string reply = "VALUE long:k 0 1\r\nx\r\nEND\r\n";
  EXPECT_EQ(restored(reply, 0), reply) << "to a client that asked for this key";
  EXPECT_EQ(restored(reply, 2), reply);
  EXPECT_EQ(restored(reply, 1, 1), reply) << "data of a value that is cut into datagrams";
  for (const std::string text :
       {"END\r\n", "STORED\r\n", "5\r\n", "HD\r\n", "VA 1 f0\r\nx\r\n", "SERVER_ERROR klong:k\r\n", "VALUE other:k 0 1\r\nx\r\n"})
    EXPECT_EQ(restored(text), text);
  EXPECT_EQ(bench_.counter("restored"), 0U);
}

// A reply gets the colour of its request, through the table in which both are.
TEST(KeyRewrite, KnowsRepliesByTheColourOfTheirRequest) {
  const auto table = testing::make_state("RequestTable", Value::map({{"address", "10.0.0.99"}, {"mac", "02:00:00:00:00:63"}}));
  const auto pool = testing::make_state(
      "BackendPool",
      Value::map({{"servers", Value::list({Value::map({{"name", "mc1"}, {"mac", "02:00:00:00:01:01"}, {"address", "10.0.0.11"}})})}}));
  TestBench::Options options;
  options.states["own"] = table.get();
  options.states["backends"] = pool.get();
  TestBench classifier("MemcachedClassifier");
  TestBench sender("RequestSender", Value::map({{"requests", "own"}, {"backends", "backends"}}), options);
  TestBench receiver("ReplyReceiver", Value::map({{"requests", "own"}}), options);
  for (const std::uint8_t colour : {0, 1, 77}) {
    classifier.push({request("get k\r\n")});
    Seen asked = classifier.take("get").at(0);
    asked.annotations.paint = colour;
    asked.annotations.next.address = 0x0A00000B;
    asked.annotations.next.port = 11211;
    asked.annotations.next.server = 0;
    hand_over(sender, asked);
    Bytes answer = sender.take("out").at(0).bytes;
    std::swap_ranges(answer.begin() + 26, answer.begin() + 30, answer.begin() + 30);  // addresses
    std::swap_ranges(answer.begin() + 34, answer.begin() + 36, answer.begin() + 36);  // ports
    std::copy_n("END\r\n", 5, answer.begin() + 50);
    receiver.push({answer});
    EXPECT_EQ(receiver.take("client").at(0).annotations.paint, colour);
  }
}

TEST_F(Rewriting, SurvivesNastyPackets) { push_nasty_packets(bench_); }

TEST(KeyRewrite, ReportsWhatCannotWork) {
  const auto problem = [](const std::string& strip, const std::string& add) {
    const Problems problems = TestBench::problems_of("KeyRewrite", Value::map({{"strip", strip}, {"add", add}}));
    return problems.size() == 1 ? problems.list()[0].message : std::to_string(problems.size()) + " problems";
  };
  EXPECT_EQ(problem("x", "x"), "`strip` and `add` are the same");
  EXPECT_EQ(problem("", ""), "`strip` and `add` are the same");
  EXPECT_EQ(problem("a b", "x"), "`a b` is nothing that a key could start with");
  EXPECT_EQ(problem("", std::string(251, 'x')), "`" + std::string(251, 'x') + "` is nothing that a key could start with");
  EXPECT_EQ(problem("", "x"), "0 problems");
}

}  // namespace
}  // namespace smartswitch::memcached
