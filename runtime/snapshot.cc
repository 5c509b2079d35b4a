// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/snapshot.h"

#include <algorithm>
#include <numeric>

#include "elements/sdk/quantile.h"

namespace smartswitch::runtime {
namespace {

template <class List>
auto find(const List& list, std::string_view name) -> decltype(list.data()) {
  const auto at = std::find_if(list.begin(), list.end(), [&](const auto& item) { return item.name == name; });
  return at == list.end() ? nullptr : &*at;
}

template <class Count>
std::uint64_t sum(const Snapshot& snapshot, Count count) {
  std::uint64_t total = count(snapshot.departed);
  for (const ElementCounts& element : snapshot.elements) total += count(element);
  return total;
}

}  // namespace

std::uint64_t ElementCounts::counter(std::string_view counter_name) const {
  const CounterValue* found = find(counters, counter_name);
  return found == nullptr ? 0 : found->value;
}

std::uint64_t ElementCounts::dropped() const {
  std::uint64_t packets = 0;
  for (const CounterValue& counter : counters) packets += counter.drop ? counter.value : 0;
  for (const OutputCount& output : outputs) packets += output.connected ? 0 : output.packets;
  return packets;
}

std::int64_t ElementCounts::unaccounted() const {
  return static_cast<std::int64_t>(in + received + created) - static_cast<std::int64_t>(out + sent + dropped() + consumed + held);
}

void Durations::add(const DurationHistogram& histogram) {
  counts.resize(DurationHistogram::kCounts);
  for (unsigned i = 0; i < DurationHistogram::kCounts; ++i) counts[i] += histogram.at(i);
  sum_ns += histogram.sum();
  max_ns = std::max(max_ns, histogram.max());
}

std::uint64_t Durations::count() const { return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}); }

std::int64_t Durations::quantile_ns(double share) const {
  // None is above the longest, which is known exactly.
  return std::min(smartswitch::quantile_ns<kDurationBits>(counts, share), max_ns);
}

const ElementCounts* Snapshot::element(std::string_view name) const { return find(elements, name); }
const StateCounts* Snapshot::state(std::string_view name) const { return find(states, name); }
std::uint64_t Snapshot::came() const {
  return sum(*this, [](const ElementCounts& e) { return e.received + e.created; });
}
std::uint64_t Snapshot::sent() const {
  return sum(*this, [](const ElementCounts& e) { return e.sent; });
}
std::uint64_t Snapshot::consumed() const {
  return sum(*this, [](const ElementCounts& e) { return e.consumed; });
}
std::uint64_t Snapshot::dropped() const {
  return sum(*this, [](const ElementCounts& e) { return e.dropped(); });
}
std::uint64_t Snapshot::held() const {
  return sum(*this, [](const ElementCounts& e) { return e.held; });
}
std::int64_t Snapshot::unaccounted() const {
  return static_cast<std::int64_t>(came()) - static_cast<std::int64_t>(sent() + dropped() + consumed() + held());
}

}  // namespace smartswitch::runtime
