// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What composing costs: the MemSwitch redirect from a graph against the same work in one hand-written loop over the same packets, and the
// cache.
//
//   bench_pipeline --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true --benchmark_report_aggregates_only=true
#include <benchmark/benchmark.h>

#include <string>

#include "bench/fused.h"
#include "bench/stand.h"
#include "elements/memcached/key_cache.h"
#include "elements/sdk/hash.h"

namespace smartswitch::bench {
namespace {

constexpr std::size_t kKeys = 1'000'000;
constexpr unsigned kServers = 16;

const std::vector<Key>& keys() {
  static const std::vector<Key> kept = make_keys(kKeys);
  return kept;
}

std::string redirect_yaml() {
  return "smartswitch: 1\nstate:\n" + backends_yaml(kServers) + R"(
elements:
  rx: Replay
  classify: {class: MemcachedClassifier, service: [10.0.0.100]}
  choose: {class: KeyHashSwitch, backends: backends}
  tx: Collect
  rest: Collect
connections:
  - rx -> classify
  - classify.get -> choose -> tx
  - classify.write, classify.several, classify.control, classify.refused, classify.direct, classify.other -> rest
)";
}

std::string cache_yaml() {
  return R"(smartswitch: 1
state:
  hot: {class: KeyCache, memory: 256MiB, max_age: 24h}
elements:
  rx: Replay
  classify: {class: MemcachedClassifier, service: [10.0.0.100]}
  cache: {class: CacheResponder, cache: hot}
  hits: Collect
  misses: Collect
  rest: Collect
connections:
  - rx -> classify
  - classify.get -> cache -> misses
  - cache.hit -> hits
  - classify.write, classify.several, classify.control, classify.refused, classify.direct, classify.other -> rest
)";
}

void prepare(Stand& stand, bool restore) {
  PacketRing& ring = stand.element<Replay>("rx").ring();
  ring.fill({get_packet()}, stand.pool());
  ring.set_keys(&keys(), kKeyAt);
  if (restore) ring.restore_always();
}

void composed(benchmark::State& state) {
  Stand stand(redirect_yaml());
  prepare(stand, false);
  auto& rx = stand.element<Replay>("rx");
  std::int64_t packets = 0;
  for (auto _ : state) packets += rx.poll();
  state.SetItemsProcessed(packets);
}

void fused(benchmark::State& state) {
  Stand stand(redirect_yaml());
  prepare(stand, false);
  PacketRing& ring = stand.element<Replay>("rx").ring();
  const auto& pool = stand.state<memcached::BackendPool>("backends");
  std::int64_t packets = 0;
  for (auto _ : state) {
    Batch batch;
    ring.take(batch, 32);
    packets += redirect_fused(batch.mbufs(), batch.size(), pool, rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 100)));
    batch.release();
  }
  if (packets != static_cast<std::int64_t>(state.iterations()) * 32) state.SkipWithError("not every packet was rewritten");
  state.SetItemsProcessed(packets);
}

// Puts every key in, as if a server had answered a get of it.
void fill_cache(memcached::KeyCache& cache, std::int64_t now) {
  std::uint64_t ticket = 0;
  for (const Key& key : keys()) {
    const std::string_view name(key.data(), key.size());
    const std::string text = "VALUE " + std::string(name) + " 0 32\r\n" + std::string(32, 'v') + "\r\nEND\r\n";
    cache.get_sent({++ticket}, hash_key(name), now);
    cache.reply_seen({ticket}, text, now);
  }
}

void cache_hit(benchmark::State& state) {
  Stand stand(cache_yaml());
  prepare(stand, true);
  fill_cache(stand.state<memcached::KeyCache>("hot"), stand.context().now);
  auto& rx = stand.element<Replay>("rx");
  std::int64_t packets = 0;
  for (auto _ : state) packets += rx.poll();
  state.SetItemsProcessed(packets);
  const ElementInfo& info = *Registry::instance().element("CacheResponder");
  for (const CounterInfo& counter : info.counters) {
    if (counter.name != "hits") continue;
    state.counters["hit_ratio"] = static_cast<double>(counter.get(&stand.element<Element>("cache")).value()) / static_cast<double>(packets);
  }
}

// Only what gives packets out and takes them back: what the other figures contain of the harness.
void harness(benchmark::State& state) {
  Stand stand("smartswitch: 1\nelements: {rx: Replay, tx: Collect}\nconnections: [rx -> tx]\n");
  prepare(stand, false);
  auto& rx = stand.element<Replay>("rx");
  std::int64_t packets = 0;
  for (auto _ : state) packets += rx.poll();
  state.SetItemsProcessed(packets);
}

BENCHMARK(composed)->Name("memswitch/composed");
BENCHMARK(fused)->Name("memswitch/fused");
BENCHMARK(cache_hit)->Name("memswitch/cache_hit");
BENCHMARK(harness)->Name("harness");

}  // namespace
}  // namespace smartswitch::bench

BENCHMARK_MAIN();
