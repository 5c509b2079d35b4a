// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// How the cost of a request grows, on one core in memory, with what there is more of:
//
//   bench_sweep --benchmark_format=json
//
// redirect/servers, redirect/keys, redirect/flows, redirect/batch: classify, choose by ketama, rewrite. hits/keys and hits/value_size: gets
// answered from the cache, uniform over the keys. hits/cached_percent: Zipf 0.99 over 1 M keys, of which the most popular ones are cached;
// misses are passed on. Sizes that the machine's free memory does not hold are left out.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <map>

#include "bench/memswitch.h"

namespace smartswitch::bench {
namespace {

constexpr std::size_t kMillion = 1'000'000;

const std::vector<Key>& keys(std::size_t count) {
  static std::map<std::size_t, std::vector<Key>> kept;
  std::vector<Key>& made = kept[count];
  if (made.empty()) made = make_keys(count);
  return made;
}

void measure(benchmark::State& state, Stand& stand) {
  auto& rx = stand.element<Replay>("rx");
  std::int64_t packets = 0;
  for (auto _ : state) packets += rx.poll();
  state.SetItemsProcessed(packets);
}

void measure_hits(benchmark::State& state, Stand& stand) {
  const std::uint64_t before = cache_hits(stand);
  measure(state, stand);
  const double asked = static_cast<double>(state.iterations()) * 32;
  state.counters["hit_ratio"] = static_cast<double>(cache_hits(stand) - before) / asked;
}

void servers(benchmark::State& state) {
  Stand stand(redirect_yaml(static_cast<unsigned>(state.range(0))));
  prepare_gets(stand, keys(kMillion), false);
  measure(state, stand);
}

void redirected_keys(benchmark::State& state) {
  Stand stand(redirect_yaml(64));
  prepare_gets(stand, keys(static_cast<std::size_t>(state.range(0))), false);
  measure(state, stand);
}

// As many clients' ports, each request from another one than the last.
void flows(benchmark::State& state) {
  Stand stand(redirect_yaml(64));
  prepare_gets(stand, keys(kMillion), false).set_flows(kClientPortAt, static_cast<std::uint16_t>(state.range(0)));
  measure(state, stand);
}

void batch(benchmark::State& state) {
  Stand stand(redirect_yaml(64));
  prepare_gets(stand, keys(kMillion), false);
  stand.element<Replay>("rx").set_burst(static_cast<unsigned>(state.range(0)));
  measure(state, stand);
}

void hit(benchmark::State& state, std::size_t count, std::size_t value_size) {
  Stand stand(cache_yaml(64 + (count * (value_size + 128) >> 20)));
  prepare_gets(stand, keys(count), true);
  fill_cache(stand.state<memcached::KeyCache>("hot"), keys(count), value_size, stand.context().now);
  measure_hits(state, stand);
}
void cached_keys(benchmark::State& state) { hit(state, static_cast<std::size_t>(state.range(0)), 32); }
void value_size(benchmark::State& state) { hit(state, 10'000, static_cast<std::size_t>(state.range(0))); }

// Keys come in the order of their popularity.
void cached_percent(benchmark::State& state) {
  static const std::vector<Key> asked = popular(keys(kMillion), 4 * kMillion);
  Stand stand(cache_yaml(256));
  prepare_gets(stand, asked, true);
  const auto end = keys(kMillion).begin() + state.range(0) * static_cast<std::int64_t>(kMillion) / 100;
  fill_cache(stand.state<memcached::KeyCache>("hot"), std::vector<Key>(keys(kMillion).begin(), end), 32, stand.context().now);
  measure_hits(state, stand);
}

bool fits(std::size_t bytes) {
  return bytes < static_cast<std::size_t>(sysconf(_SC_AVPHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void register_all() {
  const auto add = [](const char* name, void (*function)(benchmark::State&), std::initializer_list<std::int64_t> sizes, std::size_t each) {
    for (const std::int64_t size : sizes) {
      if (fits(static_cast<std::size_t>(size) * each)) benchmark::RegisterBenchmark(name, function)->Arg(size);
    }
  };
  add("redirect/servers", servers, {2, 8, 64, 256, 1024}, 0);
  add("redirect/keys", redirected_keys, {1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000}, sizeof(Key));
  add("redirect/flows", flows, {1, 16, 1024, 65'535}, 0);
  add("redirect/batch", batch, {1, 4, 8, 16, 32, 64}, 0);
  add("hits/keys", cached_keys, {1'000, 10'000, 100'000, 1'000'000, 10'000'000}, 300);
  add("hits/value_size", value_size, {32, 128, 512, 1024, 4096, 11'264}, 0);
  add("hits/cached_percent", cached_percent, {0, 1, 5, 20, 50, 100}, 0);
}

}  // namespace
}  // namespace smartswitch::bench

int main(int argc, char** argv) {
  smartswitch::bench::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
