// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "elements/sdk/suggest.h"
#include "runtime/observe/edge_hooks.h"
#include "runtime/observe/trace.h"
#include "runtime/rehearsal.h"

namespace smartswitch::runtime {
namespace {

// How far the clock goes on for a packet that waits (in a delay, or for pieces that do not come), and how often it is set on.
constexpr std::int64_t kPatience = 60'000'000'000;
constexpr int kMostSteps = 10'000;

// The element by which packets of the port enter; nullptr, with the reason in `problems`, if there is none.
const graph::ElementSpec* entrance(const graph::Plan& plan, const std::string& port, Problems& problems) {
  std::vector<std::string> ports;
  const graph::ElementSpec* source = nullptr;
  for (const graph::ElementSpec& spec : plan.elements) {
    if (spec.info->poll == nullptr || spec.info->border) continue;
    if (source == nullptr) source = &spec;
    for (const ParameterInfo& parameter : spec.info->parameters) {
      const Value* value = parameter.refers == Refers::kRxPort ? spec.parameters.find(parameter.name) : nullptr;
      if (value == nullptr) continue;
      ports.push_back(smartswitch::detail::port_and_queue(value->text()).first);
      if (port.empty() || ports.back() == port) return &spec;
    }
  }
  if (port.empty() && source != nullptr) return source;
  if (port.empty()) {
    problems.add({}, "this graph has no source: no packet can come in", "");
  } else {
    const std::string near = did_you_mean(port, ports);
    const std::string known = ports.empty() ? "no element of this file receives from a port" : "packets come in by " + spoken_list(ports);
    problems.add({}, fmt::format("no packet comes in by a port `{}`", port), near.empty() ? known : near);
  }
  return nullptr;
}

}  // namespace

std::optional<observe::TraceResult> explain(graph::Plan plan, std::span<const std::uint8_t> packet, const ExplainOptions& options,
                                            Problems& problems) {
  const graph::ElementSpec* way_in = entrance(plan, options.port, problems);
  if (way_in == nullptr) return std::nullopt;
  const std::string from = way_in->name;
  const auto rehearsal = Rehearsal::create(std::move(plan), problems);
  if (!rehearsal) return std::nullopt;
  const auto trace =
      observe::Trace::make({.element = from, .filter = {}, .count = 1, .bytes = options.bytes}, *rehearsal->wiring(), problems);
  if (!trace) return std::nullopt;
  observe::EdgeHooks hooks;
  hooks.put_on(rehearsal->wiring());
  hooks.add(*trace);
  const Packet seen = rehearsal->packet();
  if (seen.resize(static_cast<std::uint32_t>(packet.size()))) std::copy(packet.begin(), packet.end(), seen.data());
  Batch batch;
  batch.add(seen);
  rehearsal->push(from, batch);
  const std::int64_t until = rehearsal->now() + kPatience;
  for (int i = 0; i < kMostSteps && !trace->done() && rehearsal->step(until); ++i) {
  }
  hooks.remove(*trace);
  observe::TraceResult result = trace->result();
  result.timed = false;
  return result;
}

}  // namespace smartswitch::runtime
