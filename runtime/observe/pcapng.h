// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Blocks of a capture file in the pcapng format (draft-ietf-opsawg-pcapng), in the byte order of this machine. libpcap reads this format
// but writes only the older one, which can name no interfaces and count nothing that was missed.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace smartswitch::observe {

/// Each adds one block to `out`.
namespace pcapng {

using Out = std::vector<std::uint8_t>;

void section_header(Out& out, std::string_view application, std::string_view comment);
/// Interfaces are numbered from 0 in the order of these. Their packets are Ethernet frames with times in nanoseconds.
void interface(Out& out, std::string_view name, std::string_view filter, std::uint32_t snaplen);
/// `time`: ns since 1970. `bytes`: the first of a packet of `length`.
void packet(Out& out, std::uint32_t interface, std::int64_t time, std::span<const std::uint8_t> bytes, std::uint32_t length);
/// What passed an interface, and how many packets of that could not be captured.
void statistics(Out& out, std::uint32_t interface, std::int64_t time, std::uint64_t received, std::uint64_t dropped,
                std::string_view comment);

}  // namespace pcapng

}  // namespace smartswitch::observe
