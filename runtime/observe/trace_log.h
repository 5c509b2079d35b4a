// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "elements/sdk/packet.h"
#include "runtime/observe/wiring.h"

namespace smartswitch::observe {

/// A packet enters an element: where, when, what it was like then, and what the element counted meanwhile.
struct TraceStep {
  static constexpr std::int32_t kNone = -1;
  struct Rise {
    std::uint16_t gauge = 0;
    std::int64_t by = 0;
  };

  const Edge* edge = nullptr;
  std::int64_t begin = 0;  ///< ns, CLOCK_MONOTONIC
  std::int64_t end = 0;    ///< when the element, and all that it passed packets on to, had done
  std::uint16_t number = 0;
  bool made = false;            ///< the element before has made it, because of the packet that came there
  std::int32_t parent = kNone;  ///< the step, in this log, in which it came to the element before; none: that one had kept it
  std::uint16_t ways_on = 0;    ///< packets of this number that have left the element within the step
  std::uint8_t rises = 0;
  std::array<Rise, 6> rise{};  ///< gauges that went up; more than these are left out
  Annotations annotations;     ///< when it came
  std::uint32_t length = 0;
  std::uint64_t hash = 0;      ///< of all bytes
  std::uint32_t bytes_at = 0;  ///< the first of them, in TraceLog::bytes
  std::uint32_t bytes_kept = 0;
};

/// What one worker writes of a trace; room for all of it is taken at the beginning.
struct TraceLog {
  TraceLog(std::size_t most_steps, std::size_t bytes_a_step);

  /// The worker is in an element with a followed packet.
  struct Frame {
    const Node* node;
    std::int32_t step;
    std::uint16_t number;
    std::size_t gauges;  ///< those before, in `gauges`
    std::uint64_t made_before;
  };

  [[nodiscard]] bool full() const { return steps.size() == most_steps; }
  /// The step as far as `packet` says; the caller knows the rest. There must be room.
  TraceStep& add(Packet packet);
  [[nodiscard]] std::span<const std::uint8_t> bytes_of(const TraceStep& step) const {
    return {bytes.data() + step.bytes_at, step.bytes_kept};
  }
  /// Gauges that have risen since `frame` began go into its step, and off what outer frames of the same element will see.
  void settle(const Frame& frame);

  std::size_t most_steps;
  std::size_t bytes_a_step;
  std::vector<TraceStep> steps;
  std::vector<std::uint8_t> bytes;
  std::vector<Frame> frames;
  std::vector<std::uint64_t> gauges;
};

}  // namespace smartswitch::observe
