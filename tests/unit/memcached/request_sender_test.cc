// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// RequestSender and ReplyReceiver around one RequestTable: what goes out to a server, and what comes back from it.
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "elements/memcached/backend_pool.h"
#include "elements/memcached/datagram.h"
#include "elements/memcached/readdress.h"
#include "tests/unit/memcached/backends.h"
#include "tests/unit/memcached/requests.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::memcached {
namespace {

using testing::Bytes;
using testing::ms;
using testing::PacketBuilder;
using testing::Seen;
using testing::TestBench;

constexpr std::string_view kOwnMac = "02:00:00:00:00:63";
constexpr std::string_view kServerMac = "02:00:00:00:01:01";

Value own(const std::string& requests = "64") {
  return Value::map({{"address", "10.0.0.99"}, {"mac", std::string(kOwnMac)}, {"requests", requests}, {"timeout", "1s"}});
}

const Value kSending = Value::map({{"requests", "own"}, {"backends", "backends"}});
const Value kReceiving = Value::map({{"requests", "own"}});

class Asking : public ::testing::Test {
 protected:
  Asking() {
    options_.states["own"] = table_.get();
    options_.states["backends"] = pool_.get();
    sender_ = std::make_unique<TestBench>("RequestSender", kSending, options_);
    receiver_ = std::make_unique<TestBench>("ReplyReceiver", kReceiving, options_);
  }

  // As a KeyHashSwitch leaves it: for server 10.0.0.11, port 11211, the third of its pool.
  void send(const Bytes& bytes, std::optional<Errand> errand = {}) {
    TestBench classifier("MemcachedClassifier");
    classifier.push({bytes});
    Seen seen = classifier.output("get").at(0);
    for (std::size_t i = 0; i < 6; ++i) seen.bytes[i] = Bytes{2, 0, 0, 0, 1, 1}[i];
    Annotations& a = seen.annotations;
    a.next.address = 0x0A00000B;
    a.next.port = 11211;
    a.next.server = 2;
    if (errand) {
      a.flags |= kOwn;
      a.context = errand->context();
    }
    hand_over(*sender_, seen);
  }
  static const Ipv4Message& message(const Seen& seen) { return *reinterpret_cast<const Ipv4Message*>(seen.bytes.data() + 14); }

  // What the server answers to a request that has left the sender.
  static Bytes answer(const Seen& sent, std::string_view text, std::string_view server = "10.0.0.11", std::uint16_t total = 1) {
    const Ipv4Message& m = message(sent);
    std::string payload = testing::memcached_frame(rte_be_to_cpu_16(m.frame.request_id), text);
    payload[5] = static_cast<char>(total);
    return PacketBuilder()
        .ether(kServerMac, kOwnMac)
        .ipv4(server, "10.0.0.99")
        .udp(11211, rte_be_to_cpu_16(m.udp.src_port))
        .payload(payload);
  }

  std::unique_ptr<State> pool_ = testing::make_state("BackendPool", servers(4));
  std::unique_ptr<State> table_ = testing::make_state("RequestTable", own());
  TestBench::Options options_;
  std::unique_ptr<TestBench> sender_, receiver_;
};

TEST_F(Asking, ARequestLeavesUnderTheSwitchesOwnAddress) {
  send(request("get k\r\n", 0x1234, 4000));
  ASSERT_EQ(sender_->output("out").size(), 1U);
  const Seen& out = sender_->output("out")[0];
  const Ipv4Message& m = message(out);
  EXPECT_EQ(out.bytes, Bytes(PacketBuilder()
                                 .ether(kOwnMac, kServerMac)
                                 .ipv4("10.0.0.99", "10.0.0.11")
                                 .udp(rte_be_to_cpu_16(m.udp.src_port), 11211)
                                 .payload(testing::memcached_frame(rte_be_to_cpu_16(m.frame.request_id), "get k\r\n"))))
      << "checksums included";
  EXPECT_GE(rte_be_to_cpu_16(m.udp.src_port), 40960);
  EXPECT_LT(rte_be_to_cpu_16(m.udp.src_port), 40960 + 4096);
}

TEST_F(Asking, ItsReplyReachesTheClientAsIfTheServiceHadAnswered) {
  send(request("get k\r\n", 0x1234, 4000));
  receiver_->push({answer(sender_->output("out")[0], value("k", "hello"))});
  ASSERT_EQ(receiver_->output("client").size(), 1U);
  EXPECT_EQ(receiver_->output("client")[0].bytes, Bytes(PacketBuilder()
                                                            .ether(kServerMac, kClientMac)
                                                            .ipv4(kService, kClient)
                                                            .udp(11211, 4000)
                                                            .payload(testing::memcached_frame(0x1234, value("k", "hello")))));
}

TEST_F(Asking, KeepsADamagedChecksumDamagedAndAMissingOneMissing) {
  Bytes damaged = request("get k\r\n");
  damaged[40] ^= 1;
  Bytes without = request("get k\r\n");
  without[40] = without[41] = 0;
  send(damaged);
  send(without);
  const auto out = sender_->take("out");
  EXPECT_FALSE(checksums_hold(out[0].bytes));
  EXPECT_EQ(message(out[1]).udp.dgram_cksum, 0);
}

TEST_F(Asking, AReplyIsTakenOnceAndOnlyFromTheServerThatWasAsked) {
  send(request("get k\r\n"));
  const Seen sent = sender_->output("out")[0];
  receiver_->push({answer(sent, "END\r\n", "10.0.0.12")});
  EXPECT_EQ(receiver_->counter("stray"), 1U) << "another server";
  receiver_->push({answer(sent, "END\r\n")});
  EXPECT_EQ(receiver_->output("client").size(), 1U);
  receiver_->push({answer(sent, "END\r\n")});
  EXPECT_EQ(receiver_->counter("stray"), 2U) << "a second time";
}

TEST_F(Asking, AReplyInSeveralDatagramsIsTakenWhole) {
  send(request("get k\r\n"));
  const Seen sent = sender_->output("out")[0];
  for (int i = 0; i < 3; ++i) receiver_->push({answer(sent, "part", "10.0.0.11", 3)});
  EXPECT_EQ(receiver_->output("client").size(), 3U);
  receiver_->push({answer(sent, "part", "10.0.0.11", 3)});
  EXPECT_EQ(receiver_->counter("stray"), 1U);
}

TEST_F(Asking, HitsOfSeveralKeysAreTakenUntilTheEnd) {
  send(request("get k\r\n"));
  const Seen sent = sender_->output("out")[0];
  receiver_->push({answer(sent, "VALUE a 0 1\r\nx\r\n"), answer(sent, "VALUE b 0 1\r\nx\r\nEND\r\n"), answer(sent, "END\r\n")});
  EXPECT_EQ(receiver_->output("client").size(), 2U);
  EXPECT_EQ(receiver_->counter("stray"), 1U);
}

TEST_F(Asking, CountsWhatIsUnderWayToAServer) {
  ServerLoad& load = static_cast<BackendPool&>(*pool_).load(2);
  send(request("get k\r\n"));
  send(request("get k\r\n"));
  EXPECT_EQ(load.outstanding.load(), 2U);
  receiver_->push({answer(sender_->output("out")[0], "END\r\n")});
  EXPECT_EQ(load.outstanding.load(), 1U);
  EXPECT_EQ(load.answered.load(), 1U);
  sender_->advance(ms(1100));
  EXPECT_EQ(load.outstanding.load(), 0U);
  EXPECT_EQ(load.lost.load(), 1U);
}

TEST_F(Asking, AReplyThatComesTooLateMeetsNoOtherRequest) {
  send(request("get k\r\n"));
  const Seen sent = sender_->output("out")[0];
  sender_->advance(ms(1100));
  for (int i = 0; i < 64; ++i) send(request("get k\r\n"));
  EXPECT_EQ(sender_->take("out").size(), 65U) << "its place is free again";
  receiver_->push({answer(sent, "END\r\n")});
  EXPECT_EQ(receiver_->counter("stray"), 1U);
}

TEST_F(Asking, NoMoreRequestsAreUnderWayThanTheTableHolds) {
  for (int i = 0; i < 70; ++i) send(request("get k\r\n"));
  EXPECT_EQ(sender_->output("out").size(), 64U);
  EXPECT_EQ(sender_->counter("table_full"), 6U);
  std::set<std::pair<rte_be16_t, rte_be16_t>> names;
  for (const Seen& sent : sender_->output("out")) names.insert({message(sent).udp.src_port, message(sent).frame.request_id});
  EXPECT_EQ(names.size(), 64U);
}

TEST_F(Asking, RepliesToTheSwitchItselfLeaveByTheirPurpose) {
  for (const auto& [purpose, output] : std::initializer_list<std::pair<Purpose, std::string>>{
           {Purpose::kPart, "part"}, {Purpose::kFetch, "fetched"}, {Purpose::kProbe, "probe"}}) {
    send(request("get k\r\n"), Errand{purpose, 0x123456789ABCDE});
    receiver_->push({answer(sender_->take("out").at(0), "END\r\n")});
    const auto seen = receiver_->take(output);
    ASSERT_EQ(seen.size(), 1U) << output;
    EXPECT_EQ(Errand::from(seen[0].annotations.context).number, 0x123456789ABCDEU);
    EXPECT_EQ(seen[0].annotations.next.server, 2);
    EXPECT_EQ(seen[0].annotations.flags, kOwn | kLast);
  }
  send(request("get k\r\n"), Errand{Purpose::kDiscard, 0});
  receiver_->push({answer(sender_->take("out").at(0), "END\r\n")});
  EXPECT_EQ(receiver_->element().consumed(), 1U);
}

TEST_F(Asking, LetsEverythingElsePass) {
  const std::vector<Bytes> others = {
      reply("END\r\n"), PacketBuilder().ether(kServerMac, kOwnMac).ipv4("10.0.0.11", "10.0.0.99").udp(11211, 80).payload("12345678"),
      PacketBuilder().ether(kServerMac, kOwnMac).payload("not IP")};
  receiver_->push(others);
  ASSERT_EQ(receiver_->output("other").size(), others.size());
  for (std::size_t i = 0; i < others.size(); ++i) EXPECT_EQ(receiver_->output("other")[i].bytes, others[i]);
}

TEST_F(Asking, DropsWhatItCannotSend) {
  TestBench classifier("MemcachedClassifier");
  classifier.push({PacketBuilder()
                       .ether(kClientMac, kServiceMac)
                       .ipv6("2001:db8::1", "2001:db8::2")
                       .udp(1, 11211)
                       .payload(testing::memcached_frame(1, "get k\r\n")),
                   PacketBuilder()
                       .ether(kClientMac, kServiceMac)
                       .vlan(5)
                       .ipv4(kClient, kService)
                       .udp(1, 11211)
                       .payload(testing::memcached_frame(1, "get k\r\n")),
                   request("get k\r\n")});
  for (const Seen& seen : classifier.take("get")) hand_over(*sender_, seen);
  EXPECT_EQ(sender_->counter("unsupported"), 2U);
  EXPECT_EQ(sender_->counter("no_address"), 1U);
}

TEST_F(Asking, SurvivesNastyPackets) {
  options_.buffer_bytes = 10000;
  for (const std::string element : {"RequestSender", "ReplyReceiver"}) {
    TestBench bench(element, element == "RequestSender" ? kSending : kReceiving, options_);
    for (const auto& nasty : testing::nasty_packets()) bench.push({nasty.bytes});
  }
}

TEST(RequestTable, KeepsTheRequestsOfSeveralWorkersApart) {
  const auto state = testing::make_state("RequestTable", own("1024"));
  auto& table = static_cast<RequestTable&>(*state);
  std::atomic<unsigned> wrong{0};
  std::atomic<unsigned> right{0};
  ServerLoad load;
  const auto work = [&](unsigned worker) {
    Random random(worker);
    for (std::uint64_t i = 0; i < 5000; ++i) {
      RequestTable::Request request;
      request.errand = {Purpose::kPart, std::uint64_t{worker} << 32 | i};
      request.server = {worker, 11211};
      request.load = &load;
      const auto name = table.open(request, 0, random);
      if (!name) continue;
      bool finished = false;
      const auto found = table.close(*name, request.server, {}, finished);
      ++(found && finished && found->errand.number == request.errand.number ? right : wrong);
      table.expire(0);
    }
  };
  {
    std::jthread one(work, 1);
    std::jthread two(work, 2);
    std::jthread three(work, 3);
  }
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(right, 15000U);
  EXPECT_EQ(table.open_requests(), 0U);
  EXPECT_EQ(load.outstanding, 0U);
}

TEST(RequestTable, RefusesAMulticastAddressForItself) {
  const StateInfo* info = Registry::instance().state("RequestTable");
  Problems problems;
  const auto table = info->create();
  assign_parameters(table.get(), info->parameters, Value::map({{"address", "10.0.0.99"}, {"mac", "03:00:00:00:00:01"}}),
                    "state class `RequestTable`", {}, problems);
  table->validate(problems);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems.list()[0].message, "`mac` is 03:00:00:00:00:01, which is no single station's address");
}

}  // namespace
}  // namespace smartswitch::memcached
