// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The MemSwitch's two jobs as pipelines in memory, which several of these programs measure: choosing a server, answering from the cache.
#pragma once

#include <string>
#include <vector>

#include "bench/stand.h"
#include "elements/memcached/key_cache.h"

namespace smartswitch::bench {

/// Keys as they are asked for: `asked` of them, drawn from `keys` by Zipf's law with exponent 0.99.
std::vector<Key> popular(const std::vector<Key>& keys, std::size_t asked);

/// Replay `rx` -> MemcachedClassifier -> KeyHashSwitch with ketama over so many servers -> Collect `tx`.
std::string redirect_yaml(unsigned servers);
/// Replay `rx` -> MemcachedClassifier -> CacheResponder `cache`, with the KeyCache `hot` of so many MiB; hits and misses into Collects.
std::string cache_yaml(std::size_t mebibytes);

/// Puts every key in with a value of so many bytes, as if a server had answered a get of it.
void fill_cache(memcached::KeyCache& cache, const std::vector<Key>& keys, std::size_t value_size, std::int64_t now);

/// Gives the ring of `rx` gets of these keys (not owned); with `restore` for elements that change or keep packets.
PacketRing& prepare_gets(Stand& stand, const std::vector<Key>& keys, bool restore);

/// How many gets `cache` has answered.
std::uint64_t cache_hits(Stand& stand);

}  // namespace smartswitch::bench
