// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A bell that is missed leaves its test asleep for ever: then an alarm ends the program.
#include "runtime/doorbell.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "runtime/clock.h"

namespace smartswitch::runtime {
namespace {

constexpr std::int64_t kNever = INT64_MAX;
constexpr std::int64_t kMillisecond = 1'000'000;
constexpr unsigned kBellPatience = 120;  // seconds

class DoorbellTest : public ::testing::Test {
 protected:
  void SetUp() override {
    alarm(kBellPatience);
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends_.data()), 0);
    doorbell_.add(ends_[0]);
  }
  ~DoorbellTest() override {
    alarm(0);
    for (const int end : ends_) close(end);
  }
  void send() const { ASSERT_EQ(::send(ends_[1], "x", 1, 0), 1); }

  std::array<int, 2> ends_{-1, -1};
  Doorbell doorbell_;
};

TEST_F(DoorbellTest, RingsForWhatCameBeforeTheSleep) {
  send();
  EXPECT_TRUE(doorbell_.sleep(kNever));
  EXPECT_TRUE(doorbell_.sleep(kNever)) << "it rings for as long as something is there";
}

TEST_F(DoorbellTest, RingsForWhatComesMeanwhile) {
  std::thread sender([this] { send(); });
  EXPECT_TRUE(doorbell_.sleep(kNever));
  sender.join();
}

TEST_F(DoorbellTest, AnyBellEndsTheSleep) {
  std::array<int, 2> others{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, others.data()), 0);
  doorbell_.add(others[0]);
  ASSERT_EQ(::send(others[1], "x", 1, 0), 1);
  EXPECT_TRUE(doorbell_.sleep(kNever));
  for (const int end : others) close(end);
}

TEST_F(DoorbellTest, TimeEndsTheSleep) {
  const std::int64_t until = monotonic_ns() + 20 * kMillisecond;
  EXPECT_FALSE(doorbell_.sleep(until));
  EXPECT_GE(monotonic_ns(), until);
  EXPECT_FALSE(doorbell_.sleep(monotonic_ns() - kMillisecond)) << "a time that is over";
}

TEST_F(DoorbellTest, AnotherThreadEndsTheSleepAndAllThatFollow) {
  std::thread other([this] { doorbell_.ring(); });
  EXPECT_FALSE(doorbell_.sleep(kNever));
  other.join();
  EXPECT_FALSE(doorbell_.sleep(kNever));
  EXPECT_FALSE(doorbell_.sleep(kNever, Doorbell::Listen::kRing));
}

TEST_F(DoorbellTest, DoesNotHearBellsIfItDoesNotListen) {
  send();
  EXPECT_FALSE(doorbell_.sleep(monotonic_ns() + kMillisecond, Doorbell::Listen::kRing));
  EXPECT_TRUE(doorbell_.sleep(kNever));
}

TEST_F(DoorbellTest, RingsOnceForASocketsError) {
  // Nobody has the port: the kernel says so to the sender (ICMP), as it does when the interface of a packet socket goes down.
  const int nobody = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(nobody, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  socklen_t size = sizeof(address);
  ASSERT_EQ(getsockname(nobody, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(nobody);

  const int sender = socket(AF_INET, SOCK_DGRAM, 0);
  ASSERT_EQ(connect(sender, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  doorbell_.add(sender);
  ASSERT_EQ(::send(sender, "x", 1, 0), 1);
  EXPECT_TRUE(doorbell_.sleep(kNever));
  EXPECT_FALSE(doorbell_.sleep(monotonic_ns() + kMillisecond));
  close(sender);
}

}  // namespace
}  // namespace smartswitch::runtime
