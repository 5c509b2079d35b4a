// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "elements/memcached/protocol.h"
#include "elements/sdk/describe_fields.h"

namespace smartswitch::memcached {

/// A memcached server, as the file names it. What an element needs of it beyond the name it has to ask for: the rest may be missing.
struct Backend {
  std::string name;
  std::optional<MacAddress> mac;
  std::optional<Ipv4Address> address;
  std::uint16_t port = kPort;
  std::uint32_t weight = 1;
  bool drained = false;
  static void describe(DescribeFields<Backend>& d);
};

}  // namespace smartswitch::memcached
