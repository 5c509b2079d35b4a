// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/answer_datagram.h"

#include <gtest/gtest.h>

#include "tests/unit/load/served_client.h"

namespace smartswitch::load {
namespace {

class AnswerDatagrams : public ::testing::Test {
 protected:
  // Freed at the end.
  Packet packet(const testing::Bytes& bytes) {
    const Packet packet = bench_.packet(bytes);
    all_.add(packet);
    return packet;
  }
  testing::TestBench bench_{"Discard"};
  Batch all_;
};

TEST_F(AnswerDatagrams, AreRead) {
  const Asked asked{5000, 0x1234, "get", "k", {}};
  const Packet one = packet(ServedClient::datagram(asked, "END\r\n", 2, 7));
  const std::optional<AnswerDatagram> datagram = read_answer_datagram(one);
  ASSERT_TRUE(datagram);
  EXPECT_EQ(datagram->from_port, 11211);
  EXPECT_EQ(datagram->to_port, 5000);
  EXPECT_EQ(datagram->request_id, 0x1234);
  EXPECT_EQ(datagram->sequence, 2);
  EXPECT_EQ(datagram->total, 7);
  EXPECT_EQ(datagram->text, "END\r\n");
}

TEST_F(AnswerDatagrams, MayHaveNoText) {
  const std::optional<AnswerDatagram> datagram = read_answer_datagram(packet(ServedClient::datagram(Asked{}, "")));
  ASSERT_TRUE(datagram);
  EXPECT_EQ(datagram->text, "");
}

TEST_F(AnswerDatagrams, AreNothingElse) {
  const auto ip = [] { return testing::PacketBuilder().ether("02:00:00:00:00:02", "02:00:00:00:00:01").ipv4("10.0.0.2", "10.0.0.1"); };
  EXPECT_FALSE(read_answer_datagram(packet({})));
  EXPECT_FALSE(read_answer_datagram(packet(testing::arp_request("02:00:00:00:00:02", "10.0.0.2", "10.0.0.1"))));
  EXPECT_FALSE(read_answer_datagram(packet(ip().udp(11211, 5000).payload("7 bytes"))));
  EXPECT_TRUE(read_answer_datagram(packet(ip().udp(11211, 5000).payload("8 bytes."))));
}

}  // namespace
}  // namespace smartswitch::load
