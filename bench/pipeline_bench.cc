// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What composing costs: the MemSwitch redirect from a graph against the same work in one hand-written loop over the same packets, and the
// cache.
//
//   bench_pipeline --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true --benchmark_report_aggregates_only=true
#include <benchmark/benchmark.h>

#include <ctime>
#include <string>

#include "bench/fused.h"
#include "bench/memswitch.h"

namespace smartswitch::bench {
namespace {

constexpr std::size_t kKeys = 1'000'000;
constexpr unsigned kServers = 64;

const std::vector<Key>& keys() {
  static const std::vector<Key> kept = make_keys(kKeys);
  return kept;
}

const std::vector<Key>& popular_keys() {
  static const std::vector<Key> kept = popular(keys(), 4 * kKeys);
  return kept;
}

std::string set_yaml(bool with_cache) {
  return std::string(R"(smartswitch: 1
state:
  hot: {class: KeyCache, memory: 256MiB, max_age: 24h}
elements:
  rx: Replay
  classify: {class: MemcachedClassifier, service: [10.0.0.100]}
  tx: Collect
  rest: Collect
)") + (with_cache ? "  invalidate: {class: CacheInvalidate, cache: hot}\n" : "") +
         R"(connections:
  - rx -> classify
  - classify.get, classify.several, classify.control, classify.refused, classify.direct, classify.other -> rest
)" + (with_cache ? "  - classify.write -> invalidate -> tx\n" : "  - classify.write -> tx\n");
}

void composed(benchmark::State& state) {
  Stand stand(redirect_yaml(kServers));
  prepare_gets(stand, keys(), false);
  auto& rx = stand.element<Replay>("rx");
  std::int64_t packets = 0;
  for (auto _ : state) packets += rx.poll();
  state.SetItemsProcessed(packets);
}

void fused(benchmark::State& state) {
  Stand stand(redirect_yaml(kServers));
  prepare_gets(stand, keys(), false);
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

void cache_hit(benchmark::State& state, const std::vector<Key>& (*asked)()) {
  Stand stand(cache_yaml(256));
  prepare_gets(stand, asked(), true);
  fill_cache(stand.state<memcached::KeyCache>("hot"), keys(), 32, stand.context().now);
  auto& rx = stand.element<Replay>("rx");
  std::int64_t packets = 0;
  for (auto _ : state) packets += rx.poll();
  state.SetItemsProcessed(packets);
  state.counters["hit_ratio"] = static_cast<double>(cache_hits(stand)) / static_cast<double>(packets);
}

// Sets of a million keys, all of them in the cache if there is one: nanoseconds of processor time each.
double set_cost(bool with_cache) {
  Stand stand(set_yaml(with_cache));
  std::vector<Bytes> sets;
  for (unsigned id = 0; id < PacketRing::kPackets; ++id) sets.push_back(set_packet(static_cast<std::uint16_t>(id)));
  PacketRing& ring = stand.element<Replay>("rx").ring();
  ring.fill(sets, stand.pool());
  ring.set_keys(&keys(), kKeyAt);
  fill_cache(stand.state<memcached::KeyCache>("hot"), keys(), 32, stand.context().now);
  auto& rx = stand.element<Replay>("rx");
  const auto processor_time = [] {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
  };
  const double from = processor_time();
  std::size_t packets = 0;
  while (packets < kKeys) packets += rx.poll();
  return (processor_time() - from) / static_cast<double>(packets);
}

// What it costs to invalidate the cached item of a set that passes: the same pipeline without it is subtracted.
void invalidate(benchmark::State& state) {
  double own = 0;
  for (auto _ : state) {
    own = set_cost(true) - set_cost(false);
    state.SetIterationTime(own * 1e-9);
  }
  state.counters["ns_per_set"] = own;
}

// Only what gives packets out and takes them back: what the other figures contain of the harness.
void harness(benchmark::State& state) {
  Stand stand("smartswitch: 1\nelements: {rx: Replay, tx: Collect}\nconnections: [rx -> tx]\n");
  prepare_gets(stand, keys(), false);
  auto& rx = stand.element<Replay>("rx");
  std::int64_t packets = 0;
  for (auto _ : state) packets += rx.poll();
  state.SetItemsProcessed(packets);
}

BENCHMARK(composed)->Name("memswitch/composed");
BENCHMARK(fused)->Name("memswitch/fused");
BENCHMARK_CAPTURE(cache_hit, uniform, keys)->Name("memswitch/cache_hit");
BENCHMARK_CAPTURE(cache_hit, popular, popular_keys)->Name("memswitch/cache_hit/zipf");
BENCHMARK(invalidate)->Name("memswitch/set_that_invalidates")->Iterations(1)->UseManualTime();
BENCHMARK(harness)->Name("harness");

}  // namespace
}  // namespace smartswitch::bench

BENCHMARK_MAIN();
