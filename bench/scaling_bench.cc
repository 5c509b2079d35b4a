// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What further workers bring: the same pipeline on one core, on two and, if there are so many, on four, in turn, each worker with a source
// of its own and what is shared in the file shared.
//
//   bench_scaling --rounds 15 --seconds 1
//
// nothing: packets are given out and taken back, and no more: what the machine itself gives. redirect: gets to 64 servers with ketama.
// hits: gets of 32-byte values, 1 M keys, Zipf 0.99, one cache. mix: the same with 5 % sets, and a server that answers at once. Only rounds
// in which the workers had 95 % of their cores (--share) count; still, run it on a quiet machine.
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "bench/memswitch.h"
#include "elements/memcached/reply_packet.h"
#include "elements/memcached/request.h"
#include "runtime/clock.h"

namespace smartswitch::bench {

/// In place of servers: makes each get or set its own reply.
class AnswerAll final : public Element {
 public:
  static void describe(Describe<AnswerAll>& d) {
    d.summary("Makes each request its own reply.");
    d.input<&AnswerAll::push>("in", "gets and sets of one key");
    d.output("out", &AnswerAll::out_, "their replies");
  }
  void push(Batch& batch) {
    for (Packet packet : batch) {
      char text[128] = "STORED\r\n";
      std::size_t length = 8;
      const Annotations& a = packet.annotations();
      if (a.verb == static_cast<std::uint8_t>(memcached::Verb::kGet)) {
        const std::string_view key(reinterpret_cast<const char*>(packet.data()) + a.key_offset, sizeof(Key));
        constexpr std::string_view kBefore = "VALUE ";
        constexpr std::string_view kBehind = " 0 32\r\nvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\r\nEND\r\n";
        std::copy(kBefore.begin(), kBefore.end(), text);
        std::copy(key.begin(), key.end(), text + kBefore.size());
        std::copy(kBehind.begin(), kBehind.end(), text + kBefore.size() + key.size());
        length = kBefore.size() + key.size() + kBehind.size();
      }
      if (!memcached::make_reply(packet, {text, length}, {})) std::abort();
    }
    out_.push(batch);
  }

 private:
  Output out_;
};
SMARTSWITCH_ELEMENT(AnswerAll)

namespace {

constexpr std::size_t kKeys = 1'000'000;
constexpr unsigned kServers = 64;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "bench_scaling: %s\n", what.c_str());
  std::exit(1);
}

void wait(double seconds) {
  const timespec time{static_cast<time_t>(seconds), static_cast<long>((seconds - static_cast<double>(static_cast<time_t>(seconds))) * 1e9)};
  nanosleep(&time, nullptr);
}

const std::vector<Key>& keys() {
  static const std::vector<Key> kept = make_keys(kKeys);
  return kept;
}

const std::vector<Key>& popular_keys() {
  static const std::vector<Key> kept = popular(keys(), 4 * kKeys);
  return kept;
}

struct Case {
  std::string name;
  std::string yaml;  // without workers; the last element of each packet's way is called `tx`
  bool cache = false;
  bool writes = false;
};

std::vector<Case> cases() {
  const std::string start = "smartswitch: 1\nstate:\n";
  const std::string cache = "  hot: {class: KeyCache, memory: 256MiB, max_age: 24h, reply_lifetime: 100ms, tickets: 4000000}\n";
  const std::string rest = "classify.several, classify.control, classify.refused, classify.direct, classify.other -> rest\n";
  return {
      {"nothing", "smartswitch: 1\nelements: {rx: Replay, tx: Collect}\nconnections: [rx -> tx]\n"},
      {"redirect", redirect_yaml(kServers)},
      {"hits",
       start + cache + R"(elements:
  rx: Replay
  classify: {class: MemcachedClassifier, service: [10.0.0.100]}
  cache: {class: CacheResponder, cache: hot}
  tx: Collect
  rest: Collect
connections:
  - rx -> classify
  - classify.get -> cache -> rest
  - cache.hit -> tx
  - classify.write, )" +
           rest,
       true},
      {"mix", start + cache + backends_yaml(kServers) + R"(elements:
  rx: Replay
  classify: {class: MemcachedClassifier, service: [10.0.0.100]}
  cache: {class: CacheResponder, cache: hot}
  invalidate: {class: CacheInvalidate, cache: hot}
  choose: {class: KeyHashSwitch, backends: backends}
  servers: AnswerAll
  fill: {class: CacheFill, cache: hot}
  tx: Collect
  rest: Collect
connections:
  - rx -> classify
  - classify.get -> cache -> choose
  - classify.write -> invalidate -> choose
  - choose -> servers -> fill -> tx
  - cache.hit -> tx
  - )" + rest,
       true, true},
  };
}

// Requests of a client of its own for each worker, so that no two have the same ticket.
std::vector<Bytes> requests(const Case& c, unsigned worker) {
  constexpr unsigned kGetsForASet = 19;
  constexpr unsigned kLastByteOfSource = 14 + 15;
  std::vector<Bytes> packets = {get_packet()};
  if (c.writes) {
    packets.resize(kGetsForASet, packets.front());
    packets.push_back(set_packet(1));
  }
  for (Bytes& packet : packets) packet[kLastByteOfSource] = static_cast<std::uint8_t>(1 + worker);
  return packets;
}

struct Sample {
  double rate = 0;  // packets of all workers, a second in which these had their cores
  double core_share = 1;
};

class Measurement {
 public:
  Measurement(const Case& c, const std::vector<unsigned>& cores)
      : workers_(static_cast<unsigned>(cores.size())), stand_(c.yaml + workers_yaml(cores)) {
    const std::vector<Key>& asked = c.cache ? popular_keys() : keys();
    for (unsigned worker = 0; worker < workers_; ++worker) {
      PacketRing& ring = stand_.element<Replay>("rx", worker).ring();
      ring.fill(requests(c, worker), stand_.pool());
      ring.set_keys(&asked, kKeyAt, worker * asked.size() / workers_);
      if (c.cache) ring.restore_always();
      if (c.writes) ring.number_requests(kRequestIdAt, kClientPortAt);
    }
    if (c.cache) fill_cache(stand_.state<memcached::KeyCache>("hot"), keys(), 32, runtime::monotonic_ns());
  }

  // Of the gets and sets so far, those that the cache answered.
  double hit_share() {
    std::uint64_t hits = 0;
    for (unsigned i = 0; i < workers_; ++i) hits += counter("CacheResponder", "hits", stand_.element<Element>("cache", i));
    return static_cast<double>(hits) / static_cast<double>(packets_so_far());
  }

  Sample run(unsigned first, unsigned workers, double seconds) {
    constexpr double kWarmUp = 0.1;
    for (unsigned i = first; i < first + workers; ++i) stand_.worker(i).launch();
    wait(kWarmUp);
    const std::uint64_t packets = packets_so_far();
    const std::uint64_t waited = waited_so_far(first, workers);
    const std::int64_t from = runtime::monotonic_ns();
    wait(seconds);
    const std::uint64_t passed = packets_so_far() - packets;
    const auto took = static_cast<double>(runtime::monotonic_ns() - from);
    const auto lost = static_cast<double>(waited_so_far(first, workers) - waited);
    for (unsigned i = first; i < first + workers; ++i) stand_.worker(i).stop();
    const double core_share = 1 - lost / took / workers;
    return {static_cast<double>(passed) / took / core_share * 1e9, core_share};
  }

 private:
  static std::string workers_yaml(const std::vector<unsigned>& cores) {
    return fmt::format("workers:\n  - {{cores: [{}], run: [rx], idle: poll}}\n", fmt::join(cores, ", "));
  }
  static std::uint64_t counter(std::string_view element_class, std::string_view name, const Element& element) {
    for (const CounterInfo& info : Registry::instance().element(element_class)->counters) {
      if (info.name == name) return info.get(&element);
    }
    fail("there is no such counter");
  }
  std::uint64_t packets_so_far() {
    std::uint64_t packets = 0;
    for (unsigned i = 0; i < workers_; ++i) packets += stand_.element<Collect>("tx", i).packets();
    return packets;
  }
  std::uint64_t waited_so_far(unsigned first, unsigned workers) {
    std::uint64_t waited = 0;
    for (unsigned i = first; i < first + workers; ++i) waited += stand_.worker(i).waited_for_core();
    return waited;
  }

  unsigned workers_;
  Stand stand_;
};

void print(const std::string& what, std::vector<double> v, const char* unit) {
  std::sort(v.begin(), v.end());
  std::printf("  %-12s %8.2f %s  [%.2f-%.2f]\n", what.c_str(), v[v.size() / 2], unit, v.front(), v.back());
}

// Rates with so many workers, and what they are of one's.
struct Group {
  unsigned workers;
  const char* name;
  std::vector<double> rates = {};
  std::vector<double> ratios = {};
};

std::vector<Group> groups_of(std::size_t cores) {
  std::vector<Group> groups = {{2, "two"}};
  if (cores >= 4) groups.push_back({4, "four"});
  return groups;
}

void measure(const Case& c, unsigned rounds, double seconds, const std::vector<unsigned>& cores, double least_share) {
  Measurement measurement(c, cores);
  std::vector<Group> groups = groups_of(cores.size());
  std::vector<double> one;
  unsigned discarded = 0;
  while (one.size() < rounds && discarded < 3 * rounds) {
    // The one worker is each of two by turns: cores of a virtual machine differ.
    std::vector<Sample> samples = {measurement.run(0, 1, seconds)};
    for (const Group& group : groups) samples.push_back(measurement.run(0, group.workers, seconds));
    samples.push_back(measurement.run(1, 1, seconds));
    if (std::any_of(samples.begin(), samples.end(), [&](const Sample& s) { return s.core_share < least_share; })) {
      ++discarded;
      continue;
    }
    const double alone = (samples.front().rate + samples.back().rate) / 2;
    one.push_back(alone / 1e6);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      groups[i].rates.push_back(samples[i + 1].rate / 1e6);
      groups[i].ratios.push_back(samples[i + 1].rate / alone);
    }
  }
  if (one.empty()) fail("the workers never had enough of their cores: something else runs on this machine");
  std::printf("%s: %zu rounds of %.1f s, %u left out because a core was shared\n", c.name.c_str(), one.size(), seconds, discarded);
  print("one worker", one, "M/s");
  for (const Group& group : groups) {
    print(std::string(group.name) + " workers", group.rates, "M/s");
    print(std::string(group.name) + " / one", group.ratios, "   ");
  }
  if (c.cache) std::printf("  answered by the cache: %.1f %%\n", 100 * measurement.hit_share());
  std::fflush(stdout);
}

}  // namespace
}  // namespace smartswitch::bench

int main(int argc, char** argv) {
  using namespace smartswitch::bench;
  CLI::App app{"Compares two workers and four with one, on the same pipelines."};
  std::string only = "all";
  unsigned rounds = 15;
  double seconds = 1;
  double least_share = 0.95;
  std::vector<unsigned> cores = {0, 1};
  app.add_option("--case", only, "nothing, redirect, hits, mix or all")
      ->check(CLI::IsMember({"nothing", "redirect", "hits", "mix", "all"}));
  app.add_option("--rounds", rounds, "rounds that count")->check(CLI::Range(1, 99));
  app.add_option("--seconds", seconds, "length of a measurement, of which a round has three or four")->check(CLI::Range(0.1, 60.0));
  app.add_option("--cores", cores, "the two or four cores that workers are pinned to")->expected(2, 4)->delimiter(',');
  app.add_option("--share", least_share, "of its core that a worker must have had, or the round does not count")
      ->check(CLI::Range(0.0, 1.0));
  CLI11_PARSE(app, argc, argv);
  if (cores.size() == 3) fail("--cores takes two or four");
  spdlog::set_level(spdlog::level::warn);
  for (const Case& c : cases()) {
    if (only == "all" || only == c.name) measure(c, rounds, seconds, cores, least_share);
  }
  return 0;
}
