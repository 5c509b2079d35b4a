// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Which items a cache should keep: hit ratios of several ways to choose, and of the KeyCache as it is, on the same requests.
//
//   bench_cache_policy                                          # a minute
//   bench_cache_policy --requests 20000000 --items 1000000
//
// "Memory" is a share of what all items that are asked for more than once would need. An item is counted as key, value and what the
// KeyCache needs besides.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "bench/cache_policies.h"
#include "bench/request_traces.h"
#include "elements/memcached/key_cache.h"
#include "elements/sdk/hash.h"
#include "elements/sdk/registry.h"

namespace smartswitch::bench {
namespace {

constexpr std::uint32_t kBesidesValue = 20 + 45;  // key; head and index, as unit tests measure them

std::string key_of(std::uint32_t item) { return fmt::format("key{:017}", item); }

// The real one, told of gets and replies as by the switch. Every reply comes at once.
class Real final : public Policy {
 public:
  Real(std::size_t capacity, unsigned admit_after) : Policy(capacity) {
    const StateInfo& info = *Registry::instance().state("KeyCache");
    state_ = info.create();
    Problems problems;
    const Value parameters =
        Value::map({{"memory", fmt::format("{}KiB", capacity >> 10)}, {"max_age", "24h"}, {"admit_after", std::to_string(admit_after)}});
    assign_parameters(state_.get(), info.parameters, parameters, "KeyCache", {}, problems);
    cache_ = dynamic_cast<memcached::KeyCache*>(state_.get());
    if (problems.empty()) cache_->start(problems);
    for (const Problem& problem : problems.list()) fmt::print(stderr, "{}. {}\n", problem.message, problem.hint);
    if (!problems.empty()) std::exit(1);
  }
  bool get(std::uint32_t item, std::uint32_t bytes) override {
    const std::string key = key_of(item);
    const std::uint64_t hash = hash_key(key);
    if (cache_->find(cache_->look_up(hash), key, kNow)) return true;
    cache_->get_sent({++ticket_}, hash, kNow);
    const std::size_t length = bytes - kBesidesValue;
    const std::string text = fmt::format("VALUE {} 0 {}\r\n{}\r\nEND\r\n", key, length, std::string(length, 'v'));
    fills_ += cache_->reply_seen({ticket_}, text, kNow) ? 1 : 0;
    return false;
  }
  [[nodiscard]] std::uint64_t fills() const { return fills_; }

 private:
  static constexpr std::int64_t kNow = 1'000'000'000'000;
  std::unique_ptr<State> state_;
  memcached::KeyCache* cache_ = nullptr;
  std::uint64_t ticket_ = 0;
  std::uint64_t fills_ = 0;
};

double hit_ratio(Policy& policy, const Trace& trace) {
  std::size_t hits = 0;
  for (const std::uint32_t item : trace.items) hits += policy.get(item, trace.sizes[item] + kBesidesValue) ? 1 : 0;
  return 100.0 * static_cast<double>(hits) / static_cast<double>(trace.items.size());
}

void compare(const Trace& trace) {
  for (const double part : {0.08, 0.2, 0.5}) {
    const auto capacity = static_cast<std::size_t>(static_cast<double>(trace.bytes(kBesidesValue)) * part);
    Lru lru(capacity);
    Clock clock(capacity);
    Sieve sieve(capacity);
    S3Fifo s3_fifo(capacity);
    Real all(capacity, 1);
    Real hot(capacity, 2);
    fmt::print("| {} | {:.0f} % |", trace.name, 100 * part);
    for (Policy* policy : {static_cast<Policy*>(&lru), static_cast<Policy*>(&clock), static_cast<Policy*>(&sieve),
                           static_cast<Policy*>(&s3_fifo), static_cast<Policy*>(&all), static_cast<Policy*>(&hot)}) {
      fmt::print(" {:.1f} |", hit_ratio(*policy, trace));
    }
    const auto per_request = [&](const Real& real) {
      return 100.0 * static_cast<double>(real.fills()) / static_cast<double>(trace.items.size());
    };
    fmt::print(" {:.1f} / {:.1f} |\n", per_request(all), per_request(hot));
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace smartswitch::bench

int main(int argc, char** argv) {
  CLI::App app("Hit ratios of ways to choose what a cache keeps");
  std::size_t items = 400'000;
  std::size_t requests = 1'500'000;
  app.add_option("--items", items, "different items")->check(CLI::Range(1000, 100'000'000));
  app.add_option("--requests", requests, "gets")->check(CLI::Range(1000, 1'000'000'000));
  CLI11_PARSE(app, argc, argv);
  fmt::print("| requests | memory | LRU | CLOCK | SIEVE | S3-FIFO | KeyCache, all admitted | KeyCache | its fills, % of gets |\n");
  fmt::print("|---|---|---|---|---|---|---|---|---|\n");
  for (const smartswitch::bench::Trace& trace : smartswitch::bench::make_traces(items, requests)) smartswitch::bench::compare(trace);
}
