// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What the load generator costs: nanoseconds a request that is made, and whose answer is read, checked and counted. A server that answers
// at once, in the same thread, is part of it.
//
//   bench_load
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <rte_udp.h>

#include <cstring>
#include <vector>

#include "bench/stand.h"
#include "elements/load/values.h"
#include "elements/load/wire.h"
#include "runtime/clock.h"

namespace smartswitch {

/// Turns gets of 16-byte keys into hits with values of one size, and sets into STORED.
class AnswersAtOnce final : public Element {
 public:
  static void describe(Describe<AnswersAtOnce>& d) {
    d.summary("Answers requests of a LoadClient.");
    d.input<&AnswersAtOnce::push>("in", "requests").leads_to({});
    d.output("out", &AnswersAtOnce::out_, "answers");
    d.parameter("value_size", &AnswersAtOnce::value_size_, "bytes of values");
    d.source<&AnswersAtOnce::poll>();
  }
  void push(Batch& batch) {
    for (const Packet packet : batch) kept_.push_back(packet);
    batch.release();
  }
  unsigned poll() {
    const auto handled = static_cast<unsigned>(kept_.size());
    Batch batch;
    for (const Packet packet : kept_) {
      answer(packet);
      batch.add(packet);
      if (batch.full()) out_.push(batch);
    }
    kept_.clear();
    out_.push(batch);
    return handled;
  }
  [[nodiscard]] std::uint64_t held() const override { return kept_.size(); }
  [[nodiscard]] std::uint64_t may_hold() const override { return 4096; }

 private:
  static constexpr std::size_t kKeySize = 16;

  void answer(Packet packet) const {
    auto* headers = reinterpret_cast<load::DatagramHeaders*>(packet.data());
    const rte_be16_t client = headers->udp.src_port;
    headers->udp.src_port = headers->udp.dst_port;
    headers->udp.dst_port = client;
    std::uint8_t* text = packet.data() + sizeof *headers;
    std::size_t length = 8;
    if (*text == 's') {
      std::memcpy(text, "STORED\r\n", length);
    } else {
      length = hit(text);
    }
    load::set_lengths(*headers, length);
    if (!packet.resize(static_cast<std::uint32_t>(sizeof *headers + length))) std::abort();
    packet.reset_annotations();
  }
  // "get <key>" and "VALUE <key>" overlap.
  std::size_t hit(std::uint8_t* text) const {
    std::uint64_t key = 0;
    for (std::size_t i = 3; i < kKeySize; ++i) key = key * 10 + (text[4 + i] - '0');
    std::memmove(text + 6, text + 4, kKeySize);
    std::memcpy(text, "VALUE ", 6);
    std::uint8_t* to = text + 6 + kKeySize;
    to = static_cast<std::uint8_t*>(std::memcpy(to, " 0 ", 3)) + 3;
    to = reinterpret_cast<std::uint8_t*>(fmt::format_to(reinterpret_cast<char*>(to), "{}", value_size_));
    to = static_cast<std::uint8_t*>(std::memcpy(to, "\r\n", 2)) + 2;
    load::write_value(to, value_size_, key, 1);  // a version of another run: none of this client's sets is kept
    std::memcpy(to + value_size_, "\r\nEND\r\n", 7);
    return static_cast<std::size_t>(to + value_size_ + 7 - text);
  }

  std::uint32_t value_size_ = 32;
  std::vector<Packet> kept_;
  Output out_;
};
SMARTSWITCH_ELEMENT(AnswersAtOnce)

namespace bench {
namespace {

struct Case {
  const char* name;
  const char* client;
  unsigned value_size;
};
constexpr Case kCases[] = {{"gets of 32 B", "", 32},
                           {"gets of 1 KiB", "", 1024},
                           {"gets of 1 KiB, unchecked", ", verify: false", 1024},
                           {"sets of 32 B", ", get_ratio: 0", 32},
                           {"gets of 32 B, Zipf, 1 M keys", ", keys: 1000000, distribution: \"zipf:0.99\"", 32},
                           {"gets of 32 B, open loop", ", rate: 1G, timeout: 1ms", 32}};

void load_cost(benchmark::State& state, const Case& c) {
  Stand stand(
      fmt::format("smartswitch: 1\nstate: {{report: {{class: LoadReport, warm_up: 0, length: 1h}}}}\nelements:\n"
                  "  client: {{class: LoadClient, report: report, clients: 16, window: 16, value_size: {}{}}}\n"
                  "  server: {{class: AnswersAtOnce, value_size: {}}}\nconnections: [client -> server -> client]\n",
                  c.value_size, c.client, c.value_size));
  std::int64_t requests = 0;
  for (auto _ : state) {
    stand.context().now = runtime::monotonic_ns();
    stand.context().timers.advance(stand.context().now);
    stand.poll("client");
    requests += stand.poll("server");
  }
  state.SetItemsProcessed(requests);
  state.counters["ns_per_request"] =
      benchmark::Counter(static_cast<double>(requests) * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

}  // namespace
}  // namespace bench
}  // namespace smartswitch

int main(int argc, char** argv) {
  using namespace smartswitch::bench;
  for (const Case& c : kCases) benchmark::RegisterBenchmark(c.name, [&c](benchmark::State& state) { load_cost(state, c); });
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
