// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A packet in words, as `smartswitch explain` takes it:
//
//   udp 10.0.0.1:999 -> 10.0.0.100:11211 get foo     memcached's text, put behind a frame header; `raw TEXT`: the payload as it is
//   tcp [2001:db8::1]:5000 -> [2001:db8::2]:80 syn   flags (syn ack fin rst psh), then any text
//   icmp 10.0.0.1 -> 10.0.0.100                      an echo request
//   arp who-has 10.0.0.100 tell 10.0.0.1
//   hex:0200000000640200...                          all bytes of the frame
//
// `ether MAC -> MAC` and `vlan N` may stand before all but the last. In texts, \r \n \t \\ and \xHH mean what they do elsewhere; CR LF is
// added at the end where it is missing.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "elements/sdk/value.h"

namespace smartswitch::runtime {

/// The frame's bytes, checksums and lengths filled in; nothing, with what is wrong and at which column in `problems`, if the text is wrong.
std::optional<std::vector<std::uint8_t>> parse_packet(std::string_view text, Problems& problems);

}  // namespace smartswitch::runtime
