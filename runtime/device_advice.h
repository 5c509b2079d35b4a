// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <string>

namespace smartswitch::runtime {

/// What most likely keeps `device` ("net_af_packet0,iface=x") from working, and what to do: the interface or file that is missing, the
/// privilege that this process lacks, the driver that does not exist. Drivers say little more than "failed", so this looks for itself.
std::string device_advice(const std::string& device);

/// The value of `key=value` among a device's arguments; empty if it is not there.
std::string device_argument(const std::string& device, const std::string& key);

/// The driver's name: "net_af_packet0,iface=x" -> "net_af_packet".
std::string device_driver(const std::string& device);

}  // namespace smartswitch::runtime
