// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/driver_sockets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace smartswitch::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(DriverSockets, AreThoseOfTheDomainThatWereOpenedSince) {
  const int earlier = socket(AF_UNIX, SOCK_DGRAM, 0);
  const DriverSockets sockets;
  EXPECT_THAT(sockets.opened(AF_UNIX), IsEmpty());
  // The first one gets the lowest free number, which the folder of descriptors had while it was read.
  const int first = socket(AF_UNIX, SOCK_DGRAM, 0);
  const int other = socket(AF_INET, SOCK_DGRAM, 0);
  const int no_socket = dup(STDERR_FILENO);
  const int second = socket(AF_UNIX, SOCK_DGRAM, 0);
  EXPECT_THAT(sockets.opened(AF_UNIX), ElementsAre(first, second));
  EXPECT_THAT(sockets.opened(AF_INET), ElementsAre(other));
  for (const int descriptor : {earlier, first, other, no_socket, second}) close(descriptor);
  EXPECT_THAT(sockets.opened(AF_UNIX), IsEmpty());
}

}  // namespace
}  // namespace smartswitch::runtime
