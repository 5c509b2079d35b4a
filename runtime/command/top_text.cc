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

// Behind name and class. A rate is up to 8 letters wide.
constexpr std::size_t kNumber = 10;
constexpr std::size_t kNumbers = 4 * kNumber;
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
  double cost = -1;  // below 0: not known
};

std::uint64_t came(const ElementCounts& e) { return e.in + e.received + e.created; }

/// Counts that have begun anew are no change.
double change(std::uint64_t before, std::uint64_t now, double seconds) {
  return now < before ? 0 : static_cast<double>(now - before) / seconds;
}

std::vector<Row> rows_of(const Snapshot& before, const Snapshot& now, double seconds, const TopCosts& costs, TopOrder order) {
  std::vector<Row> rows;
  for (const ElementCounts& element : now.elements) {
    const ElementCounts* then = before.element(element.name);
    Row& row = rows.emplace_back(Row{&element});
    if (const auto cost = costs.find(element.name); cost != costs.end()) row.cost = cost->second;
    if (then == nullptr) continue;
    row.packets = change(came(*then), came(element), seconds);
    row.drops = change(then->dropped(), element.dropped(), seconds);
  }
  std::stable_sort(rows.begin(), rows.end(), [order](const Row& a, const Row& b) {
    if (order == TopOrder::kPackets && a.packets != b.packets) return a.packets > b.packets;
    if (order == TopOrder::kDrops && a.drops != b.drops) return a.drops > b.drops;
    if (order == TopOrder::kCost && a.cost != b.cost) return a.cost > b.cost;
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

class Screen {
 public:
  explicit Screen(const TopView& view) : view_(view) {}
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

// Name and class share what the numbers leave.
std::string element_line(const std::string& name, const std::string& element_class, const std::vector<std::string>& numbers,
                         const TopView& view) {
  const std::size_t columns = kNumbers + (view.costs ? kNumber : 0);
  const std::size_t names = std::max<std::size_t>(view.width, columns + 20) - columns;
  const std::size_t width = names * 5 / 9;
  std::string line = fit(name, width - 1) + " " + fit(element_class, names - width);
  for (const std::string& number : numbers) line += fmt::format("{:>{}}", number, kNumber);
  return line;
}

std::vector<std::string> numbers_of(const Row& row, bool with_cost) {
  std::vector<std::string> numbers{brief(row.packets), brief(row.drops)};
  if (with_cost) numbers.push_back(row.cost < 0 ? "-" : brief(row.cost));
  numbers.push_back(brief(static_cast<double>(row.now->dropped())));
  numbers.push_back(brief(static_cast<double>(row.now->held)));
  return numbers;
}

}  // namespace

std::string top_text(const Snapshot& before, const Snapshot& now, const TopCosts& costs, const TopView& view) {
  const double seconds = std::max(now.seconds - before.seconds, 1e-9);
  Screen screen(view);
  screen.add(whole_line(before, now, seconds), "1");
  for (std::size_t i = 0; i < now.workers.size(); ++i) {
    screen.add(worker_line(i < before.workers.size() ? &before.workers[i] : nullptr, now.workers[i]));
  }
  screen.add("");
  std::vector<std::string> titles{"PACKETS/S", "DROPS/S", "DROPPED", "HELD"};
  if (view.costs) titles.insert(titles.begin() + 2, "NS/PACKET");
  screen.add(element_line("ELEMENT", "CLASS", titles, view), "7");
  for (const Row& row : rows_of(before, now, seconds, costs, view.order)) {
    screen.add(element_line(row.now->name, row.now->element_class, numbers_of(row, view.costs), view), row.drops > 0 ? "31" : "");
  }
  return screen.text();
}

}  // namespace smartswitch::command
