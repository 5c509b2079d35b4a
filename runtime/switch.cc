// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/switch.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <mutex>

#include "graph/port_names.h"
#include "runtime/bells.h"
#include "runtime/clock.h"
#include "runtime/cores.h"
#include "runtime/pipeline.h"
#include "runtime/pool.h"
#include "runtime/ports.h"
#include "runtime/worker.h"

namespace smartswitch::runtime {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kDrainPatience = 100 * kMillisecond;

// Its sockets are in a fanout group with PACKET_FANOUT_FLAG_DEFRAG (packet(7)): the kernel puts IPv4 fragments together before DPDK sees
// them, and what then does not fit one of the driver's frames (2 KiB by default) is cut off.
void warn_of_cut_packets(const Ports& ports) {
  std::string names;
  for (const Ports::Live& port : ports.live()) {
    if (std::string_view(port.info.driver_name) == "net_af_packet") names += (names.empty() ? "`" : ", `") + port.spec->name + "`";
  }
  if (names.empty()) return;
  spdlog::warn("IPv4 fragments of more than 2 KiB in all do not come in through net_af_packet ({}); net_af_xdp and net_pcap take them",
               names);
}

}  // namespace

// In the order in which they come to be: each may use those above it.
struct Switch::Parts {
  explicit Parts(graph::Plan p) : plan(std::move(p)) {}
  bool build(const SwitchOptions& options, Problems& problems);
  [[nodiscard]] std::uint64_t held() const;
  [[nodiscard]] std::uint64_t packets_in_use() const;
  void count_elements(Snapshot& snapshot) const;
  [[nodiscard]] Snapshot count() const;

  graph::Plan plan;
  Pool pool;
  Pool large_pool;  // null if no element makes large packets
  std::unique_ptr<Ports> ports;
  std::vector<std::unique_ptr<Worker>> workers;
  std::unique_ptr<Pipeline> pipeline;
  std::atomic<std::int64_t> started{0};
  std::atomic<std::int64_t> stopped{0};
  std::atomic<Phase> phase{Phase::kBuilt};
  std::mutex looking;  // held by whoever counts, from whatever thread, and by who takes away what is counted
};

bool Switch::Parts::build(const SwitchOptions& options, Problems& problems) {
  pipeline = std::make_unique<Pipeline>(plan);
  if (!pipeline->create(problems)) return false;
  std::vector<std::string> warnings;
  const std::vector<unsigned> cores = choose_cores(plan.workers, allowed_cores(), problems, warnings);
  if (!problems.empty()) return false;
  for (const std::string& warning : warnings) spdlog::warn(warning);

  PoolNeeds needs = planned_needs(plan);
  needs.may_hold = pipeline->may_hold();
  const PoolSize large = size_large_pool(pipeline->large_packets());
  EalNeeds eal{options.huge_pages, size_pool(plan, needs).bytes() + large.bytes(), {}};
  for (const graph::Port& port : plan.ports) {
    if (is_pci_address(port.device)) eal.pci_devices.push_back(port.device);
  }
  if (!start_eal(eal, problems)) return false;
  if (!pipeline->start_states(problems)) return false;

  ports = std::make_unique<Ports>(plan, large.packets == 0);
  if (!ports->open(problems)) return false;
  needs.in_rings = ports->in_rings();
  needs.mtu = ports->largest_mtu();
  const PoolSize size = size_pool(plan, needs);
  pool = make_pool(size, problems);
  if (!pool) return false;
  spdlog::info("pool: {} packets of {} bytes, {} MiB", size.packets, size.data_room, size.bytes() >> 20);
  if (large.packets > 0) {
    large_pool = make_pool(large, problems);
    if (!large_pool) return false;
    spdlog::info("large packets: {}, {} MiB", large.packets, large.bytes() >> 20);
    warn_of_cut_packets(*ports);
  }
  if (!ports->set_up(pool.get(), problems)) return false;

  for (std::size_t i = 0; i < plan.workers.size(); ++i) {
    workers.push_back(std::make_unique<Worker>(plan.workers[i], static_cast<unsigned>(i), cores[i], pool.get()));
    workers.back()->context().large_pool = large_pool.get();
  }
  if (!pipeline->start_elements(*ports, workers, problems) || !ports->start(problems)) return false;
  connect_bells(plan, *ports, workers);
  return true;
}

std::uint64_t Switch::Parts::packets_in_use() const {
  std::uint64_t packets = 0;
  for (const Pool* each : {&pool, &large_pool}) packets += *each ? rte_mempool_in_use_count(each->get()) : 0;
  return packets;
}

std::uint64_t Switch::Parts::held() const {
  std::uint64_t packets = 0;
  for (const auto& element : pipeline->elements()) packets += element->held();
  return packets;
}

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

PortCounts count_port(const Ports::Live& port) {
  PortCounts counts;
  counts.name = port.spec->name;
  counts.device = port.spec->device;
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
  counts.busy_seconds = static_cast<double>(worker.busy_cycles()) / hz;
  counts.idle_seconds = static_cast<double>(worker.idle_cycles()) / hz;
  counts.waited_seconds = static_cast<double>(worker.waited_for_core()) / 1e9;
  return counts;
}

}  // namespace

void Switch::Parts::count_elements(Snapshot& snapshot) const {
  for (const graph::ElementSpec& spec : plan.elements) {
    ElementCounts& counts = snapshot.elements.emplace_back();
    counts.name = spec.name;
    counts.element_class = spec.info->name;
    counts.replicas = 0;
  }
  for (std::size_t i = 0; i < plan.instances.size(); ++i) {
    const graph::ElementSpec& spec = plan.elements[plan.instances[i].element];
    ElementCounts& counts = snapshot.elements[plan.instances[i].element];
    Element& element = *pipeline->elements()[i];
    ++counts.replicas;
    counts.received += element.received();
    counts.sent += element.sent();
    counts.created += element.created();
    counts.consumed += element.consumed();
    counts.held += element.held();
    add(counts.counters, read_counters(*spec.info, &element));
    add_outputs(spec, element, counts.outputs);
  }
  for (ElementCounts& counts : snapshot.elements) {
    for (const OutputCount& output : counts.outputs) counts.out += output.connected ? output.packets : 0;
  }
  for (const graph::Link& link : plan.links) {
    snapshot.elements[plan.instances[link.to].element].in += pipeline->output(link.from, link.output).packets();
  }
}

Switch::Switch(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

std::unique_ptr<Switch> Switch::create(graph::Plan plan, const SwitchOptions& options, Problems& problems) {
  // The plan is put in its final place first: all parts point into it.
  std::unique_ptr<Switch> live(new Switch(std::make_unique<Parts>(std::move(plan))));
  return live->parts_->build(options, problems) ? std::move(live) : nullptr;
}

Switch::~Switch() {
  stop();
  close();
}

void Switch::start() {
  parts_->started = monotonic_ns();
  for (const auto& worker : parts_->workers) worker->launch();
  parts_->phase = Phase::kRunning;
}

bool Switch::wait_until(const std::function<bool()>& done, Duration at_most) {
  const std::int64_t give_up = monotonic_ns() + at_most.nanoseconds;
  while (!done()) {
    if (monotonic_ns() >= give_up) return false;
    rte_delay_us_sleep(1000);
  }
  return true;
}

void Switch::drain() {
  if (parts_->phase != Phase::kRunning) return;
  parts_->phase = Phase::kDraining;
  for (const auto& worker : parts_->workers) worker->drain();
}

void Switch::stop() {
  if (parts_->started == 0 || parts_->stopped != 0) return;
  drain();
  // The present round may still be taking packets in; after the one that follows it, only borders have been polled.
  std::vector<std::uint64_t> past;
  for (const auto& worker : parts_->workers) past.push_back(worker->rounds() + 2);
  const auto drained = [&] {
    for (std::size_t i = 0; i < past.size(); ++i) {
      if (parts_->workers[i]->rounds() < past[i]) return false;
    }
    return parts_->held() == 0;
  };
  wait_until(drained, Duration{kDrainPatience});
  for (const auto& worker : parts_->workers) worker->stop();
  parts_->stopped = monotonic_ns();
  parts_->phase = Phase::kStopped;
}

std::uint64_t Switch::close() {
  const std::lock_guard nobody_looks(parts_->looking);
  parts_->pipeline.reset();
  parts_->workers.clear();
  parts_->ports.reset();
  const std::uint64_t lost = parts_->packets_in_use();
  parts_->pool.reset();
  parts_->large_pool.reset();
  return lost;
}

Snapshot Switch::Parts::count() const {
  Snapshot snapshot;
  const std::int64_t ended = stopped;
  const std::int64_t end = ended != 0 ? ended : monotonic_ns();
  const std::int64_t begin = started;
  snapshot.seconds = begin == 0 ? 0 : static_cast<double>(end - begin) / 1e9;
  if (!pipeline) return snapshot;
  count_elements(snapshot);
  for (std::size_t i = 0; i < plan.states.size(); ++i) {
    const graph::StateObject& spec = plan.states[i];
    const State* state = pipeline->states()[i].get();
    StateCounts& counts = snapshot.states.emplace_back(StateCounts{spec.name, spec.info->name, read_counters(*spec.info, state), {}});
    for (const RankingInfo& ranking : spec.info->rankings) counts.rankings.push_back({ranking.name, ranking.get(state)});
  }
  for (const Ports::Live& port : ports->live()) snapshot.ports.push_back(count_port(port));
  for (const auto& worker : workers) snapshot.workers.push_back(count_worker(*worker));
  snapshot.pool_packets = pool->size + (large_pool ? large_pool->size : 0);
  snapshot.pool_in_use = packets_in_use();
  return snapshot;
}

Snapshot Switch::snapshot() const {
  const std::lock_guard alone(parts_->looking);
  return parts_->count();
}

void Switch::look(const std::function<void(const graph::Plan&, const Snapshot&)>& looker) const {
  const std::lock_guard alone(parts_->looking);
  looker(parts_->plan, parts_->count());
}

Phase Switch::phase() const { return parts_->phase; }

const graph::Plan& Switch::plan() const { return parts_->plan; }

State* Switch::state(std::string_view name) const {
  for (const auto& state : parts_->pipeline->states()) {
    if (state->name() == name) return state.get();
  }
  return nullptr;
}

}  // namespace smartswitch::runtime
