// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/counts.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "graph/port_names.h"

namespace smartswitch::runtime {
namespace {

std::vector<CounterValue> read_counters(const ClassInfo& info, const void* object) {
  std::vector<CounterValue> values;
  for (const CounterInfo& counter : info.counters) values.push_back({counter.name, counter.get(object), counter.drop});
  return values;
}

void add(std::vector<CounterValue>& sums, const std::vector<CounterValue>& values) {
  if (sums.empty()) sums.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    sums[i].name = values[i].name;
    sums[i].value += values[i].value;
    sums[i].drop = values[i].drop;
  }
}

void add_histograms(const ElementInfo& info, const Element& element, std::vector<Durations>& sums) {
  if (sums.empty()) sums.resize(info.histograms.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    sums[i].name = info.histograms[i].name;
    sums[i].add(info.histograms[i].get(element));
  }
}

void add_outputs(const graph::ElementSpec& spec, Element& element, std::vector<OutputCount>& counts) {
  std::size_t next = 0;
  const auto add_one = [&](std::size_t port, unsigned index, const Output& output) {
    if (next == counts.size()) {
      counts.push_back({graph::name_of(spec.info->outputs, spec.parameters, {port, index}), 0, output.connected()});
    }
    counts[next++].packets += output.packets();
  };
  for (std::size_t port = 0; port < spec.info->outputs.size(); ++port) {
    const OutputInfo& out = spec.info->outputs[port];
    if (out.group == PortGroup::kSingle) {
      add_one(port, 0, out.single(element));
    } else {
      const OutputArray& array = out.array(element);
      for (unsigned i = 0; i < array.size(); ++i) add_one(port, i, array[i]);
    }
  }
}

}  // namespace

PortCounts count_port(const LivePort& port) {
  PortCounts counts;
  counts.name = port.spec.name;
  counts.device = port.spec.device;
  rte_eth_stats stats{};
  if (rte_eth_stats_get(port.id, &stats) != 0) return counts;
  rte_eth_link link{};
  counts.link_up = rte_eth_link_get_nowait(port.id, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
  counts.rx_packets = stats.ipackets;
  counts.rx_bytes = stats.ibytes;
  counts.tx_packets = stats.opackets;
  counts.tx_bytes = stats.obytes;
  counts.rx_missed = stats.imissed;
  counts.rx_errors = stats.ierrors;
  counts.rx_no_buffer = stats.rx_nombuf;
  counts.tx_errors = stats.oerrors;
  return counts;
}

WorkerCounts count_worker(const Worker& worker) {
  const auto hz = static_cast<double>(rte_get_tsc_hz());
  WorkerCounts counts;
  counts.name = worker.name();
  counts.core = worker.core();
  counts.rounds = worker.rounds();
  counts.busy_rounds = worker.busy_rounds();
  counts.sleeps = worker.sleeps();
  counts.asleep_until_ns = worker.asleep_until();
  counts.busy_seconds = static_cast<double>(worker.busy_cycles()) / hz;
  counts.idle_seconds = static_cast<double>(worker.idle_cycles()) / hz;
  counts.last_pause_seconds = static_cast<double>(worker.last_pause()) / 1e9;
  counts.longest_pause_seconds = static_cast<double>(worker.longest_pause()) / 1e9;
  counts.waited_seconds = static_cast<double>(worker.waited_for_core()) / 1e9;
  return counts;
}

void count_elements(const Pipeline& pipeline, Snapshot& snapshot) {
  const graph::Plan& plan = pipeline.plan();
  for (const graph::ElementSpec& spec : plan.elements) {
    ElementCounts& counts = snapshot.elements.emplace_back();
    counts.name = spec.name;
    counts.element_class = spec.info->name;
    counts.replicas = 0;
  }
  const std::vector<std::uint64_t> in = pipeline.packets_in();
  for (std::size_t i = 0; i < plan.instances.size(); ++i) {
    const graph::ElementSpec& spec = plan.elements[plan.instances[i].element];
    ElementCounts& counts = snapshot.elements[plan.instances[i].element];
    Element& element = *pipeline.elements()[i];
    ++counts.replicas;
    counts.in += in[i];
    counts.received += element.received();
    counts.sent += element.sent();
    counts.created += element.created();
    counts.consumed += element.consumed();
    counts.held += element.held();
    add(counts.counters, read_counters(*spec.info, &element));
    add_outputs(spec, element, counts.outputs);
    add_histograms(*spec.info, element, counts.histograms);
  }
  for (ElementCounts& counts : snapshot.elements) {
    for (const OutputCount& output : counts.outputs) counts.out += output.connected ? output.packets : 0;
  }
}

void count_states(const Pipeline& pipeline, Snapshot& snapshot) {
  for (std::size_t i = 0; i < pipeline.states().size(); ++i) {
    const graph::StateObject& spec = pipeline.plan().states[i];
    const State* state = pipeline.states()[i].get();
    StateCounts& counts = snapshot.states.emplace_back(StateCounts{spec.name, spec.info->name, read_counters(*spec.info, state), {}});
    for (const RankingInfo& ranking : spec.info->rankings) counts.rankings.push_back({ranking.name, ranking.get(state)});
  }
}

void add_departed(const Element& element, const ElementInfo& info, ElementCounts& sum) {
  sum.received += element.received();
  sum.sent += element.sent();
  sum.created += element.created();
  sum.consumed += element.consumed();
  std::uint64_t dropped = element.held();
  for (const CounterValue& counter : read_counters(info, &element)) dropped += counter.drop ? counter.value : 0;
  sum.counters[0].value += dropped;
}

}  // namespace smartswitch::runtime
