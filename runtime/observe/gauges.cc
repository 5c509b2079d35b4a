// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/observe/gauges.h"

namespace smartswitch::observe {
namespace {

constexpr Gauges::Kind kEveryKind[] = {Gauges::Kind::kCreated, Gauges::Kind::kConsumed, Gauges::Kind::kReceived, Gauges::Kind::kSent,
                                       Gauges::Kind::kHeld};
constexpr const char* kEveryName[] = {"created", "consumed", "received", "sent", "held"};

}  // namespace

void Gauges::read(const Node& node, std::vector<std::uint64_t>& numbers) {
  for (const CounterInfo& counter : node.info->counters) numbers.push_back(counter.get(node.element));
  const Element& element = *node.element;
  numbers.insert(numbers.end(), {element.created(), element.consumed(), element.received(), element.sent(), element.held()});
  for (const Loose& loose : node.loose) numbers.push_back(loose.output->packets());
}

Gauges::Kind Gauges::kind(const Node& node, std::size_t gauge) {
  const std::size_t declared = node.info->counters.size();
  if (gauge < declared) return node.info->counters[gauge].drop ? Kind::kDrop : Kind::kCounter;
  return gauge < declared + kEvery ? kEveryKind[gauge - declared] : Kind::kLoose;
}

std::string Gauges::name(const Node& node, std::size_t gauge) {
  const std::size_t declared = node.info->counters.size();
  if (gauge < declared) return node.info->counters[gauge].name;
  return gauge < declared + kEvery ? kEveryName[gauge - declared] : node.loose[gauge - declared - kEvery].name;
}

}  // namespace smartswitch::observe
