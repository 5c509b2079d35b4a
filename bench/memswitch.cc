// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "bench/memswitch.h"

#include <cstdio>
#include <cstdlib>
#include <random>

#include "elements/load/zipf.h"
#include "elements/sdk/hash.h"

namespace smartswitch::bench {
namespace {

constexpr std::string_view kRest =
    "  - classify.write, classify.several, classify.control, classify.refused, classify.direct, classify.other -> rest\n";

}  // namespace

std::vector<Key> popular(const std::vector<Key>& keys, std::size_t asked) {
  const load::Zipf draw(keys.size(), 0.99);
  std::mt19937_64 random(1);
  std::vector<Key> drawn(asked);
  for (Key& key : drawn) key = keys[draw(random())];
  return drawn;
}

std::string redirect_yaml(unsigned servers) {
  return "smartswitch: 1\nstate:\n" + backends_yaml(servers) + R"(
elements:
  rx: Replay
  classify: {class: MemcachedClassifier, service: [10.0.0.100]}
  choose: {class: KeyHashSwitch, backends: backends}
  tx: Collect
  rest: Collect
connections:
  - rx -> classify
  - classify.get -> choose -> tx
)" + std::string(kRest);
}

std::string cache_yaml(std::size_t mebibytes) {
  return "smartswitch: 1\nstate:\n  hot: {class: KeyCache, memory: " + std::to_string(mebibytes) + R"(MiB, max_age: 24h}
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
)" + std::string(kRest);
}

void fill_cache(memcached::KeyCache& cache, const std::vector<Key>& keys, std::size_t value_size, std::int64_t now) {
  const std::string behind = " 0 " + std::to_string(value_size) + "\r\n" + std::string(value_size, 'v') + "\r\nEND\r\n";
  std::uint64_t ticket = 0;
  for (const Key& key : keys) {
    const std::string_view name(key.data(), key.size());
    const std::string text = "VALUE " + std::string(name) + behind;
    cache.get_sent({++ticket}, hash_key(name), now);
    cache.reply_seen({ticket}, text, now);
  }
}

PacketRing& prepare_gets(Stand& stand, const std::vector<Key>& keys, bool restore) {
  PacketRing& ring = stand.element<Replay>("rx").ring();
  ring.fill({get_packet()}, stand.pool());
  ring.set_keys(&keys, kKeyAt);
  if (restore) ring.restore_always();
  return ring;
}

std::uint64_t cache_hits(Stand& stand) {
  for (const CounterInfo& counter : Registry::instance().element("CacheResponder")->counters) {
    if (counter.name == "hits") return counter.get(&stand.element<Element>("cache"));
  }
  std::fputs("bench: CacheResponder does not count hits\n", stderr);
  std::abort();
}

}  // namespace smartswitch::bench
