// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A switch that changes while it runs.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "runtime/bells.h"
#include "runtime/clock.h"
#include "runtime/cores.h"
#include "runtime/meeting.h"
#include "runtime/switch_parts.h"
#include "runtime/wiring_of.h"

namespace smartswitch::runtime {

bool Switch::Parts::check_reload(const graph::Plan& next, const Pipeline& made, Problems& problems) const {
  const std::size_t before = problems.size();
  const std::string restart = "restart the switch for that";
  if (next.pool != plan->pool) {
    problems.add({}, "the packet pool cannot be changed while packets are in it", restart);
  }
  const std::uint64_t needs = ports->in_rings(next) + made.may_hold() + packets_in_caches(next);
  if (next.pool.packets == 0 && needs > first_needs + kReserveForReloads) {
    problems.add({}, fmt::format("its devices, elements and workers may keep {} packets, and the pool was made for {}", needs, first_needs),
                 fmt::format("make Queues smaller, or restart the switch; `pool: {{packets: {}}}` makes room beforehand",
                             pool->size + needs - first_needs));
  }
  const std::uint64_t large = large_pool ? large_pool->size : 0;
  if (made.large_packets() > large) {
    problems.add({},
                 fmt::format("its elements may have {} large packets on their way, and there is room for {}", made.large_packets(), large),
                 fmt::format("restart the switch; `pool: {{large_packets: {}}}` makes room beforehand", made.large_packets()));
  }
  return problems.size() == before && ports->suit(next, problems);
}

// Those that run stay where they are, unless the plan says otherwise.
std::vector<unsigned> Switch::Parts::cores_for(const graph::Plan& next, Problems& problems, std::vector<std::string>& warnings) const {
  std::vector<graph::Worker> wishes = next.workers;
  for (std::size_t i = 0; i < std::min(wishes.size(), workers.size()); ++i) {
    const unsigned present = workers[i]->core();
    const bool wanted = std::any_of(next.workers.begin(), next.workers.end(), [present](const auto& w) { return w.core == present; });
    if (!wishes[i].core && !wanted) wishes[i].core = present;
  }
  return choose_cores(wishes, cores, problems, warnings);
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
  if (!made->create(problems) || !parts.check_reload(*next, *made, problems)) return std::nullopt;
  std::vector<std::string> warnings;
  const std::vector<unsigned> chosen = parts.cores_for(*next, problems, warnings);
  if (!problems.empty() || !made->start_states(problems)) return std::nullopt;
  {
    const std::unique_lock shape(parts.shape);
    if (!parts.ports->add_from(*next, parts.pool.get(), problems)) return std::nullopt;
  }
  const std::size_t staying = std::min(parts.workers.size(), next->workers.size());
  std::vector<std::unique_ptr<Worker>> fresh = parts.recruit(*next, chosen);
  std::vector<Worker*> crew = pointers_to(parts.workers);
  crew.resize(staying);
  for (const auto& worker : fresh) crew.push_back(worker.get());
  if (!made->start_elements(*parts.ports, crew, problems)) {
    made.reset();
    const std::unique_lock shape(parts.shape);
    parts.ports->keep_only(*parts.plan);
    return std::nullopt;
  }
  for (const std::string& warning : warnings) spdlog::warn(warning);
  Reloaded report = compare(*parts.pipeline, *made);
  const auto wiring = parts.hooks.in_use() ? wiring_of(*made) : nullptr;
  const std::unique_lock shape(parts.shape);
  report.pauses = parts.still([&] {
    made->let_out();
    parts.hooks.take_off();
    made->go_live();
    connect_bells(*next, *parts.ports, crew);
    if (wiring) parts.hooks.put_on(wiring);
  });
  for (std::size_t i = 0; i < staying; ++i) {
    if (crew[i]->core() != chosen[i]) crew[i]->move_to(chosen[i]);
  }
  for (auto& worker : fresh) {
    worker->launch();
    parts.workers.push_back(std::move(worker));
  }
  for (std::size_t i = 0; i < made->states().size(); ++i) {
    const std::shared_ptr<State>& state = made->states()[i];
    const auto& known = parts.unfinished;
    if (!made->state_kept(i) && std::find(known.begin(), known.end(), state) == known.end()) parts.unfinished.push_back(state);
  }
  std::swap(parts.pipeline, made);
  const std::shared_ptr<const graph::Plan> before = std::exchange(parts.plan, next);
  parts.part_with(*made);
  made.reset();
  parts.workers.resize(next->workers.size());
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

Reloaded Switch::difference(const graph::Plan& plan) const {
  const std::shared_lock shape(parts_->shape);
  Pipeline made(plan, parts_->pipeline.get());
  Problems ignored;
  made.create(ignored);
  return compare(*parts_->pipeline, made);
}

}  // namespace smartswitch::runtime
