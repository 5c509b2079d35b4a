// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/command/top_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace smartswitch::command {
namespace {

using runtime::ElementCounts;
using runtime::Snapshot;
using runtime::WorkerCounts;

constexpr std::size_t kNumbers = 44;  // four columns of 11 behind name and class
constexpr std::size_t kBar = 20;

std::string brief(double value) {
  for (const auto& [factor, letter] : {std::pair(1e9, "G"), std::pair(1e6, "M"), std::pair(1e3, "k")}) {
    if (value >= factor) return fmt::format("{:.2f} {}", value / factor, letter);
  }
  return fmt::format("{:.0f}", value);
}

std::string fit(const std::string& text, std::size_t width) {
  return text.size() <= width ? fmt::format("{:<{}}", text, width) : text.substr(0, width - 1) + "~";
}

struct Row {
  const ElementCounts* now;
  double packets = 0;  // a second
  double drops = 0;
};

std::uint64_t came(const ElementCounts& e) { return e.in + e.received + e.created; }

/// Counts that have begun anew are no change.
double change(std::uint64_t before, std::uint64_t now, double seconds) {
  return now < before ? 0 : static_cast<double>(now - before) / seconds;
}

std::vector<Row> rows_of(const Snapshot& before, const Snapshot& now, double seconds, TopOrder order) {
  std::vector<Row> rows;
  for (const ElementCounts& element : now.elements) {
    const ElementCounts* then = before.element(element.name);
    Row& row = rows.emplace_back(Row{&element});
    if (then == nullptr) continue;
    row.packets = change(came(*then), came(element), seconds);
    row.drops = change(then->dropped(), element.dropped(), seconds);
  }
  std::stable_sort(rows.begin(), rows.end(), [order](const Row& a, const Row& b) {
    if (order == TopOrder::kPackets && a.packets != b.packets) return a.packets > b.packets;
    if (order == TopOrder::kDrops && a.drops != b.drops) return a.drops > b.drops;
    return a.now->name < b.now->name;
  });
  return rows;
}

std::string worker_line(const WorkerCounts* before, const WorkerCounts& now) {
  const double busy = now.busy_seconds - (before == nullptr ? 0 : before->busy_seconds);
  const double idle = now.idle_seconds - (before == nullptr ? 0 : before->idle_seconds);
  const double share = busy + idle > 0 ? std::clamp(busy / (busy + idle), 0.0, 1.0) : 0;
  const std::string bar(static_cast<std::size_t>(std::lround(share * kBar)), '|');
  return fmt::format("{} core {:>3}  {:>3.0f} % [{:<{}}] {} sleeps", fit(now.name, 16), now.core, 100 * share, bar, kBar,
                     brief(static_cast<double>(now.sleeps)));
}

std::string whole_line(const Snapshot& before, const Snapshot& now, double seconds) {
  const double pool = now.pool_packets == 0 ? 0 : 100 * static_cast<double>(now.pool_in_use) / static_cast<double>(now.pool_packets);
  return fmt::format("up {:.0f} s  in {}/s  out {}/s  dropped {}/s  held {}  pool {:.0f} %", now.seconds,
                     brief(change(before.came(), now.came(), seconds)), brief(change(before.sent(), now.sent(), seconds)),
                     brief(change(before.dropped(), now.dropped(), seconds)), now.held(), pool);
}

class Lines {
 public:
  explicit Lines(const TopView& view) : view_(view) {}
  [[nodiscard]] bool full() const { return view_.height != 0 && count_ >= view_.height; }
  void add(const std::string& text, const char* look = "") {
    if (full()) return;
    const std::string line = text.substr(0, view_.width);
    const bool plain = !view_.colour || *look == '\0';
    if (count_++ > 0) text_ += '\n';
    text_ += plain ? line : fmt::format("\x1b[{}m{}\x1b[0m", look, line);
  }
  [[nodiscard]] std::string text() const { return text_ + "\n"; }

 private:
  const TopView& view_;
  std::string text_;
  std::size_t count_ = 0;
};

}  // namespace

std::string top_text(const Snapshot& before, const Snapshot& now, const TopView& view) {
  const double seconds = std::max(now.seconds - before.seconds, 1e-9);
  Lines lines(view);
  lines.add(whole_line(before, now, seconds), "1");
  for (std::size_t i = 0; i < now.workers.size(); ++i) {
    lines.add(worker_line(i < before.workers.size() ? &before.workers[i] : nullptr, now.workers[i]));
  }
  const std::size_t names = std::max<std::size_t>(view.width, kNumbers + 20) - kNumbers;
  const std::size_t name = names * 5 / 9;
  lines.add("");
  lines.add(fmt::format("{}{}{:>11}{:>11}{:>11}{:>11}", fit("ELEMENT", name), fit("CLASS", names - name), "PACKETS/S", "DROPS/S", "DROPPED",
                        "HELD"),
            "7");
  for (const Row& row : rows_of(before, now, seconds, view.order)) {
    lines.add(fmt::format("{}{}{:>11}{:>11}{:>11}{:>11}", fit(row.now->name, name - 1) + " ", fit(row.now->element_class, names - name),
                          brief(row.packets), brief(row.drops), brief(static_cast<double>(row.now->dropped())),
                          brief(static_cast<double>(row.now->held))),
              row.drops > 0 ? "31" : "");
  }
  return lines.text();
}

}  // namespace smartswitch::command
