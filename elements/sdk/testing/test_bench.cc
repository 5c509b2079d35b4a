// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/testing/test_bench.h"

#include <gtest/gtest.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mempool.h>

#include <algorithm>
#include <atomic>

namespace smartswitch::testing {

void start_eal() {
  static const bool started = [] {
    std::vector<std::string> words = {"bench",       "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-m", "512",
                                      "--log-level", "error",     "-l",          "0"};
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    if (rte_eal_init(static_cast<int>(argv.size()), argv.data()) < 0) {
      ADD_FAILURE() << "DPDK does not start: " << rte_strerror(rte_errno);
      return false;
    }
    return true;
  }();
  ASSERT_TRUE(started);
}

// Keeps the bytes of all packets that come, and frees the packets.
class TestBench::Sink {
 public:
  static void take_in(void* sink, unsigned, Batch& batch) {
    for (Packet packet : batch) {
      Seen& seen = static_cast<Sink*>(sink)->seen.emplace_back();
      seen.annotations = packet.annotations();
      seen.bytes.resize(packet.wire_length());
      ++static_cast<Sink*>(sink)->total;
      if (seen.bytes.empty()) continue;
      const void* bytes = rte_pktmbuf_read(packet.mbuf(), 0, packet.wire_length(), seen.bytes.data());
      if (bytes != seen.bytes.data()) std::memcpy(seen.bytes.data(), bytes, seen.bytes.size());
    }
    batch.free_all();
  }
  std::vector<Seen> seen;
  std::uint64_t total = 0;
};

namespace {

class BenchEnvironment final : public Environment {
 public:
  BenchEnvironment(const TestBench::Options& options, Problems& problems) : options_(options), problems_(problems) {}
  State& state(const std::string& name) override {
    const auto at = options_.states.find(name);
    if (at == options_.states.end()) throw std::out_of_range("the bench has no state object `" + name + "`");
    return *at->second;
  }
  RxQueue rx_queue(const std::string&, std::optional<std::uint16_t>) override { return options_.rx_queue; }
  TxQueue tx_queue(const std::string&) override { return options_.tx_queue; }

 private:
  const TestBench::Options& options_;
  Problems& problems_;
};

std::vector<std::string> keys_of(const Value& parameters, const std::string& parameter) {
  std::vector<std::string> keys;
  const Value* value = parameters.find(parameter);
  if (value == nullptr) return keys;
  for (const Value& item : value->items()) keys.push_back(item.text());
  for (const Value::Member& member : value->members()) keys.push_back(member.key);
  return keys;
}

// The names of a port group's members, as a file would write them.
std::vector<std::string> names_of(PortGroup group, const std::string& name, const std::string& keys, const Value& parameters,
                                  unsigned numbered) {
  if (group == PortGroup::kSingle) return {name};
  if (group == PortGroup::kKeyed) return keys_of(parameters, keys);
  std::vector<std::string> names;
  for (unsigned i = 0; i < numbered; ++i) names.push_back(std::to_string(i));
  return names;
}

rte_mempool* make_pool(unsigned packets, unsigned buffer_bytes) {
  static std::atomic<unsigned> serial{0};
  const std::string name = "bench" + std::to_string(serial++);
  return rte_pktmbuf_pool_create(name.c_str(), packets, 0, sizeof(Annotations),
                                 static_cast<std::uint16_t>(buffer_bytes + RTE_PKTMBUF_HEADROOM), SOCKET_ID_ANY);
}

void configure(const ElementInfo& info, Element& element, const Value& parameters, const TestBench::Options& options, Problems& problems) {
  if (!assign_parameters(&element, info.parameters, parameters, "element class `" + info.name + "`", {}, problems)) return;
  element.validate(problems);
  if (!problems.empty()) return;
  BenchEnvironment environment(options, problems);
  for (const Value::Member& member : parameters.members()) {
    const ParameterInfo* parameter = info.parameter(member.key);
    if (parameter->bind) parameter->bind(&element, member.value, environment);
  }
}

}  // namespace

TestBench::TestBench(const std::string& element_class, const Value& parameters) : TestBench(element_class, parameters, Options()) {}

TestBench::TestBench(const std::string& element_class, const Value& parameters, const Options& options)
    : info_(Registry::instance().element(element_class)), worker_(std::make_unique<WorkerContext>()) {
  start_eal();
  if (info_ == nullptr) {
    ADD_FAILURE() << "there is no element class " << element_class;
    return;
  }
  worker_->pool = make_pool(options.pool_packets, options.buffer_bytes);
  worker_->now = 1'000'000'000;
  element_ = info_->create();
  element_->set_name("element");
  element_->set_worker(worker_.get());
  Problems problems;
  configure(*info_, *element_, parameters, options, problems);
  if (element_->large_packets() > 0) worker_->large_pool = make_pool(static_cast<unsigned>(element_->large_packets()), kLargestPacket);
  if (problems.empty()) {
    for (const InputInfo& in : info_->inputs) {
      unsigned index = 0;
      for (const std::string& name : names_of(in.group, in.name, in.keys, parameters, options.numbered_ports)) {
        inputs_.emplace_back(name, std::pair(&in, index++));
      }
    }
    connect_outputs(parameters, options);
    element_->start(problems);
  }
  for (const Problem& problem : problems.list()) ADD_FAILURE() << element_class << ": " << problem.message << ". " << problem.hint;
  usable_ = problems.empty();
}

Problems TestBench::problems_of(const std::string& element_class, const Value& parameters) {
  return problems_of(element_class, parameters, Options());
}

Problems TestBench::problems_of(const std::string& element_class, const Value& parameters, const Options& options) {
  start_eal();
  Problems problems;
  const ElementInfo* info = Registry::instance().element(element_class);
  if (info == nullptr) {
    problems.add({}, "there is no element class " + element_class);
    return problems;
  }
  WorkerContext worker;
  worker.pool = make_pool(options.pool_packets, options.buffer_bytes);
  {
    const std::unique_ptr<Element> element = info->create();
    element->set_worker(&worker);
    configure(*info, *element, parameters, options, problems);
    if (element->large_packets() > 0) worker.large_pool = make_pool(static_cast<unsigned>(element->large_packets()), kLargestPacket);
    for (const OutputInfo& out : info->outputs) {
      if (!out.array) continue;
      const auto names = names_of(out.group, out.name, out.keys, parameters, options.numbered_ports);
      out.array(*element).resize(static_cast<unsigned>(names.size()));
    }
    if (problems.empty()) element->start(problems);
  }
  rte_mempool_free(worker.pool);
  rte_mempool_free(worker.large_pool);
  return problems;
}

TestBench::Sink& TestBench::add_sink(const std::string& name) {
  auto& sink = sinks_[name];
  sink = std::make_unique<Sink>();
  return *sink;
}

void TestBench::connect_outputs(const Value& parameters, const Options& options) {
  for (const OutputInfo& out : info_->outputs) {
    const auto names = names_of(out.group, out.name, out.keys, parameters, options.numbered_ports);
    if (out.array) out.array(*element_).resize(static_cast<unsigned>(names.size()));
    for (unsigned i = 0; i < names.size(); ++i) {
      Output& output = out.array ? out.array(*element_)[i] : out.single(*element_);
      const auto& loose = options.unconnected;
      if (std::find(loose.begin(), loose.end(), names[i]) != loose.end()) {
        loose_.push_back(&output);
      } else {
        output.connect(&Sink::take_in, &add_sink(names[i]), 0);
      }
    }
  }
}

TestBench::~TestBench() {
  if (worker_->pool == nullptr) return;
  if (usable_) {
    std::uint64_t out = 0;
    for (const auto& [name, sink] : sinks_) out += sink->total;
    for (const Output* output : loose_) out += output->packets();
    std::uint64_t dropped = 0;
    for (const CounterInfo& counter : info_->counters) {
      if (counter.drop) dropped += counter.get(element_.get());
    }
    const std::uint64_t came = pushed_ + element_->created() + element_->received();
    const std::uint64_t went = out + element_->sent() + dropped + element_->consumed() + element_->held();
    EXPECT_EQ(came, went) << info_->name << ": " << pushed_ << " packets in, " << element_->created() << " made, " << element_->received()
                          << " received, but " << out << " out, " << element_->sent() << " sent, " << dropped << " dropped, "
                          << element_->consumed() << " consumed, " << element_->held() << " held";
    EXPECT_EQ(packets_in_use(), element_->held()) << info_->name << " holds more packets than it says";
  }
  element_.reset();
  EXPECT_EQ(packets_in_use(), 0U) << info_->name << " leaks packets when it is destroyed";
  rte_mempool_free(worker_->pool);
  rte_mempool_free(worker_->large_pool);
}

std::uint64_t TestBench::packets_in_use() const {
  return rte_mempool_in_use_count(worker_->pool) + (worker_->large_pool == nullptr ? 0 : rte_mempool_in_use_count(worker_->large_pool));
}

Packet TestBench::packet(const Bytes& bytes) {
  Packet packet(rte_pktmbuf_alloc(worker_->pool));
  if (!packet || !packet.resize(static_cast<std::uint32_t>(bytes.size()))) {
    ADD_FAILURE() << "the bench's pool has no room for a packet of " << bytes.size() << " bytes";
    if (packet) rte_pktmbuf_free(packet.mbuf());
    return Packet();
  }
  packet.annotations() = Annotations{};
  std::copy(bytes.begin(), bytes.end(), packet.data());
  return packet;
}

void TestBench::push(const std::vector<Bytes>& packets, const std::string& input) {
  Batch batch;
  for (const Bytes& bytes : packets) {
    const Packet made = packet(bytes);
    if (!made) break;
    batch.add(made);
    if (batch.full()) push(batch, input);
  }
  push(batch, input);
}

void TestBench::push(Batch& batch, const std::string& input) {
  if (!usable_) return;
  for (const auto& [name, port] : inputs_) {
    if (!input.empty() && name != input) continue;
    pushed_ += batch.size();
    if (!batch.empty()) port.first->entry(element_.get(), port.second, batch);
    EXPECT_TRUE(batch.empty()) << info_->name << " left packets in its batch";
    return;
  }
  ADD_FAILURE() << info_->name << " has no input `" << input << "`";
}

unsigned TestBench::poll() { return usable_ ? info_->poll(*element_) : 0; }

void TestBench::advance(Duration by) {
  const std::int64_t target = worker_->now + by.nanoseconds;
  while (worker_->timers.next_due() <= target) {
    worker_->now = std::max(worker_->now, worker_->timers.next_due());
    worker_->timers.advance(worker_->now);
  }
  worker_->now = target;
}

const std::vector<Seen>& TestBench::output(const std::string& name) const {
  static const std::vector<Seen> kNothing;
  const auto at = sinks_.find(name);
  if (at == sinks_.end()) {
    ADD_FAILURE() << info_->name << " has no output `" << name << "`";
    return kNothing;
  }
  return at->second->seen;
}

std::vector<Seen> TestBench::take(const std::string& name) {
  std::vector<Seen> seen = output(name);
  if (const auto at = sinks_.find(name); at != sinks_.end()) at->second->seen.clear();
  return seen;
}

std::uint64_t TestBench::counter(const std::string& name) const {
  for (const CounterInfo& counter : info_->counters) {
    if (counter.name == name) return counter.get(element_.get());
  }
  ADD_FAILURE() << info_->name << " has no counter `" << name << "`";
  return 0;
}

std::unique_ptr<State> make_state(const std::string& state_class, const Value& parameters) {
  start_eal();
  const StateInfo* info = Registry::instance().state(state_class);
  if (info == nullptr) {
    ADD_FAILURE() << "there is no state class " << state_class;
    return nullptr;
  }
  Problems problems;
  std::unique_ptr<State> state = info->create();
  if (assign_parameters(state.get(), info->parameters, parameters, "state class `" + state_class + "`", {}, problems)) {
    state->validate(problems);
    if (problems.empty()) state->start(problems);
  }
  for (const Problem& problem : problems.list()) ADD_FAILURE() << state_class << ": " << problem.message << ". " << problem.hint;
  return state;
}

}  // namespace smartswitch::testing
