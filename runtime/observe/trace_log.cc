// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/observe/trace_log.h"

#include <algorithm>
#include <string_view>

#include "elements/sdk/hash.h"
#include "runtime/observe/gauges.h"

namespace smartswitch::observe {
namespace {

// Deeper than graphs are; both grow if one is deeper.
constexpr std::size_t kUsualDepth = 64;
constexpr std::size_t kUsualGauges = 16;

std::uint64_t hash_of(Packet packet) {
  std::uint64_t hash = 0;
  for (const rte_mbuf* segment = packet.mbuf(); segment != nullptr; segment = segment->next) {
    hash = hash * 31 + hash_key({rte_pktmbuf_mtod(segment, const char*), segment->data_len});
  }
  return hash;
}

}  // namespace

TraceLog::TraceLog(std::size_t most, std::size_t bytes_each) : most_steps(most), bytes_a_step(bytes_each) {
  steps.reserve(most);
  bytes.reserve(most * bytes_each);
  frames.reserve(kUsualDepth);
  gauges.reserve(kUsualDepth * kUsualGauges);
}

TraceStep& TraceLog::add(Packet packet) {
  TraceStep& step = steps.emplace_back();
  step.annotations = packet.annotations();
  step.number = step.annotations.trace;
  step.length = packet.wire_length();
  step.hash = hash_of(packet);
  step.bytes_at = static_cast<std::uint32_t>(bytes.size());
  step.bytes_kept = static_cast<std::uint32_t>(std::min<std::size_t>(packet.length(), bytes_a_step));
  bytes.insert(bytes.end(), packet.data(), packet.data() + step.bytes_kept);
  return step;
}

void TraceLog::settle(const Frame& frame) {
  const Node& node = *frame.node;
  const std::size_t now = gauges.size();
  Gauges::read(node, gauges);
  TraceStep& step = steps[static_cast<std::size_t>(frame.step)];
  for (std::size_t i = 0; i < Gauges::size(node); ++i) {
    const std::int64_t by = static_cast<std::int64_t>(gauges[now + i] - gauges[frame.gauges + i]);
    if (by == 0) continue;
    // What other workers do to a border is nothing that this packet did.
    if (node.info->border && Gauges::kind(node, i) == Gauges::Kind::kHeld) continue;
    if (by > 0 && step.rises < step.rise.size()) step.rise[step.rises++] = {static_cast<std::uint16_t>(i), by};
    for (const Frame& outer : frames) {
      if (&outer != &frame && outer.node == frame.node) gauges[outer.gauges + i] += static_cast<std::uint64_t>(by);
    }
  }
  gauges.resize(frame.gauges);
}

}  // namespace smartswitch::observe
