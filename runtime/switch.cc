// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/switch.h"

#include <fmt/format.h>
#include <rte_cycles.h>
#include <rte_mempool.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "runtime/bells.h"
#include "runtime/clock.h"
#include "runtime/cores.h"
#include "runtime/counts.h"
#include "runtime/meeting.h"
#include "runtime/objects.h"
#include "runtime/pipeline.h"
#include "runtime/pool.h"
#include "runtime/ports.h"
#include "runtime/reloaded.h"
#include "runtime/wiring_of.h"
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
    if (std::string_view(port.info.driver_name) == "net_af_packet") names += (names.empty() ? "`" : ", `") + port.spec.name + "`";
  }
  if (names.empty()) return;
  spdlog::warn("IPv4 fragments of more than 2 KiB in all do not come in through net_af_packet ({}); net_af_xdp and net_pcap take them",
               names);
}

}  // namespace

// In the order in which they come to be: each may use those above it.
struct Switch::Parts {
  explicit Parts(graph::Plan p) : plan(std::make_shared<const graph::Plan>(std::move(p))) {}
  bool build(const SwitchOptions& options, Problems& problems);
  [[nodiscard]] bool workers_run() const { return phase == Phase::kRunning || phase == Phase::kDraining; }
  [[nodiscard]] Snapshot count() const;
  bool check_reload(const graph::Plan& next, const Pipeline& made, Problems& problems) const;
  std::vector<std::uint64_t> still(std::function<void()> task);
  void drain();
  void part_with(Pipeline& before);
  [[nodiscard]] std::uint64_t held() const;
  [[nodiscard]] std::uint64_t packets_in_use() const;

  std::shared_ptr<const graph::Plan> plan;
  Pool pool;
  Pool large_pool;  // null if no element makes large packets
  std::unique_ptr<Ports> ports;
  std::vector<std::unique_ptr<Worker>> workers;
  std::unique_ptr<Pipeline> pipeline;
  observe::EdgeHooks hooks;  // off its pipeline's outputs before these end or are connected anew
  ElementCounts departed = Snapshot().departed;
  std::uint64_t first_needs = 0;  // packets that the pool was sized for
  std::atomic<std::int64_t> started{0};
  std::atomic<std::int64_t> stopped{0};
  std::atomic<Phase> phase{Phase::kBuilt};
  struct Lingering {
    std::int64_t until;
    std::shared_ptr<State> state;
  };
  std::vector<Lingering> lingering;
  std::vector<std::shared_ptr<State>> unfinished;  // what a change has left to be done
  std::size_t next_to_go_on = 0;

  std::mutex changing;              // one reload, stop or meeting at a time; taken first
  mutable std::shared_mutex shape;  // of what is above: held exclusively while it changes
};

bool Switch::Parts::build(const SwitchOptions& options, Problems& problems) {
  pipeline = std::make_unique<Pipeline>(*plan);
  if (!pipeline->create(problems)) return false;
  std::vector<std::string> warnings;
  const std::vector<unsigned> cores = choose_cores(plan->workers, allowed_cores(), problems, warnings);
  if (!problems.empty()) return false;
  for (const std::string& warning : warnings) spdlog::warn(warning);

  PoolNeeds needs = planned_needs(*plan);
  needs.may_hold = pipeline->may_hold();
  first_needs = needs.in_rings + needs.may_hold;
  const PoolSize large = size_large_pool(pipeline->large_packets());
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

  for (std::size_t i = 0; i < plan->workers.size(); ++i) {
    workers.push_back(std::make_unique<Worker>(plan->workers[i], static_cast<unsigned>(i), cores[i], pool.get()));
    workers.back()->context().large_pool = large_pool.get();
  }
  if (!pipeline->start_elements(*ports, workers, problems) || !ports->start(problems)) return false;
  pipeline->go_live(workers);
  connect_bells(*plan, *ports, workers);
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

// Each part on another worker. The workers do it, because who holds a lock that they need must not be somebody whom they keep from running.
bool Switch::go_on() {
  Parts& parts = *parts_;
  const std::lock_guard alone(parts.changing);
  if (!parts.workers_run()) return false;
  std::erase_if(parts.unfinished, [&](const std::shared_ptr<State>& state) {
    Worker& worker = *parts.workers[parts.next_to_go_on++ % parts.workers.size()];
    bool more = false;
    Meeting one(1, [&] { more = state->go_on(monotonic_ns()); });
    worker.call_to(one);
    one.await_end();
    if (more) return false;
    const std::shared_ptr<void> left = state->left_over();
    if (left) parts.still([] {});
    return true;
  });
  return !parts.unfinished.empty();
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

bool Switch::Parts::check_reload(const graph::Plan& next, const Pipeline& made, Problems& problems) const {
  const std::size_t before = problems.size();
  const std::string restart = "restart the switch for that";
  if (next.workers.size() != workers.size()) {
    problems.add({}, fmt::format("it has {} workers, and {} are running", next.workers.size(), workers.size()), restart);
  }
  for (std::size_t i = 0; i < std::min(workers.size(), next.workers.size()); ++i) {
    const std::optional<unsigned> core = next.workers[i].core;
    if (core && *core != workers[i]->core()) {
      problems.add(next.workers[i].where, fmt::format("{} cannot move from core {} to {}", workers[i]->name(), workers[i]->core(), *core),
                   restart);
    }
  }
  if (next.pool_packets != plan->pool_packets || next.pool_cache != plan->pool_cache) {
    problems.add({}, "the packet pool cannot be changed while packets are in it", restart);
  }
  const std::uint64_t needs = planned_needs(next).in_rings + made.may_hold();
  if (next.pool_packets == 0 && needs > first_needs + kReserveForReloads) {
    problems.add({}, fmt::format("its devices and elements may keep {} packets, and the pool was made for {}", needs, first_needs),
                 "make Queues smaller, or restart the switch; `pool: {packets: N}` makes room beforehand");
  }
  if (made.large_packets() > (large_pool ? large_pool->size : 0)) {
    problems.add({},
                 fmt::format("its elements may have {} large packets on their way, and there is room for {}", made.large_packets(),
                             large_pool ? large_pool->size : 0),
                 restart);
  }
  return problems.size() == before && ports->suit(next, problems);
}

std::optional<Reloaded> Switch::reload(graph::Plan plan, Problems& problems) {
  Parts& parts = *parts_;
  const std::lock_guard alone(parts.changing);
  if (parts.phase != Phase::kRunning) {
    problems.add({}, parts.phase == Phase::kBuilt ? "the switch does not run yet" : "the switch is stopping");
    return std::nullopt;
  }
  const auto next = std::make_shared<const graph::Plan>(std::move(plan));
  auto made = std::make_unique<Pipeline>(*next, parts.pipeline.get());
  if (!made->create(problems) || !parts.check_reload(*next, *made, problems) || !made->start_states(problems)) return std::nullopt;
  {
    const std::unique_lock shape(parts.shape);
    if (!parts.ports->add_from(*next, parts.pool.get(), problems)) return std::nullopt;
  }
  if (!made->start_elements(*parts.ports, parts.workers, problems)) {
    made.reset();
    const std::unique_lock shape(parts.shape);
    parts.ports->keep_only(*parts.plan);
    return std::nullopt;
  }
  Reloaded report = compare(*parts.pipeline, *made);
  const auto wiring = parts.hooks.in_use() ? wiring_of(*made) : nullptr;
  const std::unique_lock shape(parts.shape);
  report.pauses = parts.still([&] {
    parts.hooks.take_off();
    made->go_live(parts.workers);
    connect_bells(*next, *parts.ports, parts.workers);
    if (wiring) parts.hooks.put_on(wiring);
  });
  for (std::size_t i = 0; i < made->states().size(); ++i) {
    const std::shared_ptr<State>& state = made->states()[i];
    const auto& known = parts.unfinished;
    if (!made->state_kept(i) && std::find(known.begin(), known.end(), state) == known.end()) parts.unfinished.push_back(state);
  }
  std::swap(parts.pipeline, made);
  const std::shared_ptr<const graph::Plan> before = std::exchange(parts.plan, next);
  parts.part_with(*made);
  made.reset();
  parts.ports->keep_only(*next);
  return report;
}

// Elements end on their own worker's thread: their timers are in its queue.
void Switch::Parts::part_with(Pipeline& before) {
  std::vector<std::vector<std::shared_ptr<Element>>> leaving(workers.size());
  const auto& staying = pipeline->elements();
  for (std::size_t i = 0; i < before.elements().size(); ++i) {
    const std::shared_ptr<Element>& element = before.elements()[i];
    if (std::find(staying.begin(), staying.end(), element) != staying.end()) continue;
    const graph::Instance& instance = before.plan().instances[i];
    add_departed(*element, *before.plan().elements[instance.element].info, departed);
    leaving[instance.worker].push_back(element);
  }
  const std::int64_t now = monotonic_ns();
  std::erase_if(lingering, [now](const Lingering& l) { return l.until <= now; });
  for (const std::shared_ptr<State>& state : before.states()) {
    const auto& stay = pipeline->states();
    const std::int64_t time = state->lingers().nanoseconds;
    if (time > 0 && std::find(stay.begin(), stay.end(), state) == stay.end()) lingering.push_back({now + time, state});
  }
  before.forget_elements();
  for (std::size_t w = 0; w < workers.size(); ++w) {
    if (leaving[w].empty()) continue;
    Meeting alone(1, [&] { leaving[w].clear(); });
    workers[w]->call_to(alone);
    alone.await_end();
  }
}

Reloaded Switch::difference(const graph::Plan& plan) const {
  const std::shared_lock shape(parts_->shape);
  Pipeline made(plan, parts_->pipeline.get());
  Problems ignored;
  made.create(ignored);
  return compare(*parts_->pipeline, made);
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
  for (const Ports::Live& port : ports->live()) snapshot.ports.push_back(count_port(port));
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
