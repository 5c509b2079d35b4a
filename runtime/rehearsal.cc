// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/rehearsal.h"

#include <algorithm>

#include "runtime/eal.h"
#include "runtime/stand_ins.h"
#include "runtime/wiring_of.h"

namespace smartswitch::runtime {
namespace {

constexpr std::uint32_t kPackets = 512;
constexpr std::uint16_t kBuffer = 9216 + RTE_PKTMBUF_HEADROOM;
constexpr std::uint64_t kLargePackets = 16;

}  // namespace

Rehearsal::Rehearsal(graph::Plan plan) : plan_(std::move(plan)), stand_ins_(put_stand_ins(plan_)) {}

std::unique_ptr<Rehearsal> Rehearsal::create(graph::Plan plan, Problems& problems) {
  std::unique_ptr<Rehearsal> made(new Rehearsal(std::move(plan)));
  return made->build(problems) ? std::move(made) : nullptr;
}

bool Rehearsal::build(Problems& problems) {
  const PoolSize size{kPackets, 0, kBuffer};
  if (!start_eal({HugePages::kNo, size.bytes() + size_large_pool(kLargePackets).bytes(), {}}, problems)) return false;
  pool_ = make_pool(size, problems);
  if (!pool_) return false;
  pipeline_ = std::make_unique<Pipeline>(plan_);
  if (!pipeline_->create(problems)) return false;
  if (const std::uint64_t large = std::min(pipeline_->large_packets(), kLargePackets); large > 0) {
    large_pool_ = make_pool(size_large_pool(large), problems);
    if (!large_pool_) return false;
  }
  for (unsigned i = 0; i < plan_.workers.size(); ++i) {
    workers_.push_back(std::make_unique<Worker>(plan_.workers[i], i, 0, pool_.get()));
    WorkerContext& context = workers_.back()->context();
    context.large_pool = large_pool_.get();
    context.clock = nullptr;  // time goes on when the packet waits for it
  }
  const Ports none(plan_, false);
  if (!pipeline_->start_states(problems) || !pipeline_->start_elements(none, pointers_to(workers_), problems)) return false;
  pipeline_->go_live();
  wiring_ = wiring_of(*pipeline_);
  for (const observe::Node& node : wiring_->nodes()) {
    if (node.info->border && node.info->poll != nullptr) queues_.push_back(&node);
  }
  return true;
}

Packet Rehearsal::packet() {
  const Packet packet(rte_pktmbuf_alloc(pool_.get()));
  if (!packet) return packet;
  packet.annotations() = Annotations{};
  packet.annotations().time = now();
  return packet;
}

void Rehearsal::push(const std::string& source, Batch& batch) {
  const auto& edges = wiring_->edges();
  const auto way_in = std::find_if(edges.begin(), edges.end(), [&](const observe::Edge& edge) { return edge.from->name == source; });
  way_in->output->push(batch);
}

bool Rehearsal::step(std::int64_t until) {
  if (empty_queues() > 0) return true;
  const auto next = std::min_element(workers_.begin(), workers_.end(), [](const auto& a, const auto& b) {
    return a->context().timers.next_due() < b->context().timers.next_due();
  });
  const std::int64_t due = (*next)->context().timers.next_due();
  if (due > until) return false;
  for (const auto& worker : workers_) worker->context().now = std::max(worker->context().now, due);
  (*next)->context().timers.advance((*next)->context().now);
  return true;
}

unsigned Rehearsal::empty_queues() {
  unsigned packets = 0;
  for (const observe::Node* queue : queues_) packets += queue->info->poll(*queue->element);
  return packets;
}

std::uint64_t Rehearsal::in_use() const {
  return rte_mempool_in_use_count(pool_.get()) + (large_pool_ ? rte_mempool_in_use_count(large_pool_.get()) : 0);
}

std::uint64_t Rehearsal::held() const {
  std::uint64_t packets = 0;
  for (const auto& element : pipeline_->elements()) packets += element->held();
  return packets;
}

}  // namespace smartswitch::runtime
