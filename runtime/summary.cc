// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/snapshot_json.h"

namespace smartswitch::runtime {
namespace {

// Beyond this a worker is clearly not alone on its core; the kernel's own housekeeping takes far less.
constexpr double kCrowded = 0.2;

double percent(double part, double whole) { return whole > 0 ? 100 * part / whole : 0; }

/// "1.23 M", "45.6 k", "789".
std::string short_number(double value) {
  for (const auto& [factor, letter] : {std::pair(1e9, "G"), std::pair(1e6, "M"), std::pair(1e3, "k")}) {
    if (value >= factor) return fmt::format("{:.2f} {}", value / factor, letter);
  }
  return fmt::format("{:.0f}", value);
}

// Columns as wide as their widest cell; the first ones, which hold names, are aligned to the left.
class Table {
 public:
  Table(std::vector<std::string> head, std::size_t names) : names_(names) { rows_.push_back(std::move(head)); }
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// A line under the last row.
  void note(std::string text) { notes_.emplace_back(rows_.size(), std::move(text)); }

  [[nodiscard]] std::string text(bool colour) const {
    std::vector<std::size_t> widths(rows_.front().size());
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    auto note = notes_.begin();
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      std::string line;
      for (std::size_t i = 0; i < rows_[r].size(); ++i) {
        line += i < names_ ? fmt::format("{:<{}}  ", rows_[r][i], widths[i]) : fmt::format("{:>{}}  ", rows_[r][i], widths[i]);
      }
      line.erase(line.find_last_not_of(' ') + 1);
      text += colour && r == 0 ? "\x1b[1m" + line + "\x1b[0m\n" : line + "\n";
      for (; note != notes_.end() && note->first == r + 1; ++note) text += "    " + note->second + "\n";
    }
    return text;
  }

 private:
  std::size_t names_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::pair<std::size_t, std::string>> notes_;
};

std::string counters_text(const std::vector<CounterValue>& counters, bool drops) {
  std::string text;
  for (const CounterValue& counter : counters) {
    if (counter.value != 0 && counter.drop == drops) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", counter.name, counter.value);
  }
  return text;
}

/// "830 ns", "12.4 us", "1.50 ms", "2.00 s".
std::string short_duration(std::int64_t ns) {
  const auto value = static_cast<double>(ns);
  if (ns < 1'000) return fmt::format("{} ns", ns);
  if (ns < 1'000'000) return fmt::format("{:.1f} us", value / 1e3);
  if (ns < 1'000'000'000) return fmt::format("{:.2f} ms", value / 1e6);
  return fmt::format("{:.2f} s", value / 1e9);
}

std::string durations_text(const Durations& d) {
  return fmt::format("{}: median {}, 99 % {}, 99.9 % {}, longest {}", d.name, short_duration(d.quantile_ns(0.5)),
                     short_duration(d.quantile_ns(0.99)), short_duration(d.quantile_ns(0.999)), short_duration(d.max_ns));
}

std::string ranking_text(const Ranking& ranking) {
  constexpr std::size_t kShown = 5;
  std::string text;
  for (std::size_t i = 0; i < ranking.foremost.size() && i < kShown; ++i) {
    text += fmt::format("{}{} {:.1f} %", i == 0 ? "" : ", ", printable(ranking.foremost[i].name), 100 * ranking.foremost[i].share);
  }
  return text.empty() ? text : fmt::format("  {}: {}\n", ranking.name, text);
}

std::string elements_table(const Snapshot& snapshot, bool colour) {
  Table table({"element", "class", "in", "out", "dropped", "held"}, 2);
  for (const ElementCounts& e : snapshot.elements) {
    table.row({e.name, e.element_class, std::to_string(e.in + e.received), std::to_string(e.out + e.sent), std::to_string(e.dropped()),
               std::to_string(e.held)});
    if (e.created != 0) table.note(fmt::format("made {}", e.created));
    if (e.consumed != 0) table.note(fmt::format("consumed {}", e.consumed));
    if (const std::string counters = counters_text(e.counters, false); !counters.empty()) table.note(counters);
    for (const Durations& durations : e.histograms) {
      if (durations.count() != 0) table.note(durations_text(durations));
    }
    if (const std::string drops = counters_text(e.counters, true); !drops.empty()) table.note("dropped: " + drops);
    for (const OutputCount& output : e.outputs) {
      if (!output.connected && output.packets != 0)
        table.note(fmt::format("dropped at output `{}`, which leads nowhere: {}", output.name, output.packets));
    }
  }
  return table.text(colour);
}

std::string ports_table(const Snapshot& snapshot, bool colour) {
  Table table({"port", "device", "received", "sent", "missed", "errors", "no buffer"}, 2);
  for (const PortCounts& p : snapshot.ports) {
    table.row({p.name, p.device, std::to_string(p.rx_packets), std::to_string(p.tx_packets), std::to_string(p.rx_missed),
               std::to_string(p.rx_errors + p.tx_errors), std::to_string(p.rx_no_buffer)});
  }
  return table.text(colour);
}

std::string workers_table(const Snapshot& snapshot, bool colour) {
  Table table({"worker", "core", "busy", "waited for core", "rounds", "sleeps"}, 1);
  for (const WorkerCounts& w : snapshot.workers) {
    table.row({w.name, std::to_string(w.core), fmt::format("{:.1f} %", percent(w.busy_seconds, w.busy_seconds + w.idle_seconds)),
               fmt::format("{:.1f} %", percent(w.waited_seconds, snapshot.seconds)), std::to_string(w.rounds), std::to_string(w.sleeps)});
  }
  return table.text(colour);
}

}  // namespace

std::string summary_text(const Snapshot& snapshot, bool colour) {
  std::string text = elements_table(snapshot, colour);
  for (const StateCounts& state : snapshot.states) {
    const std::string counters = counters_text(state.counters, false);
    if (!counters.empty()) text += fmt::format("\nstate {} ({}): {}\n", state.name, state.state_class, counters);
    for (const Ranking& ranking : state.rankings) text += ranking_text(ranking);
  }
  if (!snapshot.ports.empty()) text += "\n" + ports_table(snapshot, colour);
  text += "\n" + workers_table(snapshot, colour);
  text += fmt::format("\n{:.1f} s: {} packets came in or were made, {} sent, {} consumed, {} dropped, {} held; pool: {} of {} in use\n",
                      snapshot.seconds, snapshot.came(), snapshot.sent(), snapshot.consumed(), snapshot.dropped(), snapshot.held(),
                      snapshot.pool_in_use, snapshot.pool_packets);
  for (const ElementCounts& e : snapshot.elements) {
    if (e.unaccounted() != 0) {
      text += fmt::format("element `{}` ({}) does not account for {} packets: it is faulty\n", e.name, e.element_class, e.unaccounted());
    }
  }
  return text;
}

std::string summary_json(const Snapshot& snapshot) { return to_json(snapshot).dump(2) + "\n"; }

std::string statistics_line(const Snapshot& before, const Snapshot& now) {
  const double seconds = std::max(now.seconds - before.seconds, 1e-9);
  const auto rate = [&](std::uint64_t then, std::uint64_t later) { return short_number(static_cast<double>(later - then) / seconds); };
  std::string line = fmt::format("{:.1f} s: in {}/s, out {}/s, dropped {}/s, held {}, pool {:.0f} %, busy", now.seconds,
                                 rate(before.came(), now.came()), rate(before.sent(), now.sent()), rate(before.dropped(), now.dropped()),
                                 now.held(), percent(static_cast<double>(now.pool_in_use), static_cast<double>(now.pool_packets)));
  for (std::size_t i = 0; i < now.workers.size() && i < before.workers.size(); ++i) {
    const double busy = now.workers[i].busy_seconds - before.workers[i].busy_seconds;
    const double idle = now.workers[i].idle_seconds - before.workers[i].idle_seconds;
    line += fmt::format(" {:.0f} %", percent(busy, busy + idle));
  }
  return line;
}

std::vector<std::string> crowded_cores(const Snapshot& before, const Snapshot& now) {
  std::vector<std::string> messages;
  const double seconds = now.seconds - before.seconds;
  for (std::size_t i = 0; i < now.workers.size() && i < before.workers.size(); ++i) {
    const WorkerCounts& worker = now.workers[i];
    const double waited = worker.waited_seconds - before.workers[i].waited_seconds;
    if (waited <= kCrowded * seconds) continue;
    messages.push_back(
        fmt::format("{} waited {:.0f} % of the time for core {}, which something else uses: packets may be lost. Give it another core "
                    "(`workers: - {{core: N, run: [...]}}`), or keep other programs off this one (taskset, cpusets, isolcpus)",
                    worker.name, percent(waited, seconds), worker.core));
  }
  return messages;
}

}  // namespace smartswitch::runtime
