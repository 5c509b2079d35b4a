// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A graph without devices and workers, for those who look into graphs: the test pushes packets in and sees what comes out.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "elements/sdk/element.h"
#include "elements/sdk/testing/test_bench.h"
#include "graph/load.h"
#include "runtime/eal.h"
#include "runtime/observe/edge_hooks.h"
#include "runtime/pipeline.h"
#include "runtime/pool.h"
#include "runtime/wiring_of.h"

namespace smartswitch::testing {

class ObservedGraph {
 public:
  explicit ObservedGraph(const std::string& yaml) {
    Problems problems;
    EXPECT_TRUE(runtime::start_eal({runtime::HugePages::kNo, 0, {}}, problems));
    const graph::Loaded loaded = graph::load_text("smartswitch: 1\n" + yaml, "test", {});
    for (const graph::Diagnostic& diagnostic : loaded.diagnostics) ADD_FAILURE() << graph::render(diagnostic, false);
    plan_ = *loaded.plan;
    pool_ = runtime::make_pool({1023, 0, 2048 + RTE_PKTMBUF_HEADROOM}, problems);
    ports_ = std::make_unique<runtime::Ports>(plan_, true);
    for (unsigned i = 0; i < plan_.workers.size(); ++i) {
      workers_.push_back(std::make_unique<runtime::Worker>(plan_.workers[i], i, 0, pool_.get()));
    }
    pipeline_ = std::make_unique<runtime::Pipeline>(plan_);
    EXPECT_TRUE(pipeline_->create(problems) && pipeline_->start_states(problems) &&
                pipeline_->start_elements(*ports_, runtime::pointers_to(workers_), problems));
    for (const Problem& problem : problems.list()) ADD_FAILURE() << problem.message;
    pipeline_->go_live();
    wiring_ = runtime::wiring_of(*pipeline_);
    hooks.put_on(wiring_);
  }
  ~ObservedGraph() {
    hooks.take_off();
    pipeline_.reset();
    EXPECT_EQ(rte_mempool_in_use_count(pool_.get()), 0U) << "a packet was lost";
  }
  ObservedGraph(const ObservedGraph&) = delete;
  ObservedGraph& operator=(const ObservedGraph&) = delete;

  /// As if the source `from` had brought these in, in one batch.
  void push(const std::string& from, const std::vector<Bytes>& packets) {
    Batch batch;
    for (const Bytes& bytes : packets) {
      const Packet packet(rte_pktmbuf_alloc(pool_.get()));
      packet.annotations() = Annotations{};
      EXPECT_TRUE(packet.resize(static_cast<std::uint32_t>(bytes.size())));
      std::copy(bytes.begin(), bytes.end(), packet.data());
      batch.add(packet);
    }
    for (const observe::Edge& edge : wiring_->edges()) {
      if (edge.from->name == from) return edge.output->push(batch);
    }
    ADD_FAILURE() << "no edge leaves " << from;
  }
  unsigned poll(const std::string& name) {
    for (const observe::Node& node : wiring_->nodes()) {
      if (node.name == name) return node.info->poll(*node.element);
    }
    ADD_FAILURE() << "no element " << name;
    return 0;
  }
  /// What each output of the graph is connected to.
  [[nodiscard]] std::vector<Output::Target> targets() const {
    std::vector<Output::Target> all;
    for (const observe::Edge& edge : wiring_->edges()) all.push_back(edge.output->target());
    return all;
  }
  template <class T>
  T& element(const std::string& name) {
    for (const auto& element : pipeline_->elements()) {
      if (element->name() == name) return dynamic_cast<T&>(*element);
    }
    throw std::out_of_range(name);
  }
  [[nodiscard]] const std::shared_ptr<const observe::Wiring>& wiring() const { return wiring_; }

  observe::EdgeHooks hooks;

 private:
  graph::Plan plan_;
  runtime::Pool pool_;
  std::unique_ptr<runtime::Ports> ports_;
  std::vector<std::unique_ptr<runtime::Worker>> workers_;
  std::unique_ptr<runtime::Pipeline> pipeline_;
  std::shared_ptr<const observe::Wiring> wiring_;
};

/// A packet that the tests tell by the last byte of its source address.
inline Bytes numbered(std::uint8_t number, std::uint16_t port = 9) {
  return PacketBuilder()
      .ether("02:00:00:00:00:01", "02:00:00:00:00:02")
      .ipv4("10.0.0." + std::to_string(number), "10.0.1.1")
      .udp(1000, port)
      .payload("hello");
}

}  // namespace smartswitch::testing
