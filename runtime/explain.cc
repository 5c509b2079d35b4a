// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "elements/sdk/suggest.h"
#include "runtime/eal.h"
#include "runtime/observe/edge_hooks.h"
#include "runtime/observe/trace.h"
#include "runtime/pipeline.h"
#include "runtime/pool.h"
#include "runtime/stand_ins.h"
#include "runtime/wiring_of.h"
#include "runtime/worker.h"

namespace smartswitch::runtime {
namespace {

constexpr std::uint32_t kPackets = 4096;
constexpr std::uint16_t kBuffer = 9216 + RTE_PKTMBUF_HEADROOM;
constexpr std::uint64_t kLargePackets = 64;
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

// The graph, made as a switch makes it, but without devices and with no worker that runs.
class Rehearsal {
 public:
  explicit Rehearsal(graph::Plan plan) : plan_(std::move(plan)), stand_ins_(put_stand_ins(plan_)) {}

  bool build(Problems& problems) {
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
    if (!pipeline_->start_states(problems) || !pipeline_->start_elements(none, workers_, problems)) return false;
    pipeline_->go_live(workers_);
    wiring_ = wiring_of(*pipeline_);
    return true;
  }
  ~Rehearsal() { pipeline_.reset(); }
  Rehearsal(const Rehearsal&) = delete;
  Rehearsal& operator=(const Rehearsal&) = delete;

  std::optional<observe::TraceResult> run(const std::string& from, std::span<const std::uint8_t> bytes, unsigned shown,
                                          Problems& problems) {
    const auto trace = observe::Trace::make({.element = from, .filter = {}, .count = 1, .bytes = shown}, *wiring_, problems);
    if (!trace) return std::nullopt;
    observe::EdgeHooks hooks;
    hooks.put_on(wiring_);
    hooks.add(*trace);
    const auto& edges = wiring_->edges();
    const auto way_in = std::find_if(edges.begin(), edges.end(), [&](const observe::Edge& edge) { return edge.from->name == from; });
    Batch batch;
    batch.add(packet_with(bytes));
    way_in->output->push(batch);
    let_time_pass(*trace);
    hooks.remove(*trace);
    observe::TraceResult result = trace->result();
    result.timed = false;
    return result;
  }

 private:
  Packet packet_with(std::span<const std::uint8_t> bytes) {
    const Packet packet(rte_pktmbuf_alloc(pool_.get()));
    packet.annotations() = Annotations{};
    packet.annotations().time = workers_.front()->context().now;
    if (packet.resize(static_cast<std::uint32_t>(bytes.size()))) std::copy(bytes.begin(), bytes.end(), packet.data());
    return packet;
  }

  // Until the packet is through: Queues are emptied, and timers ring.
  void let_time_pass(const observe::Trace& trace) {
    const std::int64_t until = workers_.front()->context().now + kPatience;
    for (int i = 0; i < kMostSteps && !trace.done(); ++i) {
      if (empty_queues() > 0) continue;
      const auto next = std::min_element(workers_.begin(), workers_.end(), [](const auto& a, const auto& b) {
        return a->context().timers.next_due() < b->context().timers.next_due();
      });
      const std::int64_t due = (*next)->context().timers.next_due();
      if (due > until) return;
      for (const auto& worker : workers_) worker->context().now = std::max(worker->context().now, due);
      (*next)->context().timers.advance((*next)->context().now);
    }
  }
  unsigned empty_queues() {
    unsigned packets = 0;
    for (std::size_t i = 0; i < plan_.instances.size(); ++i) {
      const ElementInfo& info = *plan_.elements[plan_.instances[i].element].info;
      if (info.border && info.poll != nullptr) packets += info.poll(*pipeline_->elements()[i]);
    }
    return packets;
  }

  graph::Plan plan_;
  std::vector<std::unique_ptr<ElementInfo>> stand_ins_;
  Pool pool_;
  Pool large_pool_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Pipeline> pipeline_;
  std::shared_ptr<const observe::Wiring> wiring_;
};

}  // namespace

std::optional<observe::TraceResult> explain(graph::Plan plan, std::span<const std::uint8_t> packet, const ExplainOptions& options,
                                            Problems& problems) {
  const graph::ElementSpec* way_in = entrance(plan, options.port, problems);
  if (way_in == nullptr) return std::nullopt;
  const std::string from = way_in->name;
  Rehearsal rehearsal(std::move(plan));
  if (!rehearsal.build(problems)) return std::nullopt;
  return rehearsal.run(from, packet, options.bytes, problems);
}

}  // namespace smartswitch::runtime
