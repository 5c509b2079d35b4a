// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// CacheResponder, CacheInvalidate and CacheFill around one KeyCache, fed with packets as a MemcachedClassifier sorts them.
#include <gtest/gtest.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include <thread>

#include "elements/memcached/datagram.h"
#include "elements/memcached/key_cache.h"
#include "elements/sdk/hash.h"
#include "elements/sdk/testing/test_bench.h"
#include "tests/unit/memcached/binary_messages.h"
#include "tests/unit/memcached/cache_benches.h"
#include "tests/unit/memcached/requests.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::memcached {
namespace {

using testing::Bytes;
using testing::PacketBuilder;
using testing::Seen;
using testing::TestBench;

class CacheElements : public ::testing::Test, public CacheBenches {};

TEST_F(CacheElements, AnswersASecondGetAsTheServerDid) {
  EXPECT_TRUE(client_sends(request("get k\r\n", 1, 4000)).empty());
  EXPECT_EQ(responder_->output("out").size(), 1U);
  server_sends(reply(value("k", "hello"), 1, 4000));
  EXPECT_EQ(fill_->counter("fills"), 1U);
  EXPECT_EQ(fill_->output("out").size(), 1U);

  const auto hits = client_sends(request("get k\r\n", 77, 5000));
  ASSERT_EQ(hits.size(), 1U);
  const Bytes& got = hits[0].bytes;
  const Bytes expected = PacketBuilder()
                             .ether(kServiceMac, kClientMac)
                             .ipv4(kService, kClient)
                             .udp(11211, 5000)
                             .payload(testing::memcached_frame(77, value("k", "hello")));
  ASSERT_EQ(got.size(), expected.size());
  // All but the IP identification, fragment field and the checksum over them, which the builder fills in its own way.
  Bytes masked = got;
  for (const std::size_t at : {18, 19, 20, 21, 24, 25}) masked[at] = expected[at];
  EXPECT_EQ(masked, expected);
  const auto* ip = reinterpret_cast<const rte_ipv4_hdr*>(got.data() + 14);
  EXPECT_EQ(rte_raw_cksum(ip, sizeof *ip), 0xFFFF) << "the IP header's checksum is right";
}

TEST_F(CacheElements, AnswersIpv6AndVlanWithRightChecksums) {
  const std::string ask = testing::memcached_frame(1, "get k\r\n");
  const std::string answer = testing::memcached_frame(1, value("k", "odd"));
  const auto from = PacketBuilder().ether(kClientMac, kServiceMac).vlan(7).ipv6("2001:db8::1", "2001:db8::9").udp(4000, 11211);
  const auto to = PacketBuilder().ether(kServiceMac, kClientMac).vlan(7).ipv6("2001:db8::9", "2001:db8::1").udp(11211, 4000);
  client_sends(PacketBuilder(from).payload(ask));
  server_sends(PacketBuilder(to).payload(answer));
  const auto hits = client_sends(PacketBuilder(from).payload(ask));
  ASSERT_EQ(hits.size(), 1U);
  EXPECT_EQ(hits[0].bytes, PacketBuilder(to).payload(answer).build());
}

TEST_F(CacheElements, ChecksumsHoldForValuesOfEveryLength) {
  for (std::size_t size = 0; size < 300; ++size) {
    const std::string key = "k" + std::to_string(size);
    std::string data(size, '\0');
    for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<char>(i * 37 + size);
    client_sends(request("get " + key + "\r\n", 1));
    server_sends(reply(value(key, data), 1));
    const auto hits = client_sends(request("get " + key + "\r\n", 2));
    ASSERT_EQ(hits.size(), 1U) << size;
    Bytes packet = hits[0].bytes;
    auto* udp = reinterpret_cast<rte_udp_hdr*>(packet.data() + 34);
    const rte_be16_t sent = udp->dgram_cksum;
    udp->dgram_cksum = 0;
    EXPECT_EQ(sent, rte_ipv4_udptcp_cksum(reinterpret_cast<const rte_ipv4_hdr*>(packet.data() + 14), udp)) << size;
  }
}

TEST_F(CacheElements, EveryKindOfWriteInvalidates) {
  const std::string writes[] = {"set k 0 0 1\r\nx\r\n",
                                "add k 0 0 1\r\nx\r\n",
                                "replace k 0 0 1\r\nx\r\n",
                                "append k 0 0 1\r\nx\r\n",
                                "prepend k 0 0 1\r\nx\r\n",
                                "cas k 0 0 1 9\r\nx\r\n",
                                "delete k\r\n",
                                "incr k 1\r\n",
                                "decr k 1\r\n",
                                "touch k 0\r\n",
                                "gat 0 k\r\n",
                                "gats 0 j k\r\n",
                                "ms k 1\r\nx\r\n",
                                "md k\r\n",
                                "ma k\r\n",
                                "mg k T0\r\n",
                                "set k 0 0 1 noreply\r\nx\r\n",
                                "flush_all\r\n",
                                "get j\r\ndelete k\r\n",
                                "set j 0 0 1\r\nx\r\nset k 0 0 1\r\nx\r\n"};
  std::uint16_t id = 1;
  for (const std::string& write : writes) {
    start(Value::map({{"memory", "4MiB"}}));
    client_sends(request("get k\r\n", ++id));
    server_sends(reply(value("k", "v"), id));
    ASSERT_TRUE(cached("k")) << write;
    client_sends(request(write, ++id));
    EXPECT_FALSE(cached("k")) << write;
  }
}

TEST_F(CacheElements, TcpAndUnreadableRequestsEmptyTheCache) {
  const Bytes tcp = PacketBuilder().ether(kClientMac, kServiceMac).ipv4(kClient, "10.0.0.11").tcp(1, 11211).payload("set k 0 0 1\r\nx\r\n");
  client_sends(request("get k\r\n", 1));
  server_sends(reply(value("k", "v"), 1));
  ASSERT_TRUE(cached("k"));
  client_sends(tcp);
  EXPECT_FALSE(cached("k"));
  EXPECT_EQ(invalidate_->counter("unknown"), 1U);
}

TEST_F(CacheElements, WhatMemcachedWouldReadOtherwiseEmptiesTheCache) {
  client_sends(request("get k\r\n", 1));
  server_sends(reply(value("k", "v"), 1));
  ASSERT_TRUE(cached("k"));
  // Tried with memcached 1.6.18: it stores k, or flushes. As sent to a server's own address, where no classifier refuses it.
  const std::string hidden[] = {std::string("flush_all\0x\r\n", 13),
                                "version\r\n" + binary_request(binary::kSet, storage_extras(0, 0), "j", "\nset k 0 0 1\r\nx\r\n")};
  std::uint64_t unknown = 0;
  for (const std::string& text : hidden) {
    invalidate_->push({request(text, 2)});
    EXPECT_EQ(invalidate_->counter("unknown"), ++unknown) << text;
    EXPECT_FALSE(cached("k")) << text;
  }
}

TEST_F(CacheElements, HarmlessRequestsLeaveTheCacheAlone) {
  client_sends(request("get k\r\n", 1));
  server_sends(reply(value("k", "v"), 1));
  for (const std::string text :
       {"version\r\n", "stats\r\n", "nonsense\r\n", "get j\r\n", "gets k\r\n", "get j k\r\n", "delete j\r\n", "set j 0 0 1\r\nx\r\n"}) {
    client_sends(request(text, 2));
    EXPECT_TRUE(cached("k")) << text;
  }
}

TEST_F(CacheElements, AWriteBehindAGetThatIsWrongInvalidates) {
  client_sends(request("get k\r\n", 1));
  server_sends(reply(value("k", "old"), 1));
  ASSERT_TRUE(cached("k"));
  client_sends(request("get " + std::string(251, 'x') + "\r\nset k 0 0 3\r\nnew\r\n", 2));
  EXPECT_FALSE(cached("k"));
}

TEST_F(CacheElements, AReplyFromBeforeAWriteDoesNotFill) {
  client_sends(request("get k\r\n", 1));
  client_sends(request("set k 0 0 3\r\nnew\r\n", 2));
  server_sends(reply(value("k", "old"), 1));
  server_sends(reply("STORED\r\n", 2));
  EXPECT_FALSE(cached("k"));
}

TEST_F(CacheElements, AMissOfAnyKindOfGetTakesTheItemOut) {
  const std::pair<std::string, std::string> kinds[] = {
      {"get gone\r\n", "END\r\n"},
      {"gets gone\r\n", "END\r\n"},
      {"mg gone v\r\n", "EN\r\n"},
      {"mg gone k O1\r\n", "EN kgone O1\r\n"},
      {"mg Z29uZQ== b v\r\n", "EN\r\n"},
      {binary_request(binary::kGet, "", "gone"), binary_reply(binary::kGet, binary::kKeyNotFound, "", "", "Not found")},
  };
  for (const auto& [ask, missed] : kinds) {
    start(Value::map({{"memory", "4MiB"}}));
    client_sends(request("get gone\r\n", 1));
    client_sends(request(ask, 2));
    server_sends(reply(value("gone", "v"), 1));
    ASSERT_TRUE(cached("gone"));
    server_sends(reply(missed, 2));
    EXPECT_FALSE(cached("gone")) << ask;
  }
}

TEST_F(CacheElements, ListsTheKeysThatAreAskedForMost) {
  client_sends(request("get popular\r\n", 1));
  server_sends(reply(value("popular", "v"), 1));
  for (std::uint16_t i = 0; i < 20 * KeyCache::kSampledGets; ++i) {
    client_sends(request(i % 2 == 0 ? "get popular\r\n" : "get other" + std::to_string(i) + "\r\n", i));
  }
  const auto hot = static_cast<KeyCache*>(cache_.get())->hot_keys();
  ASSERT_FALSE(hot.empty());
  EXPECT_EQ(hot[0].name, "popular");
  EXPECT_NEAR(hot[0].share, 0.5, 0.2);
}

TEST_F(CacheElements, PassesRequestsItCannotAnswerUnchanged) {
  for (const std::string text : {"mg a v\r\n", "gets a\r\n"}) {
    EXPECT_TRUE(client_sends(request(text)).empty());
    const auto out = responder_->take("out");
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(out[0].bytes, request(text));
  }
}

TEST_F(CacheElements, PassesARequestOnUnchangedWhenTheReplyDoesNotFitItsBuffer) {
  client_sends(request("get k\r\n", 1));
  server_sends(reply(value("k", std::string(600, 'v')), 1));
  TestBench::Options small = options_;
  small.buffer_bytes = 200;
  TestBench responder("CacheResponder", Value::map({{"cache", "hot"}}), small);
  TestBench classifier("MemcachedClassifier");
  classifier.push({request("get k\r\n", 2)});
  hand_over(responder, classifier.output("get")[0]);
  ASSERT_EQ(responder.output("out").size(), 1U);
  EXPECT_EQ(responder.output("out")[0].bytes, request("get k\r\n", 2));
}

TEST_F(CacheElements, SurviveNastyPackets) {
  options_.buffer_bytes = 10000;
  for (const char* element : {"CacheResponder", "CacheInvalidate", "CacheFill", "CacheFetch"}) {
    TestBench bench(element, Value::map({{"cache", "hot"}}), options_);
    std::size_t pushed = 0;
    for (const auto& nasty : testing::nasty_packets()) {
      bench.push({nasty.bytes});
      ++pushed;
    }
    if (element != std::string_view("CacheFetch")) {
      EXPECT_EQ(bench.output("out").size(), pushed) << element;
    }
  }
}

// Somebody writes the key again and again while it is asked for: whatever is not answered is passed on as it came.
TEST_F(CacheElements, PassesARequestOnWholeIfItsItemChangesMeanwhile) {
  auto& cache = static_cast<KeyCache&>(*cache_);
  constexpr std::string_view kKey = "a_key_of_some_length";
  constexpr int kTextAt = 14 + 20 + 8 + 8;
  const std::uint64_t hash = hash_key(kKey);
  const std::string text = value(std::string(kKey), std::string(1000, 'v'));
  std::atomic<bool> done{false};
  std::thread writer([&] {
    std::int64_t now = 0;
    for (std::uint64_t ticket = 1; !done; ticket += 2) {
      now += 1'000'000;  // so that old tickets can be forgotten
      cache.write_sent({ticket}, hash, {}, now);
      cache.reply_seen({ticket}, "STORED\r\n", now);
      cache.get_sent({ticket + 1}, hash, now);
      cache.reply_seen({ticket + 1}, text, now);
      for (std::uint64_t i = 0; i < ticket % 1000; ++i) rte_pause();  // the item is there for a while
    }
  });
  TestBench classifier("MemcachedClassifier");
  classifier.push({request("get " + std::string(kKey) + "\r\n", 1, 4000)});
  const std::vector<Seen> asked = classifier.take("get");
  unsigned passed = 0;
  for (int round = 0; round < 20000; ++round) {
    hand_over(*responder_, asked[0]);
    for (const Seen& seen : responder_->take("out")) {
      ++passed;
      EXPECT_EQ(seen.bytes, asked[0].bytes);
    }
    for (const Seen& seen : responder_->take("hit")) EXPECT_EQ(std::string(seen.bytes.begin() + kTextAt, seen.bytes.end()), text);
  }
  done = true;
  writer.join();
  EXPECT_EQ(responder_->counter("hits") + passed, 20000U);
}

}  // namespace
}  // namespace smartswitch::memcached
