// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/device_advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/eal.h"

namespace smartswitch::runtime {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(DeviceText, IsTakenApart) {
  EXPECT_EQ(device_driver("net_af_packet12,iface=eth0"), "net_af_packet");
  EXPECT_EQ(device_argument("net_af_packet0,iface=eth0,qpairs=2", "iface"), "eth0");
  EXPECT_EQ(device_argument("net_af_packet0,iface=eth0,qpairs=2", "qpairs"), "2");
  EXPECT_EQ(device_argument("net_af_packet0,iface=eth0", "face"), "");
  EXPECT_EQ(device_argument("net_null0", "iface"), "");
}

TEST(PciAddress, IsToldFromVirtualDevices) {
  EXPECT_TRUE(is_pci_address("0000:3b:00.0"));
  EXPECT_TRUE(is_pci_address("3b:00.1"));
  EXPECT_TRUE(is_pci_address("0000:3b:00.0,arg=1"));
  EXPECT_FALSE(is_pci_address("net_null0"));
  EXPECT_FALSE(is_pci_address("net_pcap0,rx_pcap=3b:00.0"));
}

TEST(Advice, NamesTheInterfaceThatIsMissing) {
  EXPECT_THAT(device_advice("net_af_packet0,iface=nosuchif0"), HasSubstr("no interface called `nosuchif0`"));
  EXPECT_THAT(device_advice("net_af_packet0,iface=lo"), Not(HasSubstr("no interface")));
}

TEST(Advice, NamesTheDriverThatWasMeant) { EXPECT_EQ(device_advice("net_af_paket0,iface=lo"), "did you mean `net_af_packet`?"); }

TEST(Advice, ListsTheDriversWhenNoneIsNear) { EXPECT_THAT(device_advice("eth0"), HasSubstr("`net_tap`")); }

TEST(Advice, NamesTheFileThatIsMissing) {
  EXPECT_EQ(device_advice("net_pcap0,rx_pcap=no/such.pcap"), "there is no file `no/such.pcap`");
  EXPECT_EQ(device_advice("net_pcap0,tx_pcap=no/such.pcap"), "there is no folder `no`");
}

TEST(Advice, SaysHowPciDevicesAreBound) { EXPECT_THAT(device_advice("0000:3b:00.0"), HasSubstr("dpdk-devbind.py")); }

}  // namespace
}  // namespace smartswitch::runtime
