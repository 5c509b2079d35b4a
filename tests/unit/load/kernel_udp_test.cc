// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "elements/sdk/headers.h"
#include "elements/sdk/testing/test_bench.h"
#include "tests/unit/load/loopback_server.h"
#include "tests/unit/nasty_packets.h"

namespace smartswitch::load {
namespace {

using testing::Bytes;
using testing::PacketBuilder;
using ::testing::SizeIs;
using testing::TestBench;

Value to(const LoopbackServer& server) {
  return Value::map({{"server", "127.0.0.1"}, {"port", server.port()}, {"clients", "2"}, {"first_port", "5000"}, {"wait", "false"}});
}

Bytes from_port(std::uint16_t port, std::string_view payload) {
  return PacketBuilder().ether("02:00:00:00:00:01", "02:00:00:00:00:02").ipv4("10.0.0.1", "10.0.0.2").udp(port, 11211).payload(payload);
}

TEST(KernelUdp, SendsPayloadsAndBringsAnswersToTheirClient) {
  LoopbackServer server(SOCK_DGRAM);
  TestBench bench("KernelUdp", to(server));
  bench.push({from_port(5000, "zero"), from_port(5001, "one"), from_port(5001, "and one")});
  EXPECT_EQ(bench.element().sent(), 3U);
  EXPECT_EQ(server.receive().first, "zero");
  const auto [text, client] = server.receive();
  EXPECT_EQ(text, "one");
  EXPECT_EQ(server.receive().second.sin_port, client.sin_port);
  server.send("answer", client);
  EXPECT_EQ(bench.poll(), 1U);
  ASSERT_THAT(bench.output("replies"), SizeIs(1));
  const Bytes& bytes = bench.output("replies")[0].bytes;
  Headers headers;
  find_headers(bytes.data(), static_cast<std::uint32_t>(bytes.size()), headers);
  EXPECT_EQ(headers.payload_length, 6);
  EXPECT_EQ(std::string(bytes.begin() + headers.payload, bytes.end()), "answer");
  EXPECT_EQ(bytes[headers.l4 + 2] << 8 | bytes[headers.l4 + 3], 5001);
  EXPECT_EQ(bench.poll(), 0U);
}

TEST(KernelUdp, TakesManyAtOnce) {
  LoopbackServer server(SOCK_DGRAM);
  TestBench bench("KernelUdp", to(server));
  bench.push(std::vector<Bytes>(64, from_port(5000, "x")));
  for (int i = 0; i < 64; ++i) server.send("y", server.receive().second);
  while (bench.poll() != 0) continue;
  EXPECT_THAT(bench.output("replies"), SizeIs(64));
}

TEST(KernelUdp, DropsWhatHasNoSocket) {
  LoopbackServer server(SOCK_DGRAM);
  TestBench bench("KernelUdp", to(server));
  bench.push({from_port(4999, "x"), from_port(5002, "x"), Bytes(20)});
  EXPECT_EQ(bench.counter("no_socket"), 3U);
}

TEST(KernelUdp, SurvivesNastyPackets) {
  LoopbackServer server(SOCK_DGRAM);
  TestBench bench("KernelUdp", to(server));
  testing::push_nasty_packets(bench);
  EXPECT_GT(bench.counter("no_socket"), 0U);
}

TEST(KernelUdp, DatagramsThatDoNotFitAreCounted) {
  LoopbackServer server(SOCK_DGRAM);
  TestBench bench("KernelUdp", to(server));
  bench.push({from_port(5000, "x")});
  server.send(std::string(9000, 'y'), server.receive().second);
  EXPECT_EQ(bench.poll(), 1U);
  EXPECT_EQ(bench.counter("cut_off"), 1U);
}

TEST(KernelUdp, NoticesThatNobodyListens) {
  LoopbackServer server(SOCK_DGRAM);
  TestBench bench("KernelUdp", to(server));
  std::string said;
  bench.worker().log = [&](std::string_view text) { said = text; };
  server.close();
  bench.push({from_port(5000, "x")});
  bench.push({from_port(5000, "x")});
  bench.poll();
  EXPECT_GE(bench.counter("refused"), 1U);
  EXPECT_THAT(said, ::testing::HasSubstr("127.0.0.1:" + server.port() + " refuses"));
}

TEST(KernelUdp, LeavesDatagramsInTheKernelWhileThereAreNoBuffers) {
  LoopbackServer server(SOCK_DGRAM);
  TestBench::Options options;
  options.pool_packets = 31;
  TestBench bench("KernelUdp", to(server), options);
  bench.push({from_port(5000, "x")});
  server.send("y", server.receive().second);
  Batch all;
  while (rte_mbuf* mbuf = rte_pktmbuf_alloc(bench.pool())) all.add(Packet(mbuf));
  EXPECT_EQ(bench.poll(), 0U);
  EXPECT_EQ(bench.counter("no_buffer"), 1U);
  all.free_all();
  EXPECT_EQ(bench.poll(), 1U);
}

TEST(KernelUdp, WaitsNoLongerThanUntilATimerIsDue) {
  LoopbackServer server(SOCK_DGRAM);
  TestBench bench("KernelUdp", Value::map({{"server", "127.0.0.1"}, {"port", server.port()}}));
  EXPECT_EQ(bench.poll(), 0U);  // its own timer was due long ago, by the kernel's clock
}

}  // namespace
}  // namespace smartswitch::load
