// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/snapshot_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace smartswitch::runtime {

std::string printable(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    if (c > ' ' && c <= '~' && c != '\\') {
      out += c;
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

namespace {

Json counters_json(const std::vector<CounterValue>& counters, bool drops) {
  Json json = Json::object();
  for (const CounterValue& counter : counters) {
    if (counter.drop == drops) json[counter.name] = counter.value;
  }
  return json;
}

Json ranking_json(const Ranking& ranking) {
  Json json = Json::array();
  for (const Ranked& r : ranking.foremost) json.push_back({{"name", printable(r.name)}, {"share", r.share}});
  return json;
}

Json histogram_json(const Durations& d) {
  Json buckets = Json::array();
  for (unsigned i = 0; i < d.counts.size(); ++i) {
    if (d.counts[i] != 0) buckets.push_back({DurationHistogram::lowest_at(i), d.counts[i]});
  }
  return {{"count", d.count()},
          {"sum_ns", d.sum_ns},
          {"p50_ns", d.quantile_ns(0.5)},
          {"p90_ns", d.quantile_ns(0.9)},
          {"p99_ns", d.quantile_ns(0.99)},
          {"p999_ns", d.quantile_ns(0.999)},
          {"max_ns", d.max_ns},
          {"buckets", buckets}};
}

Json histograms_json(const std::vector<Durations>& histograms) {
  Json json = Json::object();
  for (const Durations& d : histograms) json[d.name] = histogram_json(d);
  return json;
}

}  // namespace

Json to_json(const ElementCounts& e) {
  Json outputs = Json::object();
  Json unconnected = Json::array();
  for (const OutputCount& output : e.outputs) {
    outputs[output.name] = output.packets;
    if (!output.connected) unconnected.push_back(output.name);
  }
  return {{"class", e.element_class},
          {"replicas", e.replicas},
          {"in", e.in},
          {"out", e.out},
          {"received", e.received},
          {"sent", e.sent},
          {"created", e.created},
          {"consumed", e.consumed},
          {"dropped", e.dropped()},
          {"held", e.held},
          {"counters", counters_json(e.counters, false)},
          {"drops", counters_json(e.counters, true)},
          {"outputs", outputs},
          {"unconnected", unconnected},
          {"histograms", histograms_json(e.histograms)}};
}

Json to_json(const PortCounts& p) {
  return {{"device", p.device},         {"link_up", p.link_up},          {"rx_packets", p.rx_packets}, {"rx_bytes", p.rx_bytes},
          {"tx_packets", p.tx_packets}, {"tx_bytes", p.tx_bytes},        {"rx_missed", p.rx_missed},   {"rx_errors", p.rx_errors},
          {"tx_errors", p.tx_errors},   {"rx_no_buffer", p.rx_no_buffer}};
}

Json to_json(const WorkerCounts& w) {
  return {{"core", w.core},
          {"rounds", w.rounds},
          {"busy_rounds", w.busy_rounds},
          {"sleeps", w.sleeps},
          {"busy_seconds", w.busy_seconds},
          {"idle_seconds", w.idle_seconds},
          {"waited_seconds", w.waited_seconds},
          {"last_pause_seconds", w.last_pause_seconds},
          {"longest_pause_seconds", w.longest_pause_seconds}};
}

Json to_json(const StateCounts& s) {
  Json json = {{"class", s.state_class}, {"counters", counters_json(s.counters, false)}};
  for (const Ranking& r : s.rankings) json[r.name] = ranking_json(r);
  return json;
}

Json to_json(const Snapshot& snapshot) {
  Json json = {{"seconds", snapshot.seconds},
               {"packets",
                {{"came", snapshot.came()},
                 {"sent", snapshot.sent()},
                 {"consumed", snapshot.consumed()},
                 {"dropped", snapshot.dropped()},
                 {"held", snapshot.held()},
                 {"unaccounted", snapshot.unaccounted()}}},
               {"pool", {{"packets", snapshot.pool_packets}, {"in_use", snapshot.pool_in_use}}}};
  for (const char* part : {"elements", "states", "ports", "workers"}) json[part] = Json::object();
  for (const ElementCounts& e : snapshot.elements) json["elements"][e.name] = to_json(e);
  json["departed"] = to_json(snapshot.departed);
  for (const StateCounts& s : snapshot.states) json["states"][s.name] = to_json(s);
  for (const PortCounts& p : snapshot.ports) json["ports"][p.name] = to_json(p);
  for (const WorkerCounts& w : snapshot.workers) json["workers"][w.name] = to_json(w);
  return json;
}

namespace {

void read_counters_of(const Json& json, bool drops, std::vector<CounterValue>& counters) {
  for (const auto& [name, value] : json.items()) counters.push_back({name, value.get<std::uint64_t>(), drops});
}

// What printable() was given.
std::string unprintable(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text.substr(i).starts_with("\\x") &&
        std::from_chars(text.data() + i + 2, text.data() + std::min(i + 4, text.size()), byte, 16).ec == std::errc{}) {
      bytes += static_cast<char>(byte);
      i += 3;
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

Durations durations_from_json(const std::string& name, const Json& json) {
  Durations d;
  d.name = name;
  d.sum_ns = json.at("sum_ns");
  d.max_ns = json.at("max_ns");
  d.counts.resize(DurationHistogram::kCounts);
  for (const Json& bucket : json.at("buckets")) {
    d.counts.at(DurationHistogram::index_of(std::clamp(bucket.at(0).get<std::int64_t>(), std::int64_t{0}, DurationHistogram::kHighest))) +=
        bucket.at(1).get<std::uint64_t>();
  }
  return d;
}

ElementCounts element_from_json(const std::string& name, const Json& json) {
  ElementCounts e;
  e.name = name;
  e.element_class = json.at("class");
  e.replicas = json.at("replicas");
  e.in = json.at("in");
  e.out = json.at("out");
  e.received = json.at("received");
  e.sent = json.at("sent");
  e.created = json.at("created");
  e.consumed = json.at("consumed");
  e.held = json.at("held");
  read_counters_of(json.at("counters"), false, e.counters);
  read_counters_of(json.at("drops"), true, e.counters);
  const Json& unconnected = json.at("unconnected");
  for (const auto& [output, packets] : json.at("outputs").items()) {
    const bool connected = std::find(unconnected.begin(), unconnected.end(), output) == unconnected.end();
    e.outputs.push_back({output, packets, connected});
  }
  for (const auto& [histogram, durations] : json.at("histograms").items())
    e.histograms.push_back(durations_from_json(histogram, durations));
  return e;
}

StateCounts state_from_json(const std::string& name, const Json& json) {
  StateCounts s;
  s.name = name;
  s.state_class = json.at("class");
  read_counters_of(json.at("counters"), false, s.counters);
  for (const auto& [key, list] : json.items()) {
    if (!list.is_array()) continue;
    Ranking& ranking = s.rankings.emplace_back(Ranking{key, {}});
    for (const Json& ranked : list) ranking.foremost.push_back({unprintable(ranked.at("name").get<std::string>()), ranked.at("share")});
  }
  return s;
}

PortCounts port_from_json(const std::string& name, const Json& json) {
  PortCounts p;
  p.name = name;
  p.device = json.at("device");
  p.link_up = json.at("link_up");
  p.rx_packets = json.at("rx_packets");
  p.rx_bytes = json.at("rx_bytes");
  p.tx_packets = json.at("tx_packets");
  p.tx_bytes = json.at("tx_bytes");
  p.rx_missed = json.at("rx_missed");
  p.rx_errors = json.at("rx_errors");
  p.rx_no_buffer = json.at("rx_no_buffer");
  p.tx_errors = json.at("tx_errors");
  return p;
}

WorkerCounts worker_from_json(const std::string& name, const Json& json) {
  WorkerCounts w;
  w.name = name;
  w.core = json.at("core");
  w.rounds = json.at("rounds");
  w.busy_rounds = json.at("busy_rounds");
  w.sleeps = json.at("sleeps");
  w.busy_seconds = json.at("busy_seconds");
  w.idle_seconds = json.at("idle_seconds");
  w.waited_seconds = json.at("waited_seconds");
  w.last_pause_seconds = json.at("last_pause_seconds");
  w.longest_pause_seconds = json.at("longest_pause_seconds");
  return w;
}

}  // namespace

Snapshot snapshot_from_json(const Json& json) {
  Snapshot snapshot;
  snapshot.seconds = json.at("seconds");
  for (const auto& [name, part] : json.at("elements").items()) snapshot.elements.push_back(element_from_json(name, part));
  snapshot.departed = element_from_json("departed", json.at("departed"));
  for (const auto& [name, part] : json.at("states").items()) snapshot.states.push_back(state_from_json(name, part));
  for (const auto& [name, part] : json.at("ports").items()) snapshot.ports.push_back(port_from_json(name, part));
  for (const auto& [name, part] : json.at("workers").items()) snapshot.workers.push_back(worker_from_json(name, part));
  snapshot.pool_packets = json.at("pool").at("packets");
  snapshot.pool_in_use = json.at("pool").at("in_use");
  return snapshot;
}

}  // namespace smartswitch::runtime
