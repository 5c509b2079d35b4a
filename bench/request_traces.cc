// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "bench/request_traces.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "elements/load/zipf.h"

namespace smartswitch::bench {

std::size_t Trace::bytes(std::size_t besides) const {
  std::vector<std::uint8_t> seen(sizes.size());
  std::size_t sum = 0;
  for (const std::uint32_t item : items) {
    if (seen[item] == 1) sum += sizes[item] + besides;
    if (seen[item] < 2) ++seen[item];
  }
  return sum;
}

namespace {

constexpr std::uint32_t kValue = 1000;

Trace zipf(const std::string& name, double s, std::size_t items, std::size_t requests) {
  Trace trace{name, {}, std::vector<std::uint32_t>(items, kValue)};
  const load::Zipf draw(items, s);
  std::mt19937_64 random(1);
  for (std::size_t i = 0; i < requests; ++i) trace.items.push_back(draw(random()));
  return trace;
}

// Of `every` requests, the last `length` ask for items that nobody has asked for before and nobody will again.
Trace with_strangers(const std::string& name, std::size_t every, std::size_t length, std::size_t items, std::size_t requests) {
  Trace trace = zipf(name, 0.99, items, requests);
  for (std::size_t i = 0; i < requests; ++i) {
    if (i % every < every - length) continue;
    trace.items[i] = static_cast<std::uint32_t>(trace.sizes.size());
    trace.sizes.push_back(kValue);
  }
  return trace;
}

// Which items are popular changes wholly within `period` requests, one after the other.
Trace shifting(std::size_t items, std::size_t requests, std::size_t period) {
  Trace trace = zipf("Zipf 0.99, popularity shifts", 0.99, items, requests);
  std::vector<std::uint32_t> item_of_rank(items);
  std::iota(item_of_rank.begin(), item_of_rank.end(), 0);
  std::mt19937_64 random(2);
  const std::size_t swaps = items / 100;
  for (std::size_t i = 0; i < requests; ++i) {
    if (i % (period / 100) == 0) {
      for (std::size_t n = 0; n < swaps; ++n) std::swap(item_of_rank[random() % items], item_of_rank[random() % items]);
    }
    trace.items[i] = item_of_rank[trace.items[i]];
  }
  return trace;
}

// Sizes as Facebook's USR, APP and ETC pools have them, roughly: most are small, most bytes are in large ones (Atikoglu et al., SIGMETRICS
// 2012).
Trace mixed_sizes(std::size_t items, std::size_t requests) {
  Trace trace = zipf("Zipf 0.99, sizes mixed", 0.99, items, requests);
  std::mt19937_64 random(3);
  std::lognormal_distribution<double> size(6.3, 1.0);
  for (std::uint32_t& bytes : trace.sizes) bytes = static_cast<std::uint32_t>(std::clamp(size(random), 2.0, 1300.0));
  return trace;
}

}  // namespace

std::vector<Trace> make_traces(std::size_t items, std::size_t requests) {
  std::vector<Trace> traces;
  traces.push_back(zipf("Zipf 0.99", 0.99, items, requests));
  traces.push_back(zipf("Zipf 0.8", 0.8, items, requests));
  traces.push_back(with_strangers("Zipf 0.99, scans", 200'000, 50'000, items, requests));
  traces.push_back(with_strangers("Zipf 0.99, one-hit wonders", 2, 1, items, requests));
  traces.push_back(shifting(items, requests, requests));
  traces.push_back(mixed_sizes(items, requests));
  return traces;
}

}  // namespace smartswitch::bench
