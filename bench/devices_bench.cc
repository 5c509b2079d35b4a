// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The whole program over DPDK devices, beside a bare DPDK loop that does the same job on the same devices, in turn in one process:
//
//   bench_devices --input null --rounds 9 --seconds 1
//
// null: net_null, whose packets are the pool's own, filled once (the cheapest input there is). pcap: net_pcap with infinite_rx=1, a copy a
// packet. Both redirect 72-byte gets of 16-byte keys to 16 servers. Only rounds in which the worker had 95 % of its core count.
#include <pthread.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mempool.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <thread>

#include "bench/fused.h"
#include "bench/stand.h"
#include "runtime/eal.h"
#include "runtime/switch.h"

namespace smartswitch::bench {
namespace {

constexpr unsigned kServers = 16;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "bench_devices: %s\n", what.c_str());
  std::exit(1);
}

void require_none(const Problems& problems) {
  for (const Problem& p : problems.list()) fail(p.message + " " + p.hint);
}

struct Input {
  std::string rx;
  std::string tx;
};

// A capture of gets of different keys, for net_pcap (pcap-savefile(5)).
void write_capture(const std::string& path, const std::vector<Key>& keys) {
  std::ofstream file(path, std::ios::binary);
  const auto put32 = [&](std::uint32_t v) { file.write(reinterpret_cast<const char*>(&v), 4); };
  const std::uint32_t header[] = {0xA1B2C3D4, 2 | 4 << 16, 0, 0, 65535, 1};
  for (const std::uint32_t word : header) put32(word);
  Bytes packet = get_packet();
  for (std::size_t i = 0; i < 1024; ++i) {
    std::copy(keys[i].begin(), keys[i].end(), packet.begin() + kKeyAt);
    for (const std::uint32_t word : {0U, 0U, static_cast<std::uint32_t>(packet.size()), static_cast<std::uint32_t>(packet.size())})
      put32(word);
    file.write(reinterpret_cast<const char*>(packet.data()), static_cast<std::streamsize>(packet.size()));
  }
  if (!file) fail("cannot write " + path);
}

// Every buffer of every pool gets a request, so that what net_null gives out is one.
void fill_pools(const std::vector<Key>& keys) {
  struct Job {
    const std::vector<Key>& keys;
    Bytes packet;
    std::size_t next;
  } job{keys, get_packet(), 0};
  rte_mempool_walk(
      [](rte_mempool* pool, void* arg) {
        rte_mempool_obj_iter(
            pool,
            [](rte_mempool*, void* job_arg, void* object, unsigned) {
              auto& j = *static_cast<Job*>(job_arg);
              auto* mbuf = static_cast<rte_mbuf*>(object);
              const Key& key = j.keys[j.next++ % j.keys.size()];
              std::copy(key.begin(), key.end(), j.packet.begin() + kKeyAt);
              std::copy(j.packet.begin(), j.packet.end(), static_cast<std::uint8_t*>(mbuf->buf_addr) + RTE_PKTMBUF_HEADROOM);
            },
            arg);
      },
      &job);
}

std::string yaml(const Input& input, unsigned core) {
  return "smartswitch: 1\nports:\n  in: {device: \"" + input.rx + "\"}\n  out: {device: \"" + input.tx + "\"}\nstate:\n" +
         backends_yaml(kServers) +
         R"(elements:
  rx: {class: PollDevice, port: in}
  classify: {class: MemcachedClassifier, service: [10.0.0.100]}
  choose: {class: KeyHashSwitch, backends: backends}
  tx: {class: ToDevice, port: out}
  rest: Discard
connections:
  - rx -> classify
  - classify.get -> choose -> tx
  - classify.write, classify.several, classify.control, classify.refused, classify.direct, classify.other -> rest
workers:
  - {core: )" +
         std::to_string(core) + ", run: [rx], idle: poll}\n";
}

graph::Plan plan_of(const std::string& text) {
  graph::Loaded loaded = graph::load_text(text, "bench_devices", {});
  for (const graph::Diagnostic& d : loaded.diagnostics) fail(graph::render(d, false));
  return std::move(*loaded.plan);
}

// Packets a second, or a negative number if the thread had not its core to itself.
struct Sample {
  double rate = 0;
  double core_share = 0;
};

double seconds_now() { return static_cast<double>(rte_rdtsc()) / static_cast<double>(rte_get_tsc_hz()); }

void wait(double seconds) {
  const timespec time{static_cast<time_t>(seconds), static_cast<long>((seconds - static_cast<double>(static_cast<time_t>(seconds))) * 1e9)};
  nanosleep(&time, nullptr);
}

Sample run_composed(const Input& input, unsigned core, double seconds, const std::vector<Key>& keys) {
  Problems problems;
  const auto live = runtime::Switch::create(plan_of(yaml(input, core)), {}, problems);
  require_none(problems);
  fill_pools(keys);
  live->start();
  wait(0.2);
  const runtime::Snapshot before = live->snapshot();
  const double from = seconds_now();
  wait(seconds);
  const runtime::Snapshot after = live->snapshot();
  const double took = seconds_now() - from;
  live->stop();
  const std::uint64_t redirected = after.element("tx")->in - before.element("tx")->in;
  if (after.element("rest")->in != 0) fail("the graph took packets for something else than gets");
  return {static_cast<double>(redirected) / took, 1 - (after.workers[0].waited_seconds - before.workers[0].waited_seconds) / took};
}

Sample run_bare(const Input& input, unsigned core, double seconds, const std::vector<Key>& keys) {
  Problems problems;
  const graph::Plan plan = plan_of(yaml(input, core));
  runtime::Ports ports(plan, true);
  runtime::EalNeeds needs;
  runtime::PoolNeeds pool_needs = runtime::planned_needs(plan);
  needs.packet_memory = runtime::size_pool(plan, pool_needs).bytes();
  runtime::start_eal(needs, problems);
  require_none(problems);
  ports.open(problems);
  require_none(problems);
  pool_needs.in_rings = ports.in_rings();
  pool_needs.mtu = ports.largest_mtu();
  const runtime::Pool pool = runtime::make_pool(runtime::size_pool(plan, pool_needs), problems);
  require_none(problems);
  ports.set_up(pool.get(), problems);
  ports.start(problems);
  require_none(problems);
  fill_pools(keys);

  Bare bare;
  {
    const graph::StateObject& object = plan.states.front();
    assign_parameters(&bare.backends, object.info->parameters, object.parameters, "", {"class"}, problems);
    bare.backends.start(problems);
    require_none(problems);
  }
  bare.rx = ports.rx_queue("in", std::nullopt, 0);
  bare.tx = ports.tx_queue("out", 0);
  std::atomic<pid_t> thread_id{0};
  std::thread thread([&] {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    rte_thread_register();
    thread_id = gettid();
    bare_loop(bare);
    rte_thread_unregister();
  });
  // Run time and time waited for the core, in ns (proc(5), schedstat).
  const auto waited = [&] {
    std::ifstream file("/proc/self/task/" + std::to_string(thread_id.load()) + "/schedstat");
    double ran = 0;
    double delay = 0;
    file >> ran >> delay;
    return delay / 1e9;
  };
  wait(0.2);
  const std::uint64_t before = bare.redirected;
  const double waited_before = waited();
  const double from = seconds_now();
  wait(seconds);
  const std::uint64_t after = bare.redirected;
  const double took = seconds_now() - from;
  const double waited_after = waited();
  bare.stop = true;
  thread.join();
  ports.close();
  return {static_cast<double>(after - before) / took, 1 - (waited_after - waited_before) / took};
}

struct Spread {
  double low, median, high;
};
Spread spread_of(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return {v.front(), v[v.size() / 2], v.back()};
}

void compare(const std::string& name, const Input& input, unsigned core, unsigned rounds, double seconds, const std::vector<Key>& keys) {
  std::vector<double> bare;
  std::vector<double> composed;
  std::vector<double> share;
  unsigned discarded = 0;
  while (share.size() < rounds && discarded < 3 * rounds) {
    const Sample b = run_bare(input, core, seconds, keys);
    const Sample c = run_composed(input, core, seconds, keys);
    if (b.core_share < 0.95 || c.core_share < 0.95) {
      ++discarded;
      continue;
    }
    bare.push_back(b.rate / 1e6);
    composed.push_back(c.rate / 1e6);
    share.push_back(c.rate / b.rate);
  }
  if (share.empty()) fail("the worker never had 95 % of its core: something else runs on this machine");
  const auto print = [](const char* what, const Spread& s, const char* unit) {
    std::printf("  %-22s %8.3f %s  [%.3f-%.3f]\n", what, s.median, unit, s.low, s.high);
  };
  std::printf("%s: %zu rounds of %.1f s, %u left out because the core was shared\n", name.c_str(), share.size(), seconds, discarded);
  print("bare DPDK loop", spread_of(bare), "Mpps");
  print("composed from YAML", spread_of(composed), "Mpps");
  print("composed / bare", spread_of(share), "    ");
}

}  // namespace
}  // namespace smartswitch::bench

int main(int argc, char** argv) {
  using namespace smartswitch::bench;
  CLI::App app{"Compares the composed MemSwitch redirect with a bare DPDK loop over the same devices."};
  std::string input = "all";
  unsigned rounds = 9;
  double seconds = 1;
  unsigned core = 1;
  app.add_option("--input", input, "null, pcap or all")->check(CLI::IsMember({"null", "pcap", "all"}));
  app.add_option("--rounds", rounds, "samples that count")->check(CLI::Range(1, 99));
  app.add_option("--seconds", seconds, "length of a sample")->check(CLI::Range(0.1, 60.0));
  app.add_option("--core", core, "core that the worker is pinned to");
  CLI11_PARSE(app, argc, argv);

  spdlog::set_level(spdlog::level::warn);
  const std::vector<Key> keys = make_keys(1'000'000);
  if (input != "pcap") compare("null", {"net_null0,size=72", "net_null1"}, core, rounds, seconds, keys);
  if (input != "null") {
    char directory[] = "/tmp/bench_devices.XXXXXX";
    if (mkdtemp(directory) == nullptr) fail("cannot make a folder in /tmp");
    const std::string capture = std::string(directory) + "/gets.pcap";
    write_capture(capture, keys);
    // net_null as the other end: net_pcap would write a file.
    compare("pcap", {"net_pcap0,rx_pcap=" + capture + ",infinite_rx=1", "net_null1"}, core, rounds, seconds, keys);
    unlink(capture.c_str());
    rmdir(directory);
  }
  return 0;
}
