// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/switch.h"

#include <rte_cycles.h>
#include <rte_mempool.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "runtime/bells.h"
#include "runtime/clock.h"
#include "runtime/cores.h"
#include "runtime/meeting.h"
#include "runtime/objects.h"
#include "runtime/switch_parts.h"
#include "runtime/wiring_of.h"

namespace smartswitch::runtime {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kDrainPatience = 100 * kMillisecond;

// Its sockets are in a fanout group with PACKET_FANOUT_FLAG_DEFRAG (packet(7)): the kernel puts IPv4 fragments together before DPDK sees
// them, and what then does not fit one of the driver's frames (2 KiB by default) is cut off.
void warn_of_cut_packets(const Ports& ports) {
  std::string names;
  for (const LivePort& port : ports.live()) {
    if (std::string_view(port.info.driver_name) == "net_af_packet") names += (names.empty() ? "`" : ", `") + port.spec.name + "`";
  }
  if (names.empty()) return;
  spdlog::warn("IPv4 fragments of more than 2 KiB in all do not come in through net_af_packet ({}); net_af_xdp and net_pcap take them",
               names);
}

}  // namespace

bool Switch::Parts::build(const SwitchOptions& options, Problems& problems) {
  pipeline = std::make_unique<Pipeline>(*plan);
  if (!pipeline->create(problems)) return false;
  std::vector<std::string> warnings;
  cores = allowed_cores();
  const std::vector<unsigned> chosen = choose_cores(plan->workers, cores, problems, warnings);
  if (!problems.empty()) return false;
  for (const std::string& warning : warnings) spdlog::warn(warning);

  PoolNeeds needs = planned_needs(*plan);
  needs.may_hold = pipeline->may_hold();
  const PoolSize large = size_large_pool(std::max<std::uint64_t>(pipeline->large_packets(), plan->pool.large_packets));
  EalNeeds eal{options.huge_pages, size_pool(*plan, needs).bytes() + large.bytes(), {}};
  for (const graph::Port& port : plan->ports) {
    if (is_pci_address(port.device)) eal.pci_devices.push_back(port.device);
  }
  if (!start_eal(eal, problems)) return false;
  if (!pipeline->start_states(problems)) return false;

  ports = std::make_unique<Ports>(*plan, large.packets == 0);
  if (!ports->open(problems)) return false;
  needs.in_rings = ports->in_rings();
  needs.mtu = ports->largest_mtu();
  first_needs = needs.in_rings + needs.may_hold + packets_in_caches(*plan);
  const PoolSize size = size_pool(*plan, needs);
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

  workers = recruit(*plan, chosen);
  const std::vector<Worker*> crew = pointers_to(workers);
  if (!pipeline->start_elements(*ports, crew, problems) || !ports->start(problems)) return false;
  pipeline->go_live();
  connect_bells(*plan, *ports, crew);
  return true;
}

// Those that `next` has more than there are.
std::vector<std::unique_ptr<Worker>> Switch::Parts::recruit(const graph::Plan& next, const std::vector<unsigned>& chosen) const {
  std::vector<std::unique_ptr<Worker>> made;
  for (std::size_t i = workers.size(); i < next.workers.size(); ++i) {
    made.push_back(std::make_unique<Worker>(next.workers[i], static_cast<unsigned>(i), chosen[i], pool.get()));
    made.back()->context().large_pool = large_pool.get();
  }
  return made;
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

namespace {

bool wait_for(const std::function<bool()>& done, Duration at_most) {
  const std::int64_t give_up = monotonic_ns() + at_most.nanoseconds;
  while (!done()) {
    if (monotonic_ns() >= give_up) return false;
    rte_delay_us_sleep(1000);
  }
  return true;
}

}  // namespace

bool Switch::wait_until(const std::function<bool()>& done, Duration at_most) {
  const auto done_or_go_on = [&] {
    if (done()) return true;
    go_on();
    return false;
  };
  return wait_for(done_or_go_on, at_most);
}

void Switch::drain() {
  const std::lock_guard alone(parts_->changing);
  parts_->drain();
}

void Switch::Parts::drain() {
  if (phase != Phase::kRunning) return;
  phase = Phase::kDraining;
  for (const auto& worker : workers) worker->drain();
}

void Switch::stop() {
  const std::lock_guard alone(parts_->changing);
  if (!parts_->workers_run()) return;
  parts_->drain();
  // The present round may still be taking packets in; after the one that follows it, only borders have been polled.
  std::vector<std::uint64_t> past;
  for (const auto& worker : parts_->workers) past.push_back(worker->rounds() + 2);
  const auto drained = [&] {
    for (std::size_t i = 0; i < past.size(); ++i) {
      if (parts_->workers[i]->rounds() < past[i]) return false;
    }
    return parts_->held() == 0;
  };
  wait_for(drained, Duration{kDrainPatience});
  for (const auto& worker : parts_->workers) worker->stop();
  parts_->stopped = monotonic_ns();
  parts_->phase = Phase::kStopped;
}

std::uint64_t Switch::close() {
  const std::lock_guard alone(parts_->changing);
  const std::unique_lock shape(parts_->shape);
  parts_->hooks.take_off();
  parts_->pipeline.reset();
  parts_->lingering.clear();
  parts_->unfinished.clear();
  parts_->workers.clear();
  parts_->ports.reset();
  const std::uint64_t lost = parts_->packets_in_use();
  parts_->pool.reset();
  parts_->large_pool.reset();
  return lost;
}

// Returns for how many nanoseconds each worker stood still.
std::vector<std::uint64_t> Switch::Parts::still(std::function<void()> task) {
  if (!workers_run()) {
    task();
    return {};
  }
  Meeting meeting(static_cast<unsigned>(workers.size()), std::move(task));
  for (const auto& worker : workers) worker->call_to(meeting);
  meeting.await_end();
  std::vector<std::uint64_t> pauses;
  for (const auto& worker : workers) pauses.push_back(worker->last_pause());
  return pauses;
}

std::optional<Value> Switch::call(ObjectKind kind, const std::string& object, const std::string& handler, const Value& argument,
                                  Problems& problems) {
  const std::lock_guard alone(parts_->changing);
  if (!parts_->pipeline) {
    problems.add({}, "the switch has ended");
    return std::nullopt;
  }
  std::optional<Value> result;
  const auto call_it = [&] { result = call_handler(*parts_->pipeline, kind, object, handler, argument, problems); };
  if (kind == ObjectKind::kState) {
    call_it();
  } else {
    parts_->still(call_it);
  }
  return result;
}

void Switch::change_hooks(const std::function<void(observe::EdgeHooks&)>& task) {
  Parts& parts = *parts_;
  const std::lock_guard alone(parts.changing);
  if (!parts.pipeline) return task(parts.hooks);
  const auto wiring = parts.hooks.wiring() ? nullptr : wiring_of(*parts.pipeline);
  parts.still([&] {
    if (wiring) parts.hooks.put_on(wiring);
    task(parts.hooks);
  });
}

std::shared_ptr<const observe::Wiring> Switch::wiring() const {
  const std::shared_lock shape(parts_->shape);
  return parts_->pipeline ? wiring_of(*parts_->pipeline) : nullptr;
}

Snapshot Switch::Parts::count() const {
  Snapshot snapshot;
  const std::int64_t ended = stopped;
  const std::int64_t end = ended != 0 ? ended : monotonic_ns();
  const std::int64_t begin = started;
  snapshot.seconds = begin == 0 ? 0 : static_cast<double>(end - begin) / 1e9;
  if (!pipeline) return snapshot;
  count_elements(*pipeline, snapshot);
  count_states(*pipeline, snapshot);
  snapshot.departed = departed;
  for (const LivePort& port : ports->live()) snapshot.ports.push_back(count_port(port));
  for (const auto& worker : workers) snapshot.workers.push_back(count_worker(*worker));
  snapshot.pool_packets = pool->size + (large_pool ? large_pool->size : 0);
  snapshot.pool_in_use = packets_in_use();
  return snapshot;
}

Snapshot Switch::snapshot() const {
  const std::shared_lock shape(parts_->shape);
  return parts_->count();
}

void Switch::look(const std::function<void(const graph::Plan&, const Snapshot&)>& looker) const {
  const std::shared_lock shape(parts_->shape);
  looker(*parts_->plan, parts_->count());
}

Phase Switch::phase() const { return parts_->phase; }

std::shared_ptr<const graph::Plan> Switch::plan() const {
  const std::shared_lock shape(parts_->shape);
  return parts_->plan;
}

std::shared_ptr<State> Switch::state(std::string_view name) const {
  const std::shared_lock shape(parts_->shape);
  if (!parts_->pipeline) return nullptr;
  for (const auto& state : parts_->pipeline->states()) {
    if (state->name() == name) return state;
  }
  return nullptr;
}

}  // namespace smartswitch::runtime
