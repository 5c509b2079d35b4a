// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A LoadClient on the bench, and a server for it that does as the test says.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "elements/load/load_report.h"
#include "elements/load/wire.h"
#include "elements/sdk/testing/test_bench.h"

namespace smartswitch::load {

/// Whether the IPv4 and UDP checksums of a packet are right.
inline bool checksums_hold(testing::Bytes packet) {
  auto* headers = reinterpret_cast<DatagramHeaders*>(packet.data());
  const rte_be16_t sent = headers->udp.dgram_cksum;
  headers->udp.dgram_cksum = 0;
  return rte_raw_cksum(&headers->ip, sizeof headers->ip) == 0xFFFF && sent == rte_ipv4_udptcp_cksum(&headers->ip, &headers->udp);
}

/// A request as the server sees it.
struct Asked {
  std::uint16_t port = 0;
  std::uint16_t id = 0;
  std::string verb;
  std::string key;
  std::string value;
};

using Parameters = std::vector<Value::Member>;

class ServedClient {
 public:
  explicit ServedClient(Parameters client, Parameters report = {}) {
    add_default(report, "warm_up", "0");
    state_ = testing::make_state("LoadReport", Value::map(std::move(report)));
    add_default(client, "report", "report");
    add_default(client, "keys", "10");
    options_.states["report"] = state_.get();
    bench_.emplace("LoadClient", Value::map(std::move(client)), options_);
    bench_->advance({0});
  }

  [[nodiscard]] LoadReport& report() const { return static_cast<LoadReport&>(*state_); }
  [[nodiscard]] LoadFigures figures() const { return report().figures(); }
  testing::TestBench& bench() { return *bench_; }
  void pass(std::int64_t milliseconds) { bench_->advance(testing::ms(milliseconds)); }

  /// Lets the client send, and takes what it has sent.
  std::vector<Asked> requests() {
    bench_->poll();
    std::vector<Asked> all;
    for (const testing::Seen& seen : bench_->take("out")) all.push_back(read(seen.bytes));
    return all;
  }
  void answer(const Asked& asked, const std::string& text) { bench_->push({datagram(asked, text)}, "replies"); }
  /// What a good server says to it.
  void serve(const Asked& asked) { answer(asked, serve_text(asked)); }
  /// From now on requests are served before the call that brings them returns, as a cache behind the client would.
  void serve_at_once() {
    Output& out = Registry::instance().element("LoadClient")->outputs.front().single(bench_->element());
    sink_ = out.target();
    out.connect(&ServedClient::serve_batch, this, 0);
  }
  /// Serves until nothing more is sent.
  void serve_all() {
    for (std::vector<Asked> all = requests(); !all.empty(); all = requests()) {
      for (const Asked& asked : all) serve(asked);
    }
  }

  std::string serve_text(const Asked& asked) {
    if (asked.verb == "set") {
      items[asked.key] = asked.value;
      return "STORED\r\n";
    }
    return items.contains(asked.key) ? hit(asked.key, items[asked.key]) : "END\r\n";
  }
  static std::string hit(const std::string& key, const std::string& value) {
    return "VALUE " + key + " 0 " + std::to_string(value.size()) + "\r\n" + value + "\r\nEND\r\n";
  }
  static testing::Bytes datagram(const Asked& asked, const std::string& text, std::uint16_t sequence = 0, std::uint16_t total = 1) {
    std::string framed = testing::memcached_frame(asked.id, text);
    framed[3] = static_cast<char>(sequence);
    framed[5] = static_cast<char>(total);
    return testing::PacketBuilder()
        .ether("02:00:00:00:00:02", "02:00:00:00:00:01")
        .ipv4("10.0.0.2", "10.0.0.1")
        .udp(11211, asked.port)
        .payload(framed);
  }

  std::map<std::string, std::string> items;

 private:
  static void add_default(Parameters& parameters, const char* name, const char* value) {
    if (Value::map(parameters).find(name) == nullptr) parameters.emplace_back(name, value);
  }
  static void serve_batch(void* self, unsigned, Batch& batch) {
    auto& client = *static_cast<ServedClient*>(self);
    client.sink_.entry(client.sink_.element, client.sink_.index, batch);
    for (const testing::Seen& seen : client.bench_->take("out")) client.serve(read(seen.bytes));
  }
  static Asked read(const testing::Bytes& bytes) {
    const auto* headers = reinterpret_cast<const DatagramHeaders*>(bytes.data());
    const std::string text(bytes.begin() + sizeof(DatagramHeaders), bytes.end());
    Asked asked{rte_be_to_cpu_16(headers->udp.src_port), rte_be_to_cpu_16(headers->frame.request_id), text.substr(0, 3), {}, {}};
    const std::size_t line = text.find("\r\n");
    asked.key = text.substr(4, text.find_first_of(" \r", 4) - 4);
    if (asked.verb == "set") asked.value = text.substr(line + 2, text.size() - line - 4);
    return asked;
  }

  std::unique_ptr<State> state_;
  testing::TestBench::Options options_;
  std::optional<testing::TestBench> bench_;
  Output::Target sink_;
};

}  // namespace smartswitch::load
