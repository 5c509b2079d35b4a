// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What every element costs: nanoseconds a packet at batches of 1 to 64, less what the harness around it costs.
//
//   bench_elements                                  # a table of all
//   bench_elements --benchmark_filter=EtherSwitch
//   bench_elements --benchmark_filter=choose        # what it costs to choose one of 64 memcached servers by a key
//
// `ns_per_packet` is the element's own share: the same pipeline without it is measured just before and subtracted. An element that is not
// in the list below makes the program fail: whoever adds one says how it is to be measured.
#include <benchmark/benchmark.h>
#include <rte_cycles.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>

#include "bench/stand.h"
#include "elements/memcached/backend_pool.h"
#include "elements/sdk/hash.h"

namespace smartswitch::bench {
namespace {

// How an element is measured.
struct Case {
  std::string parameters{};            // behind "class: X", in YAML
  std::vector<std::string> outputs{};  // those to connect; empty: it has none
  bool classified = false;             // it expects packets that a MemcachedClassifier has looked at
  bool restored = true;                // it changes or drops packets: they need their bytes back each time
  std::string source_yaml{};           // instead of all that: it is a source itself
};

const std::map<std::string, Case>& cases() {
  static const std::string kBackends = ", backends: backends";
  static const std::string kCache = ", cache: hot";
  static const std::map<std::string, Case> kCases = {
      {"ARPResponder", {", addresses: [10.0.0.100], mac: \"02:00:00:00:00:64\"", {"out", "reply"}}},
      {"BpfFilter", {", filter: \"udp port 11211 and dst host 10.0.0.100\"", {"out"}}},
      {"CacheFill", {kCache, {"out"}}},
      {"CacheInvalidate", {kCache, {"out"}}},
      {"CacheResponder", {kCache, {"out", "hit"}, true}},
      {"CheckIPv4Header", {"", {"out"}}},
      {"Classifier", {", patterns: {arp: 12/0806, udp: 12/0800 23/11, rest: \"-\"}", {"arp", "udp", "rest"}}},
      {"ClientLimiter", {", budgets: budgets", {"out"}, true}},
      {"CommandFilter", {"", {"out", "refused"}, true}},
      {"Counter", {"", {"out"}}},
      {"Discard", {"", {}}},
      {"ErrorResponder", {"", {"out"}, true}},
      {"EtherMirror", {"", {"out"}}},
      {"EtherRewrite", {", destination: \"02:00:00:00:01:01\"", {"out"}}},
      {"EtherSwitch", {", ports: [a, b]", {"a", "b"}}},
      {"HashSwitch", {"", {"0", "1", "2", "3"}}},
      {"ICMPEchoResponder", {", addresses: [10.0.0.100]", {"out", "reply"}}},
      {"IPFragmenter", {"", {"out"}}},
      {"IPIPDecap", {"", {"out", "other"}}},
      {"IPIPEncap", {", source: 10.0.0.99, destination: 10.0.0.11", {"out"}}},
      {"IPReassembler", {"", {"out"}}},
      {"CommandSwitch", {", commands: {reads: [get, gets, mg], deletes: [delete, md]}", {"reads", "deletes", "other"}, true}},
      {"ExpiryRewrite", {", expiry: 24h", {"out"}, true}},
      {"Impair", {", loss: 0.01", {"out"}}},
      {"KeyHashSwitch", {kBackends, {"out"}, true}},
      {"KeyPrefixSwitch", {", prefixes: {keys: [key, \"key-1\"], users: [\"user:\"]}", {"keys", "users", "other"}, true}},
      {"LocateHeaders", {"", {"ipv4"}}},
      {"MemcachedClassifier", {", service: [10.0.0.100]", {"get", "write", "several", "control", "direct", "other"}}},
      {"MemcachedReassembler", {"", {"out"}}},
      {"PassThrough", {"", {"out"}, false, false}},
      {"Paint", {", colour: 1", {"out"}}},
      {"PaintSwitch", {"", {"0", "1"}}},
      {"Print", {", every: 1000000", {"out"}}},
      {"RandomDrop", {", probability: 0.01", {"out"}}},
      {"RateLimiter", {", rate: 1G", {"out"}}},
      {"ReplyGuard", {", budgets: budgets", {"out"}}},
      {"RequestGuard", {", clients: [10.0.0.0/8, 192.168.0.0/16], budgets: budgets", {"out"}}},
      {"RoundRobinSwitch", {"", {"0", "1", "2", "3"}}},
      {"Shadow", {", share: 0.1", {"out", "copy"}, true}},
      {"Source", {"", {}, false, false, "{class: Source, payload: \"get key-{counter}\", destination_port: 11211, burst: 32}"}},
      {"Tee", {"", {"0", "1"}}},
      {"ToPcap", {", file: /dev/null", {"out"}}},
  };
  return kCases;
}

// Measured elsewhere: they do nothing without a device, a second worker, or servers that answer.
const std::set<std::string> kElsewhere = {
    "PollDevice",    "ToDevice",      "Queue",           "FromPcap",    "Replay",      "Collect",       "HealthProber",
    "RequestSender", "ReplyReceiver", "RequestSplitter", "ReplyJoiner", "Broadcaster", "ReplicaSwitch", "WarmUp",
    "CacheFetch",    "KeyRewrite",    "LoadClient",      "KernelUdp",   "KernelTcp",   "ARPQuerier",    "XdpRedirect"};

void require_all_elements() {
  for (const ElementInfo* info : Registry::instance().elements()) {
    if (cases().contains(info->name) || kElsewhere.contains(info->name)) continue;
    std::fprintf(stderr, "bench_elements: %s is in no list: say in bench/elements_bench.cc how it is measured\n", info->name.c_str());
    std::exit(1);
  }
}

bool has_named_inputs(const std::string& element_class) {
  return Registry::instance().element(element_class)->inputs.front().group == PortGroup::kKeyed;
}

std::string yaml_of(const std::string& element_class, const Case& c, bool with_it) {
  std::string yaml =
      "smartswitch: 1\nstate:\n" + backends_yaml(16) +
      "  hot: {class: KeyCache, memory: 64MiB}\n  budgets: {class: ClientBudgets, rate: 1G}\nelements:\n  rx: Replay\n  end: Collect\n";
  std::string wires = "connections:\n";
  std::string before = "rx";
  if (c.classified) {
    yaml += "  classify: MemcachedClassifier\n";
    wires +=
        "  - rx -> classify\n  - classify.write, classify.several, classify.control, classify.refused, classify.direct, classify.other -> "
        "end\n";
    before = "classify.get";
  }
  if (!with_it) return yaml + wires + "  - " + before + " -> end\n";
  yaml += "  it: {class: " + element_class + c.parameters + "}\n";
  const bool named = has_named_inputs(element_class);
  wires += "  - " + before + " -> it" + (named ? ":a" : "") + "\n";
  for (const std::string& output : c.outputs) wires += "  - it." + output + " -> end\n";
  // What must be connected, though nothing comes that way.
  if (named || c.outputs.empty()) yaml += "  spare: Replay\n";
  if (named) wires += "  - spare -> it:b\n";
  if (c.outputs.empty()) wires += "  - spare -> end\n";
  return yaml + wires;
}

// Nanoseconds a packet of the whole pipeline: the best of several short runs, because whatever disturbs makes them longer.
double measure(const std::string& yaml, unsigned burst, bool restored) {
  Stand stand(yaml);
  auto& rx = stand.element<Replay>("rx");
  rx.ring().fill({get_packet()}, stand.pool());
  if (restored) rx.ring().restore_always();
  rx.set_burst(burst);
  constexpr int kRuns = 15;
  const unsigned rounds = 40000 / burst;
  double best = 1e9;
  for (int run = 0; run < kRuns; ++run) {
    const std::uint64_t from = rte_rdtsc_precise();
    for (unsigned i = 0; i < rounds; ++i) rx.poll();
    const double cycles = static_cast<double>(rte_rdtsc_precise() - from);
    best = std::min(best, cycles / (rounds * burst) * 1e9 / static_cast<double>(rte_get_tsc_hz()));
  }
  return best;
}

void element_cost(benchmark::State& state, const std::string& element_class, const Case& c) {
  const auto burst = static_cast<unsigned>(state.range(0));
  double own = 0;
  for (auto _ : state) {
    const double without = measure(yaml_of(element_class, c, false), burst, c.restored);
    const double with = measure(yaml_of(element_class, c, true), burst, c.restored);
    own = with - without;
    state.SetIterationTime(std::max(own, 0.01) * 1e-9);
  }
  state.counters["ns_per_packet"] = own;
}

void source_cost(benchmark::State& state, const Case& c) {
  Stand stand("smartswitch: 1\nelements:\n  it: " + c.source_yaml + "\n  end: Collect\nconnections: [it -> end]\n");
  std::int64_t packets = 0;
  for (auto _ : state) packets += stand.poll("it");
  state.SetItemsProcessed(packets);
  state.counters["ns_per_packet"] =
      benchmark::Counter(static_cast<double>(packets) * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// As the packet path does it: the key's XXH3 is known.
void choose_cost(benchmark::State& state, const std::string& parameters, bool one_down) {
  Stand stand("smartswitch: 1\nstate:\n" + backends_yaml(64) + parameters +
              "elements: {rx: Replay, end: Collect}\nconnections: [rx -> end]\n");
  auto& pool = stand.state<memcached::BackendPool>("backends");
  if (one_down) pool.set_well(1, false);
  struct Hashed {
    Key key;
    std::uint64_t hash;
  };
  std::vector<Hashed> keys;
  for (const Key& key : make_keys(4096)) keys.push_back({key, hash_key({key.data(), key.size()})});
  std::size_t next = 0;
  for (auto _ : state) {
    const Hashed& one = keys[next++ % keys.size()];
    benchmark::DoNotOptimize(pool.choose(one.hash, {one.key.data(), one.key.size()}));
  }
}

void register_choose() {
  const auto add = [](const std::string& name, const std::string& parameters, bool one_down = false) {
    benchmark::RegisterBenchmark(("choose/" + name).c_str(), [=](benchmark::State& state) { choose_cost(state, parameters, one_down); });
  };
  for (const char* distribution : {"ketama", "modula", "random", "jump", "rendezvous", "maglev", "ch3", "ring_default"})
    add(distribution, fmt::format("    distribution: {}\n", distribution));
  for (const char* hash : {"fnv1a_64", "murmur", "md5"}) add(fmt::format("ketama/{}", hash), fmt::format("    hash: {}\n", hash));
  add("ketama/hash_tag", "    hash_tag: \"{}\"\n");
  add("ketama/a key has its own server", "    keys: {other: mc1}\n");
  add("ketama/a server is down", "", true);
}

void register_all() {
  for (const auto& [name, c] : cases()) {
    if (!c.source_yaml.empty()) {
      benchmark::RegisterBenchmark(name.c_str(), [&c = c](benchmark::State& state) { source_cost(state, c); });
      continue;
    }
    benchmark::RegisterBenchmark(name.c_str(), [&name = name, &c = c](benchmark::State& state) { element_cost(state, name, c); })
        ->Arg(1)
        ->Arg(8)
        ->Arg(32)
        ->Arg(64)
        ->Iterations(1)
        ->UseManualTime();
  }
}

}  // namespace
}  // namespace smartswitch::bench

int main(int argc, char** argv) {
  smartswitch::bench::require_all_elements();
  smartswitch::bench::register_all();
  smartswitch::bench::register_choose();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
