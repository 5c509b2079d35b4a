// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/metrics.h"

#include <fmt/format.h>

#include <initializer_list>
#include <utility>

namespace smartswitch::runtime::control {
namespace {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// One metric after another: all samples of one stand together under its HELP and TYPE.
class Metrics {
 public:
  void counter(std::string_view name, std::string_view help) { begin(name, help, "counter"); }
  void gauge(std::string_view name, std::string_view help) { begin(name, help, "gauge"); }
  void histogram(std::string_view name, std::string_view help) { begin(name, help, "histogram"); }
  template <class Number>
  void sample(Labels labels, Number value) {
    write("", labels, "", value);
  }
  /// Of a histogram: how many are at most `bound`.
  void bucket(Labels labels, std::string_view bound, std::uint64_t count) { write("_bucket", labels, bound, count); }
  void rest_of_histogram(Labels labels, double sum, std::uint64_t count) {
    bucket(labels, "+Inf", count);
    write("_sum", labels, "", sum);
    write("_count", labels, "", count);
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  template <class Number>
  void write(std::string_view suffix, Labels labels, std::string_view bound, Number value) {
    text_ += name_;
    text_ += suffix;
    char separator = '{';
    const auto add = [&](std::string_view label, std::string_view content) {
      text_ += fmt::format("{}{}=\"{}\"", separator, label, label_value(content));
      separator = ',';
    };
    for (const auto& [label, content] : labels) add(label, content);
    if (!bound.empty()) add("le", bound);
    text_ += fmt::format("{} {}\n", separator == ',' ? "}" : "", value);
  }
  void begin(std::string_view name, std::string_view help, std::string_view type) {
    name_ = fmt::format("smartswitch_{}", name);
    text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name_, help, type);
  }
  std::string name_;
  std::string text_;
};

void add_program(Metrics& m, const Snapshot& snapshot, const ProgramFacts& program) {
  m.gauge("build_info", "Always 1; the version is in its label.");
  m.sample({{"version", program.version}}, 1);
  m.gauge("ready", "1 while the switch takes packets in.");
  m.sample({}, program.ready ? 1 : 0);
  m.gauge("uptime_seconds", "Time since the workers were started.");
  m.sample({}, snapshot.seconds);
  m.gauge("pool_packets", "Packet buffers there are.");
  m.sample({}, snapshot.pool_packets);
  m.gauge("pool_in_use_packets", "Packet buffers that are in use, in devices' rings and workers' caches too.");
  m.sample({}, snapshot.pool_in_use);
}

void add_elements(Metrics& m, const Snapshot& snapshot) {
  m.counter("element_packets_total",
            "Packets by how they came or went: in and out (from and to other elements), received and sent (devices and files), created, "
            "consumed.");
  for (const ElementCounts& e : snapshot.elements) {
    for (const auto& [direction, packets] : {std::pair("in", e.in),
                                             {"out", e.out},
                                             {"received", e.received},
                                             {"sent", e.sent},
                                             {"created", e.created},
                                             {"consumed", e.consumed}}) {
      m.sample({{"element", e.name}, {"class", e.element_class}, {"direction", direction}}, packets);
    }
  }
  m.counter("element_output_packets_total", "Packets that left an element by one of its outputs.");
  for (const ElementCounts& e : snapshot.elements) {
    for (const OutputCount& output : e.outputs) m.sample({{"element", e.name}, {"output", output.name}}, output.packets);
  }
  m.counter("drops_total", "Packets dropped, by reason; unconnected:NAME stands for an output that leads nowhere.");
  for (const ElementCounts& e : snapshot.elements) {
    for (const CounterValue& counter : e.counters) {
      if (counter.drop) m.sample({{"element", e.name}, {"reason", counter.name}}, counter.value);
    }
    for (const OutputCount& output : e.outputs) {
      if (!output.connected) m.sample({{"element", e.name}, {"reason", "unconnected:" + output.name}}, output.packets);
    }
  }
  m.counter("element_events_total", "What elements count of their own; `smartswitch describe CLASS` says what each counter means.");
  for (const ElementCounts& e : snapshot.elements) {
    for (const CounterValue& counter : e.counters) {
      if (!counter.drop) m.sample({{"element", e.name}, {"class", e.element_class}, {"counter", counter.name}}, counter.value);
    }
  }
  m.gauge("element_held_packets", "Packets that are in an element now.");
  for (const ElementCounts& e : snapshot.elements) m.sample({{"element", e.name}, {"class", e.element_class}}, e.held);
}

// The buckets end at powers of two: fine enough for quantiles over hosts and hours, and few enough to store.
void add_histograms(Metrics& m, const Snapshot& snapshot) {
  constexpr unsigned kFirst = 7;  // 128 ns: nothing passes a graph and a device in less
  constexpr unsigned kLast = 34;  // 17 s
  m.histogram("element_duration_seconds",
              "How long something takes, as elements measure it (latency of ToDevice: packets from PollDevice to their device); "
              "`smartswitch describe CLASS` says what each is.");
  for (const ElementCounts& e : snapshot.elements) {
    for (const Durations& d : e.histograms) {
      const std::initializer_list<std::pair<std::string_view, std::string_view>> labels = {
          {"element", e.name}, {"class", e.element_class}, {"duration", d.name}};
      std::uint64_t below = 0;
      unsigned index = 0;
      for (unsigned power = kFirst; power <= kLast; ++power) {
        const std::int64_t bound = std::int64_t{1} << power;
        for (; index < d.counts.size() && DurationHistogram::lowest_at(index) < bound; ++index) below += d.counts[index];
        m.bucket(labels, fmt::format("{}", static_cast<double>(bound) / 1e9), below);
      }
      m.rest_of_histogram(labels, static_cast<double>(d.sum_ns) / 1e9, d.count());
    }
  }
}

// Of which nothing is told under their own names any more.
void add_departed(Metrics& m, const ElementCounts& departed) {
  m.counter("departed_packets_total", "Packets of elements that reloads have ended or made anew, by how they came or went.");
  for (const auto& [direction, packets] : {std::pair("in", departed.in),
                                           {"out", departed.out},
                                           {"received", departed.received},
                                           {"sent", departed.sent},
                                           {"created", departed.created},
                                           {"consumed", departed.consumed},
                                           {"dropped", departed.dropped()}}) {
    m.sample({{"direction", direction}}, packets);
  }
}

void add_states(Metrics& m, const Snapshot& snapshot) {
  m.counter("state_events_total", "What state objects count; `smartswitch describe CLASS` says what each counter means.");
  for (const StateCounts& s : snapshot.states) {
    for (const CounterValue& counter : s.counters) {
      m.sample({{"state", s.name}, {"class", s.state_class}, {"counter", counter.name}}, counter.value);
    }
  }
}

void add_ports(Metrics& m, const Snapshot& snapshot) {
  const auto each = [&](std::uint64_t PortCounts::*received, std::uint64_t PortCounts::*sent) {
    for (const PortCounts& p : snapshot.ports) {
      if (received != nullptr) m.sample({{"port", p.name}, {"direction", "rx"}}, p.*received);
      if (sent != nullptr) m.sample({{"port", p.name}, {"direction", "tx"}}, p.*sent);
    }
  };
  m.gauge("port_link_up", "1 if the link is up.");
  for (const PortCounts& p : snapshot.ports) m.sample({{"port", p.name}, {"device", p.device}}, p.link_up ? 1 : 0);
  m.counter("port_packets_total", "Packets, as the device counts them.");
  each(&PortCounts::rx_packets, &PortCounts::tx_packets);
  m.counter("port_bytes_total", "Bytes of these packets.");
  each(&PortCounts::rx_bytes, &PortCounts::tx_bytes);
  m.counter("port_errors_total", "Packets that the device could not take in or send.");
  each(&PortCounts::rx_errors, &PortCounts::tx_errors);
  m.counter("port_missed_packets_total", "Packets lost because nobody polled in time.");
  each(&PortCounts::rx_missed, nullptr);
  m.counter("port_no_buffer_packets_total", "Packets lost because the packet pool was empty.");
  each(&PortCounts::rx_no_buffer, nullptr);
}

void add_workers(Metrics& m, const Snapshot& snapshot) {
  const auto each = [&](auto value) {
    for (const WorkerCounts& w : snapshot.workers) m.sample({{"worker", w.name}, {"core", std::to_string(w.core)}}, value(w));
  };
  m.counter("worker_busy_seconds_total", "Time in which a worker had something to do.");
  each([](const WorkerCounts& w) { return w.busy_seconds; });
  m.counter("worker_idle_seconds_total", "Time in which it had not.");
  each([](const WorkerCounts& w) { return w.idle_seconds; });
  m.counter("worker_waited_seconds_total", "Time in which something else had its core.");
  each([](const WorkerCounts& w) { return w.waited_seconds; });
  m.counter("worker_rounds_total", "Rounds of polling.");
  each([](const WorkerCounts& w) { return w.rounds; });
  m.counter("worker_sleeps_total", "Times it went to sleep.");
  each([](const WorkerCounts& w) { return w.sleeps; });
  m.gauge("worker_longest_pause_seconds", "The longest time that it stood still for a change of the graph.");
  each([](const WorkerCounts& w) { return w.longest_pause_seconds; });
}

void add_control(Metrics& m, const Counts& counts) {
  m.counter("control_requests_total", "Requests to the control API that were answered, by status.");
  for (const auto& [status, answers] : counts.answers) m.sample({{"code", std::to_string(status)}}, answers);
  m.counter("control_refusals_total", "What the control API did not serve, by reason.");
  m.sample({{"reason", "too_many_connections"}}, counts.too_many_connections);
  m.sample({{"reason", "failed_handshake"}}, counts.failed_handshakes);
  m.sample({{"reason", "slow_request"}}, counts.slow_requests);
  m.sample({{"reason", "slow_reader"}}, counts.slow_readers);
  m.sample({{"reason", "wrong_token"}}, counts.wrong_tokens);
  m.sample({{"reason", "malformed"}}, counts.malformed);
  m.gauge("control_connections", "Connections to the control API now.");
  m.sample({}, counts.connections);
}

}  // namespace

std::string label_value(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\n') {
      result += "\\n";
    } else {
      if (c == '\\' || c == '"') result += '\\';
      result += c;
    }
  }
  return result;
}

std::string metrics_text(const Snapshot& snapshot, const ProgramFacts& program, const Counts& counts) {
  Metrics metrics;
  add_program(metrics, snapshot, program);
  add_elements(metrics, snapshot);
  add_histograms(metrics, snapshot);
  add_departed(metrics, snapshot.departed);
  add_states(metrics, snapshot);
  add_ports(metrics, snapshot);
  add_workers(metrics, snapshot);
  add_control(metrics, counts);
  return metrics.take();
}

}  // namespace smartswitch::runtime::control
