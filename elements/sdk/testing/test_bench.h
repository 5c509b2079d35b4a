// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// One element on a bench: packets in, packets out, counters, a clock that only moves when told. No devices, no root, no huge pages.
//
//   TestBench bench("RandomDrop", Value::map({{"probability", "1"}}));
//   bench.push({PacketBuilder().ether(a, b)});
//   EXPECT_TRUE(bench.output("out").empty());
//   EXPECT_EQ(bench.counter("unlucky"), 1);
//
// The bench fails the running test (GoogleTest) if the element leaks a packet, or if packets in, made, out, dropped and held do not add up.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "elements/sdk/element.h"
#include "elements/sdk/testing/packets.h"

namespace smartswitch::testing {

/// Starts DPDK without huge pages and devices, once a process. Benches do it by themselves.
void start_eal();

/// For TestBench::advance().
constexpr Duration ms(std::int64_t milliseconds) { return {milliseconds * 1'000'000}; }

/// A packet as it left the element.
struct Seen {
  Bytes bytes;
  Annotations annotations;
};

class TestBench {
 public:
  struct Options {
    /// State objects the element may refer to, by name; owned by the caller, which has configured and started them.
    std::map<std::string, State*> states;
    /// Ports of numbered groups to connect (as connections in a file would).
    unsigned numbered_ports = 2;
    /// Optional outputs to leave unconnected.
    std::vector<std::string> unconnected;
    /// Buffers in the pool: small ones let a test exhaust it.
    unsigned pool_packets = 1023;
    /// Bytes of a buffer.
    unsigned buffer_bytes = 2048;
    /// What PollDevice and ToDevice would be bound to.
    RxQueue rx_queue;
    TxQueue tx_queue;
  };

  /// Fails the test and leaves the bench unusable if the parameters are wrong: see problems().
  explicit TestBench(const std::string& element_class, const Value& parameters = Value::map({}));
  TestBench(const std::string& element_class, const Value& parameters, const Options& options);
  ~TestBench();
  TestBench(const TestBench&) = delete;
  TestBench& operator=(const TestBench&) = delete;

  /// Faults found in the parameters or by start(), for tests of bad ones: make the bench with TestBench::problems_of().
  static Problems problems_of(const std::string& element_class, const Value& parameters, const Options& options);
  static Problems problems_of(const std::string& element_class, const Value& parameters = Value::map({}));

  /// Gives the packets, in batches of at most Batch::kCapacity, to an input ("in", or "0" or a key of a group).
  void push(const std::vector<Bytes>& packets, const std::string& input = {});
  /// The same with one batch that the test has filled from pool().
  void push(Batch& batch, const std::string& input = {});
  /// A packet of the bench's pool with these bytes. The caller owns it and has to push it.
  Packet packet(const Bytes& bytes);
  /// Calls the element's poll() once. Returns what it returned.
  unsigned poll();
  /// Moves the clock and fires timers that are due on the way.
  void advance(Duration by);

  /// What has come out of an output so far ("out", "0", a key); emptied by take().
  [[nodiscard]] const std::vector<Seen>& output(const std::string& name) const;
  std::vector<Seen> take(const std::string& name);
  /// A declared counter or drop reason.
  [[nodiscard]] std::uint64_t counter(const std::string& name) const;
  [[nodiscard]] Element& element() { return *element_; }
  [[nodiscard]] rte_mempool* pool() { return worker_->pool; }
  [[nodiscard]] WorkerContext& worker() { return *worker_; }

 private:
  class Sink;
  struct Connected;
  void connect_outputs(const Value& parameters, const Options& options);
  Sink& add_sink(const std::string& name);
  [[nodiscard]] std::uint64_t packets_in_use() const;

  const ElementInfo* info_;
  std::unique_ptr<WorkerContext> worker_;
  std::unique_ptr<Element> element_;
  std::map<std::string, std::unique_ptr<Sink>> sinks_;
  std::vector<std::pair<std::string, std::pair<const InputInfo*, unsigned>>> inputs_;
  std::vector<Output*> loose_;
  std::uint64_t pushed_ = 0;
  bool usable_ = false;
};

/// A state object for tests, configured and started; fails the test if that cannot be done.
std::unique_ptr<State> make_state(const std::string& state_class, const Value& parameters = Value::map({}));

}  // namespace smartswitch::testing
