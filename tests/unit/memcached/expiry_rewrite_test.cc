// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "elements/memcached/datagram.h"
#include "elements/sdk/hash.h"
#include "tests/unit/memcached/binary_messages.h"
#include "tests/unit/memcached/requests.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::memcached {
namespace {

using testing::Bytes;
using testing::Seen;
using testing::TestBench;

class Expiry : public ::testing::Test {
 protected:
  explicit Expiry(const std::string& action = "min") : bench_("ExpiryRewrite", Value::map({{"expiry", "100s"}, {"action", action}})) {}

  // Through a classifier and the element; what has come out.
  std::vector<Seen> pass(const Bytes& packet) {
    TestBench classifier("MemcachedClassifier");
    classifier.push({packet});
    for (const char* output : {"get", "write", "several", "control"}) {
      for (const Seen& seen : classifier.take(output)) hand_over(bench_, seen);
    }
    return bench_.take("out");
  }
  std::string changed(const std::string& text) {
    const auto out = pass(request(text));
    if (out.size() != 1) return std::to_string(out.size()) + " packets";
    EXPECT_TRUE(checksums_hold(out[0].bytes)) << text;
    EXPECT_EQ(out[0].annotations.headers.payload_length, out[0].bytes.size() - 42);
    return text_of(out[0]);
  }

  TestBench bench_;
};

class SetExpiry : public Expiry {
 protected:
  SetExpiry() : Expiry("set") {}
};

TEST_F(Expiry, BoundsWhatWouldLiveLonger) {
  for (const std::string command : {"set", "add", "replace"}) {
    EXPECT_EQ(changed(command + " k 5 0 1\r\nx\r\n"), command + " k 5 100 1\r\nx\r\n");
    EXPECT_EQ(changed(command + " k 5 101 1\r\nx\r\n"), command + " k 5 100 1\r\nx\r\n");
    EXPECT_EQ(changed(command + " k 5 2592000 1 noreply\r\nx\r\n"), command + " k 5 100 1 noreply\r\nx\r\n");
  }
  EXPECT_EQ(changed("cas k 5 0 1 77\r\nx\r\n"), "cas k 5 100 1 77\r\nx\r\n");
  EXPECT_EQ(changed("touch k 0\r\n"), "touch k 100\r\n");
  EXPECT_EQ(changed("gat 0 k\r\n"), "gat 100 k\r\n");
  EXPECT_EQ(changed("gats 1000 k l\r\n"), "gats 100 k l\r\n");
  EXPECT_EQ(changed("ms k 1 T0\r\nx\r\n"), "ms k 1 T100\r\nx\r\n");
  EXPECT_EQ(changed("ms k 1\r\nx\r\n"), "ms k 1 T100\r\nx\r\n");
  EXPECT_EQ(changed("ms k 1 F5 q\r\nx\r\n"), "ms k 1 F5 q T100\r\nx\r\n");
  EXPECT_EQ(changed("mg k v T0 N5000\r\n"), "mg k v T100 N100\r\n");
  EXPECT_EQ(changed("ma k N0\r\n"), "ma k N100\r\n");
  EXPECT_EQ(changed("set  k  5  +500  1\r\nx\r\n"), "set  k  5  100  1\r\nx\r\n");
  EXPECT_EQ(bench_.counter("changed"), 19U);
}

TEST_F(Expiry, LeavesWhatEndsSoonerAndWhatLivesNoLonger) {
  for (const std::string text : {"set k 0 100 1\r\nx\r\n",
                                 "set k 0 1 1\r\nx\r\n",
                                 "set k 0 -1 1\r\nx\r\n",
                                 "touch k 99\r\n",
                                 "gat 100 k\r\n",
                                 "ms k 1 T100\r\nx\r\n",
                                 "mg k v\r\n",
                                 "mg k v T5\r\n",
                                 "ma k\r\n",
                                 "ma k D5\r\n",
                                 "append k 0 0 1\r\nx\r\n",
                                 "prepend k 0 0 1\r\nx\r\n",
                                 "delete k\r\n",
                                 "md k T0\r\n",
                                 "incr k 1\r\n",
                                 "get k\r\n",
                                 "get k l\r\n",
                                 "flush_all 1000\r\n",
                                 "version\r\n",
                                 "touch k soon\r\n"}) {
    EXPECT_EQ(changed(text), text);
  }
  EXPECT_EQ(bench_.counter("changed"), 0U);
}

TEST_F(Expiry, ReadsUnixTimes) {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_EQ(changed("touch k " + std::to_string(now + 5000) + "\r\n"), "touch k 100\r\n");
  for (const std::int64_t time : {now + 50, now - 5000, std::int64_t{2592001}}) {
    const std::string text = "touch k " + std::to_string(time) + "\r\n";
    EXPECT_EQ(changed(text), text);
  }
}

TEST_F(SetExpiry, GivesAllTheSame) {
  EXPECT_EQ(changed("set k 0 0 1\r\nx\r\n"), "set k 0 100 1\r\nx\r\n");
  EXPECT_EQ(changed("set k 0 5 1\r\nx\r\n"), "set k 0 100 1\r\nx\r\n");
  EXPECT_EQ(changed("set k 0 -1 1\r\nx\r\n"), "set k 0 100 1\r\nx\r\n");
  EXPECT_EQ(changed("set k 0 2000000000 1\r\nx\r\n"), "set k 0 100 1\r\nx\r\n");
  EXPECT_EQ(changed("set k 0 100 1\r\nx\r\n"), "set k 0 100 1\r\nx\r\n");
  EXPECT_EQ(changed("ms k 1\r\nx\r\n"), "ms k 1 T100\r\nx\r\n");
  EXPECT_EQ(bench_.counter("changed"), 5U);
  TestBench forever("ExpiryRewrite", Value::map({{"expiry", "0s"}, {"action", "set"}}));
  TestBench classifier("MemcachedClassifier");
  classifier.push({request("set k 0 5 1\r\nx\r\n"), request("ms k 1\r\nx\r\n")});
  for (const Seen& seen : classifier.take("write")) hand_over(forever, seen);
  ASSERT_EQ(forever.output("out").size(), 2U);
  EXPECT_EQ(text_of(forever.output("out")[0]), "set k 0 0 1\r\nx\r\n");
  EXPECT_EQ(text_of(forever.output("out")[1]), "ms k 1\r\nx\r\n");
}

TEST_F(Expiry, ChangesBinaryRequests) {
  const auto touch = [](std::uint8_t opcode, std::uint32_t expiry) {
    return binary_request(opcode, storage_extras(0, expiry).substr(4), "k");
  };
  for (const std::uint8_t opcode : {0x01, 0x02, 0x03, 0x11, 0x12, 0x13}) {
    EXPECT_EQ(changed(binary_request(opcode, storage_extras(7, 0), "k", "x")), binary_request(opcode, storage_extras(7, 100), "k", "x"));
    EXPECT_EQ(changed(binary_request(opcode, storage_extras(7, 9), "k", "x")), binary_request(opcode, storage_extras(7, 9), "k", "x"));
  }
  for (const std::uint8_t opcode : {0x1C, 0x1D, 0x1E, 0x23, 0x24}) EXPECT_EQ(changed(touch(opcode, 5000)), touch(opcode, 100));
  for (const std::uint8_t opcode : {0x05, 0x06, 0x15, 0x16}) {
    const std::string numbers(16, '\1');
    const auto incr = [&](std::uint32_t expiry) { return binary_request(opcode, numbers + storage_extras(0, expiry).substr(4), "k"); };
    EXPECT_EQ(changed(incr(0)), incr(100));
    EXPECT_EQ(changed(incr(0xFFFFFFFF)), incr(0xFFFFFFFF)) << "it creates no item";
  }
  const std::string flush = binary_request(0x08, storage_extras(0, 5000).substr(4), "");
  EXPECT_EQ(changed(flush), flush);
}

TEST_F(Expiry, ChangesEachCommandOfADatagram) {
  EXPECT_EQ(changed("get a\r\nset b 0 0 4\r\n 0 0\r\ntouch c 5\r\ntouch d 5000\r\nget e\r\n"),
            "get a\r\nset b 0 100 4\r\n 0 0\r\ntouch c 5\r\ntouch d 100\r\nget e\r\n");
  const auto set = [](std::uint32_t expiry) { return binary_request(0x01, storage_extras(0, expiry), "k", "x"); };
  EXPECT_EQ(changed(set(0) + set(5) + set(500)), set(100) + set(5) + set(100));
}

// What elements behind it go by.
TEST_F(Expiry, AnnotatesTheRequestAnew) {
  const auto out = pass(request("gat 2592000 key7\r\n"));
  ASSERT_EQ(out.size(), 1U);
  const Annotations& a = out[0].annotations;
  const std::string_view bytes(reinterpret_cast<const char*>(out[0].bytes.data()), out[0].bytes.size());
  EXPECT_EQ(bytes.substr(a.key_offset, a.key_length), "key7");
  EXPECT_EQ(a.key_hash, hash_key("key7"));
  EXPECT_EQ(a.flags, kWrites);
  const auto several = pass(request("touch k 0\r\ntouch l 0\r\n"));
  ASSERT_EQ(several.size(), 1U);
  EXPECT_EQ(several[0].annotations.flags & kSeveral, kSeveral);
}

TEST_F(Expiry, LeavesADamagedRequestDamagedAndPaddingBehind) {
  Bytes packet = request("touch key 1000\r\n");
  packet.resize(packet.size() + 9, 0xEE);
  auto out = pass(packet);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(text_of(out[0]), "touch key 100\r\n");
  EXPECT_TRUE(checksums_hold(out[0].bytes));
  packet[57] ^= 0x20;  // in the key
  out = pass(packet);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_FALSE(checksums_hold(out[0].bytes));
}

TEST_F(Expiry, ChangesRequestsOverIpv6AndInVlans) {
  const auto build = [](std::string_view text) {
    return testing::PacketBuilder()
        .ether(kClientMac, kServiceMac)
        .vlan(7)
        .ipv6("fd00::1", "fd00::100")
        .udp(4000, 11211)
        .payload(testing::memcached_frame(1, text));
  };
  const auto out = pass(build("touch k 0\r\n"));
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].bytes, Bytes(build("touch k 100\r\n")));
}

TEST_F(Expiry, DropsWhatDoesNotFitItsPacket) {
  // As long as the bench's packets can be: two more digits have no room.
  const Packet probe = bench_.packet(request("get k\r\n"));
  const std::size_t room = probe.capacity();
  Batch batch;
  batch.add(probe);
  bench_.push(batch);
  bench_.take("out");
  const std::size_t around = request("set k 0 0 1000\r\n\r\n").size();
  const std::string text = "set k 0 0 " + std::to_string(room - around) + "\r\n" + std::string(room - around, 'x') + "\r\n";
  EXPECT_TRUE(pass(request(text)).empty());
  EXPECT_EQ(bench_.counter("no_room"), 1U);
}

TEST_F(Expiry, SurvivesNastyPackets) { push_nasty_packets(bench_); }

TEST(ExpiryRewrite, ReportsWhatNoItemCanLive) {
  const auto problem = [](const std::string& expiry, const std::string& action) {
    const Problems problems = TestBench::problems_of("ExpiryRewrite", Value::map({{"expiry", expiry}, {"action", action}}));
    return problems.size() == 1 ? problems.list()[0].message : std::to_string(problems.size()) + " problems";
  };
  EXPECT_EQ(problem("0s", "min"), "`expiry` is 0, which no item can live");
  EXPECT_EQ(problem("1500ms", "min"), "memcached counts whole seconds");
  EXPECT_EQ(problem("0s", "set"), "0 problems");
}

}  // namespace
}  // namespace smartswitch::memcached
