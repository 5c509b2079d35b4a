// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/observe/trace_log.h"
#include "runtime/observe/traced_packet.h"

namespace smartswitch::observe {

/// What became of the packet in the element of `step`, and why, as far as the step itself says: a packet that was held may go on later.
std::pair<Fate, std::string> fate_of(const TraceStep& step);

struct TellOptions {
  std::uint16_t first_number = 0;  ///< of the trace's packets
  std::int64_t wall_minus_monotonic = 0;
  unsigned bytes = 0;  ///< of each packet to tell at each visit
};

/// Puts together what workers have noted of the same packets. Names only are looked at in what steps point to, no live element.
TraceResult tell(const std::vector<const TraceLog*>& logs, const TellOptions& options);

}  // namespace smartswitch::observe
