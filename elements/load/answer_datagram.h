// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "elements/load/wire.h"
#include "elements/sdk/headers.h"

namespace smartswitch::load {

/// A datagram of an answer, as a packet brings it. Numbers are in host order; `text` points into the packet.
struct AnswerDatagram {
  std::uint16_t from_port = 0;
  std::uint16_t to_port = 0;
  std::uint16_t request_id = 0;
  std::uint16_t sequence = 0;
  std::uint16_t total = 0;
  std::string_view text;
};

/// std::nullopt if the packet has no whole UDP datagram with memcached's frame.
inline std::optional<AnswerDatagram> read_answer_datagram(Packet packet) {
  const Headers& headers = locate_headers(packet);
  if (headers.l4_protocol != ip_protocol::kUdp || headers.payload == 0 || headers.payload_length < sizeof(DatagramFrame)) {
    return std::nullopt;
  }
  const auto* udp = reinterpret_cast<const rte_udp_hdr*>(packet.data() + headers.l4);
  const auto* frame = reinterpret_cast<const DatagramFrame*>(packet.data() + headers.payload);
  return AnswerDatagram{
      rte_be_to_cpu_16(udp->src_port),     rte_be_to_cpu_16(udp->dst_port),
      rte_be_to_cpu_16(frame->request_id), rte_be_to_cpu_16(frame->sequence),
      rte_be_to_cpu_16(frame->total),      {reinterpret_cast<const char*>(frame + 1), headers.payload_length - sizeof(DatagramFrame)}};
}

}  // namespace smartswitch::load
