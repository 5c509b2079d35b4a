// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gtest/gtest.h>

#include "elements/memcached/datagram.h"
#include "elements/sdk/hash.h"
#include "elements/sdk/testing/test_bench.h"
#include "tests/unit/memcached/binary_messages.h"
#include "tests/unit/memcached/requests.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::memcached {
namespace {

using testing::Bytes;
using testing::PacketBuilder;
using testing::TestBench;

const Value kForService = Value::map({{"service", Value::list({"10.0.0.100"})}});

TEST(MemcachedClassifier, AnnotatesAGet) {
  TestBench bench("MemcachedClassifier", kForService);
  bench.push({request("get greeting\r\n", 0x1234)});
  ASSERT_EQ(bench.output("get").size(), 1U);
  const auto& seen = bench.output("get")[0];
  EXPECT_EQ(seen.bytes, request("get greeting\r\n", 0x1234)) << "nothing is changed";
  const Annotations& a = seen.annotations;
  EXPECT_EQ(a.verb, static_cast<std::uint8_t>(Verb::kGet));
  EXPECT_EQ(a.request_id, 0x1234);
  EXPECT_EQ(std::string(seen.bytes.begin() + a.key_offset, seen.bytes.begin() + a.key_offset + a.key_length), "greeting");
  EXPECT_EQ(a.key_hash, hash_key("greeting"));
  EXPECT_EQ(a.flags, 0);
  EXPECT_EQ(bench.counter("gets"), 1U);
}

TEST(MemcachedClassifier, SortsRequestsByWhatTheyDo) {
  TestBench bench("MemcachedClassifier", kForService);
  bench.push({request("get a\r\n"), request("gets a b\r\n"), request("set a 0 0 1\r\nx\r\n"), request("delete a\r\n"),
              request("incr a 1\r\n"), request("touch a 1\r\n"), request("gat 1 a\r\n"), request("mg a v\r\n"), request("version\r\n"),
              request("flush_all\r\n"), request("nonsense\r\n")});
  EXPECT_EQ(bench.output("get").size(), 2U) << "get and mg";
  EXPECT_EQ(bench.output("write").size(), 5U);
  EXPECT_EQ(bench.output("several").size(), 1U);
  EXPECT_EQ(bench.output("control").size(), 3U);
}

TEST(MemcachedClassifier, ReadsTheBinaryProtocol) {
  TestBench bench("MemcachedClassifier", kForService);
  bench.push({request(binary_request(binary::kGet, "", "binary")), request(binary_request(binary::kSet, storage_extras(0, 0), "k", "v")),
              request(binary_request(binary::kGetKQ, "", "a") + binary_request(binary::kNoop, "", "")),
              request(binary_request(8, "", ""))});
  ASSERT_EQ(bench.output("get").size(), 1U);
  const auto& seen = bench.output("get")[0];
  EXPECT_EQ(std::string(seen.bytes.begin() + seen.annotations.key_offset, seen.bytes.begin() + seen.annotations.key_offset + 6), "binary");
  EXPECT_EQ(seen.annotations.key_hash, hash_key("binary"));
  EXPECT_EQ(seen.annotations.flags, kBinary);
  EXPECT_EQ(bench.output("write").size(), 1U);
  EXPECT_EQ(bench.output("several").size(), 1U);
  EXPECT_EQ(bench.output("control").size(), 1U);
}

TEST(MemcachedClassifier, HashesTheNameThatAKeyInBase64StandsFor) {
  TestBench bench("MemcachedClassifier", kForService);
  bench.push({request("mg Zm9v b v\r\n")});
  ASSERT_EQ(bench.output("get").size(), 1U);
  const auto& seen = bench.output("get")[0];
  EXPECT_EQ(seen.annotations.key_hash, hash_key("foo"));
  KeyBuffer buffer;
  const Packet packet = bench.packet(seen.bytes);
  packet.annotations() = seen.annotations;
  EXPECT_EQ(key_of(packet, buffer), "foo");
  Batch batch;
  batch.add(packet);
}

TEST(MemcachedClassifier, MarksGetsOfSeveralKeys) {
  TestBench bench("MemcachedClassifier", kForService);
  bench.push({request("get a b\r\n")});
  ASSERT_EQ(bench.output("several").size(), 1U);
  EXPECT_EQ(bench.output("several")[0].annotations.flags & kSeveral, kSeveral);
}

TEST(MemcachedClassifier, LooksAtEveryCommandOfADatagram) {
  TestBench bench("MemcachedClassifier", kForService);
  bench.push({request("get a\r\nset b 0 0 1\r\nx\r\n"), request("get a\r\nget b\r\n"), request("get a\r\nset b 0 0 1\r\n")});
  ASSERT_EQ(bench.output("several").size(), 2U);
  EXPECT_EQ(bench.output("several")[0].annotations.flags & kSeveral, kSeveral);
  EXPECT_EQ(bench.output("refused").size(), 1U);
  EXPECT_EQ(bench.counter("incomplete"), 1U);
}

TEST(MemcachedClassifier, RefusesWhatWouldPoisonTheServersSocket) {
  TestBench bench("MemcachedClassifier", kForService);
  bench.push({request("set a 0 0 10\r\nhello"), request("get a"), request("set a 0 0 2\r\nhello\r\n"), request("set a 0 0 x\r\nx\r\n"),
              request("set " + std::string(251, 'k') + " 0 0 1\r\nx\r\n"), request(std::string_view("\x80\x01", 2))});
  EXPECT_EQ(bench.output("refused").size(), 6U);
  EXPECT_EQ(bench.counter("incomplete"), 3U);
  EXPECT_EQ(bench.counter("bad_data"), 1U);
  EXPECT_EQ(bench.counter("bad_line"), 2U);
}

TEST(MemcachedClassifier, RefusesWhatMemcachedWouldReadOtherwise) {
  TestBench bench("MemcachedClassifier", kForService);
  bench.push({request(std::string_view("flush_all\0x\r\n", 13)),
              request("version\r\n" + binary_request(binary::kSet, storage_extras(0, 0), "j", "\nset k 0 0 1\r\nx\r\n")),
              request(binary_request(binary::kNoop, "", "") + "flush_all\r\n")});
  EXPECT_EQ(bench.output("refused").size(), 3U);
  EXPECT_EQ(bench.counter("bad_line"), 3U);
}

TEST(MemcachedClassifier, DropsBadFramesAndFragments) {
  TestBench bench("MemcachedClassifier", kForService);
  std::string two_of_two = testing::memcached_frame(1, "get a\r\n");
  two_of_two[5] = 2;
  bench.push({to_service().payload(two_of_two), to_service().payload("short"), to_service().payload(std::string(64, 'x')).fragment(0, true),
              to_service().payload(std::string(64, 'x')).fragment(64, false)});
  EXPECT_EQ(bench.counter("bad_frame"), 2U);
  EXPECT_EQ(bench.counter("fragment"), 2U);
}

TEST(MemcachedClassifier, LetsARefusedKeyOfAGetBeAnsweredByAServer) {
  TestBench bench("MemcachedClassifier", kForService);
  bench.push({request("get " + std::string(251, 'k') + "\r\n")});
  EXPECT_EQ(bench.output("control").size(), 1U);
}

TEST(MemcachedClassifier, GivesRequestsToOtherAddressesAndTcpAWayOfTheirOwn) {
  TestBench bench("MemcachedClassifier", kForService);
  const auto direct = PacketBuilder().ether(kClientMac, kServiceMac).ipv4(kClient, "10.0.0.11");
  bench.push({PacketBuilder(direct).udp(4000, 11211).payload(testing::memcached_frame(1, "set a 0 0 1\r\nx\r\n")),
              PacketBuilder(direct).tcp(4000, 11211).payload("set a 0 0 1\r\nx\r\n"), PacketBuilder(direct).tcp(4000, 11211),
              PacketBuilder(direct).tcp(4000, 80).payload("GET /")});
  EXPECT_EQ(bench.output("direct").size(), 2U);
  EXPECT_EQ(bench.output("other").size(), 2U) << "TCP without data, and TCP to another port";
}

TEST(MemcachedClassifier, LeavesEverythingElseAlone) {
  TestBench bench("MemcachedClassifier", kForService);
  const std::vector<Bytes> others = {PacketBuilder().ether(kClientMac, kServiceMac).ipv4(kClient, kService).udp(4000, 53).payload("x"),
                                     PacketBuilder().ether(kClientMac, kServiceMac).payload("not IP"), reply("END\r\n")};
  bench.push(others);
  ASSERT_EQ(bench.output("other").size(), others.size());
  for (std::size_t i = 0; i < others.size(); ++i) EXPECT_EQ(bench.output("other")[i].bytes, others[i]);
}

TEST(MemcachedClassifier, ReadsThroughVlanTagsAndIpv6) {
  TestBench bench("MemcachedClassifier");
  const std::string text = testing::memcached_frame(7, "get tagged\r\n");
  bench.push({PacketBuilder().ether(kClientMac, kServiceMac).vlan(5).vlan(6).ipv4(kClient, kService).udp(1, 11211).payload(text),
              PacketBuilder().ether(kClientMac, kServiceMac).ipv6("2001:db8::1", "2001:db8::2").udp(1, 11211).payload(text)});
  ASSERT_EQ(bench.output("get").size(), 2U);
  for (const auto& seen : bench.output("get")) {
    EXPECT_EQ(std::string(seen.bytes.begin() + seen.annotations.key_offset, seen.bytes.begin() + seen.annotations.key_offset + 6),
              "tagged");
  }
}

TEST(MemcachedClassifier, SurvivesNastyPackets) {
  TestBench::Options options;
  options.buffer_bytes = 10000;
  TestBench bench("MemcachedClassifier", Value::map({}), options);
  for (const auto& nasty : testing::nasty_packets()) bench.push({nasty.bytes});
  for (std::size_t length = 0; length < 80; ++length) {
    Bytes cut = request("set a 0 0 20\r\n01234567890123456789\r\n");
    cut.resize(length);
    bench.push({cut});
  }
}

}  // namespace
}  // namespace smartswitch::memcached
