// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "elements/load/byte_queue.h"
#include "elements/load/wire.h"
#include "elements/sdk/testing/test_bench.h"
#include "tests/unit/load/loopback_server.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::load {
namespace {

using ::testing::HasSubstr;
using testing::PacketBuilder;
using ::testing::SizeIs;
using testing::TestBench;

class KernelTcpTest : public ::testing::Test {
 protected:
  KernelTcpTest()
      : bench_("KernelTcp", Value::map({{"server", "127.0.0.1"}, {"port", server_.port()}, {"first_port", "5000"}, {"wait", "false"}})),
        peer_(server_.accept()) {
    bench_.worker().log = [this](std::string_view text) { said_ = text; };
  }

  void ask(std::uint16_t id, std::string_view text) {
    bench_.push({PacketBuilder()
                     .ether("02:00:00:00:00:01", "02:00:00:00:00:02")
                     .ipv4("10.0.0.1", "10.0.0.2")
                     .udp(5000, 11211)
                     .payload(testing::memcached_frame(id, text))});
  }
  std::string received() {
    std::string bytes(65536, ' ');
    const ssize_t got = recv(peer_.get(), bytes.data(), bytes.size(), 0);
    bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return bytes;
  }
  void send(std::string_view text) { ASSERT_EQ(::send(peer_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size())); }
  /// Polls until that many datagrams have come out, and gives them.
  std::vector<testing::Seen> answers(std::size_t many) {
    while (bench_.output("replies").size() < many) bench_.poll();
    return bench_.take("replies");
  }
  static const DatagramHeaders& headers(const testing::Seen& seen) { return *reinterpret_cast<const DatagramHeaders*>(seen.bytes.data()); }
  static std::string text(const testing::Seen& seen) { return {seen.bytes.begin() + sizeof(DatagramHeaders), seen.bytes.end()}; }

  LoopbackServer server_{SOCK_STREAM};
  TestBench bench_;
  Socket peer_;
  std::string said_;
};

TEST_F(KernelTcpTest, RequestsGoWithoutFramesAndAnswersComeWithTheirs) {
  ask(7, "get a\r\n");
  EXPECT_EQ(received(), "get a\r\n");
  ask(8, "set b 0 0 1\r\nx\r\n");
  EXPECT_EQ(received(), "set b 0 0 1\r\nx\r\n");
  send("VALUE a 0 2\r\nhi\r\nEND\r\nSTORED\r\n");
  const auto all = answers(2);
  EXPECT_EQ(text(all[0]), "VALUE a 0 2\r\nhi\r\nEND\r\n");
  EXPECT_EQ(rte_be_to_cpu_16(headers(all[0]).frame.request_id), 7);
  EXPECT_EQ(rte_be_to_cpu_16(headers(all[0]).udp.dst_port), 5000);
  EXPECT_EQ(text(all[1]), "STORED\r\n");
  EXPECT_EQ(rte_be_to_cpu_16(headers(all[1]).frame.request_id), 8);
}

TEST_F(KernelTcpTest, AnswersMayComeInAnyPieces) {
  ask(1, "get a\r\n");
  ask(2, "get b\r\n");
  const std::string stream = "VALUE a 0 10\r\nEND\r\nEND\r\n\r\nEND\r\nEND\r\n";
  for (const char byte : stream) {
    send({&byte, 1});
    bench_.poll();
  }
  const auto all = answers(2);
  EXPECT_EQ(text(all[0]) + text(all[1]), stream);
}

TEST_F(KernelTcpTest, LongAnswersLeaveInSeveralDatagrams) {
  ask(1, "get a\r\n");
  const std::string answer = "VALUE a 0 3000\r\n" + std::string(3000, 'v') + "\r\nEND\r\n";
  send(answer);
  const auto all = answers(3);
  ASSERT_THAT(all, SizeIs(3));
  std::string together;
  for (std::uint16_t i = 0; i < 3; ++i) {
    EXPECT_EQ(rte_be_to_cpu_16(headers(all[i]).frame.sequence), i);
    EXPECT_EQ(rte_be_to_cpu_16(headers(all[i]).frame.total), 3);
    together += text(all[i]);
  }
  EXPECT_EQ(together, answer);
}

TEST_F(KernelTcpTest, ConnectionThatEndsIsToldAndTakesNoMore) {
  ask(1, "get a\r\n");
  received();
  peer_.close();
  while (bench_.counter("ended") == 0) bench_.poll();
  EXPECT_THAT(said_, HasSubstr("closed by the server; 1 requests on it will have no answer"));
  ask(2, "get a\r\n");
  EXPECT_EQ(bench_.counter("no_connection"), 1U);
  EXPECT_EQ(bench_.poll(), 0U);
}

TEST_F(KernelTcpTest, WhatAnswersNothingEndsTheConnection) {
  send("END\r\n");
  while (bench_.counter("ended") == 0) bench_.poll();
  EXPECT_THAT(said_, HasSubstr("what it sends is no answer to a request"));
}

TEST_F(KernelTcpTest, KeepsWhatTheServerDoesNotTakeYet) {
  // More than the kernel's buffers of a connection hold.
  const std::string part(1900, 'v');
  constexpr std::size_t kParts = 5000;
  for (std::size_t i = 0; i < kParts; ++i) ask(static_cast<std::uint16_t>(i), part);
  std::size_t got = 0;
  while (got < kParts * part.size()) {
    got += received().size();
    bench_.poll();
  }
  EXPECT_EQ(got, kParts * part.size());
  EXPECT_EQ(bench_.element().sent(), kParts);
}

TEST_F(KernelTcpTest, DropsWhatIsNoRequest) {
  testing::push_nasty_packets(bench_);
  EXPECT_GT(bench_.counter("no_request"), 0U);
}

TEST(KernelTcp, SaysWhenNobodyListens) {
  LoopbackServer server(SOCK_STREAM);
  const std::string port = server.port();
  server.close();
  const Problems problems = TestBench::problems_of("KernelTcp", Value::map({{"server", "127.0.0.1"}, {"port", port}}));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems.list()[0].message, "no socket to 127.0.0.1:" + port + " (number 1 of 1): Connection refused");
}

TEST(ByteQueue, GivesBytesInOrder) {
  ByteQueue queue;
  std::string expected;
  std::string got;
  for (int i = 0; i < 1000; ++i) {
    const std::string some(static_cast<std::size_t>(i % 37), static_cast<char>('a' + i % 26));
    queue.append(some);
    expected += some;
    const std::size_t take = std::min<std::size_t>(queue.bytes().size(), static_cast<std::size_t>(i % 29));
    got += queue.bytes().substr(0, take);
    queue.remove(take);
  }
  got += queue.bytes();
  EXPECT_EQ(got, expected);
}

}  // namespace
}  // namespace smartswitch::load
