// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "tests/coherence/violation.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace coherence {
namespace {

// A part of a history, and the states that are possible before each of its events.
struct Stretch {
  std::vector<Step> steps;
  std::vector<Event> events;
  std::vector<States> before;
};

// A stretch that may end with a failure, and where it may start from.
struct Window {
  States start;
  std::vector<Step> steps;
  std::size_t failed = SIZE_MAX;  // the step that gets an answer it can't get
};

// The events from `first` to `last`. What had been asked before may take effect in it, but need not; so may what is answered later.
Window window(const Stretch& whole, std::size_t first, std::size_t last, bool fails_at_last) {
  Window w;
  w.start = whole.before[first];
  const std::int64_t begin = whole.events[first].time;
  const std::int64_t end = whole.events[last].time;
  const auto take = [&](std::uint32_t number) {
    Step step = whole.steps[number];
    if (fails_at_last && number == whole.events[last].step) {
      w.failed = w.steps.size();
    } else if (step.from < begin || step.until > end) {
      if (step.reads) return;
      step.optional = true;
      if (step.until > end) step.until = Model::kForEver;
    }
    step.from = std::max(step.from, begin);
    w.steps.push_back(step);
  };
  std::vector<bool> seen(whole.steps.size());
  for (std::size_t i = first; i <= last; ++i) {
    const std::uint32_t number = whole.events[i].step;
    if (!seen[number]) take(number);
    seen[number] = true;
  }
  for (std::uint32_t number = 0; number < whole.steps.size(); ++number) {
    if (!seen[number] && whole.steps[number].from <= begin && whole.steps[number].until > end) take(number);
  }
  return w;
}

class Explanation {
 public:
  Explanation(Search& search, Item& item, const std::vector<Step>& steps) : search_(search), item_(item), steps_(steps) {}

  Violation of(std::size_t at) {
    Stretch stretch{.steps = steps_, .events = events_of(steps_), .before = {}};
    search_.go(stretch.steps, stretch.events, {State{}}, true, &stretch.before);
    at = find_culprit(stretch, at);
    const std::int64_t time = stretch.events[at].time;
    Window shortest = shorten(stretch, at);
    leave_out_reads(shortest);
    return {.time = time, .text = print(shortest)};
  }

 private:
  [[nodiscard]] bool fails(const Window& w) {
    return search_.go(w.steps, events_of(w.steps), w.start, false).verdict == Verdict::kViolation;
  }

  // Looking ahead, the search ended where a later answer became impossible. From shortly before there, it goes on to that one. Returns its
  // place in what becomes of the stretch.
  std::size_t find_culprit(Stretch& stretch, std::size_t at) {
    constexpr std::size_t kFarthest = 20'000;
    for (const std::size_t back : {64, 16, 4, 0}) {
      Window w = window(stretch, at - std::min(back, at), std::min(at + kFarthest, stretch.events.size() - 1), false);
      Stretch rest{.steps = std::move(w.steps), .events = {}, .before = {}};
      rest.events = events_of(rest.steps);
      const auto ending = search_.go(rest.steps, rest.events, w.start, false, &rest.before);
      if (ending.verdict != Verdict::kViolation) continue;
      stretch = std::move(rest);
      return ending.at;
    }
    return at;
  }

  // The latest start from which it still fails, not later than the question: first by doubling steps back, then by halves.
  Window shorten(const Stretch& stretch, std::size_t at) {
    const auto asked = std::ranges::find(stretch.events, stretch.events[at].step, &Event::step);
    const auto latest = static_cast<std::size_t>(asked - stretch.events.begin());
    std::size_t good = latest;
    std::size_t bad = latest;
    Window shortest = window(stretch, latest, at, true);
    for (std::size_t back = 1; !fails(shortest) && good > 0; back *= 2) {
      bad = good;
      good = latest - std::min(back, latest);
      shortest = window(stretch, good, at, true);
    }
    while (bad > good + 1) {
      const std::size_t middle = good + (bad - good) / 2;
      Window w = window(stretch, middle, at, true);
      if (fails(w)) {
        good = middle;
        shortest = std::move(w);
      } else {
        bad = middle;
      }
    }
    return shortest;
  }

  // Reads that are not needed for the contradiction.
  void leave_out_reads(Window& w) {
    constexpr std::size_t kMost = 300;
    if (w.steps.size() > kMost) return;
    for (std::size_t i = w.steps.size(); i-- > 0;) {
      if (i == w.failed || !w.steps[i].reads) continue;
      Window shorter = w;
      shorter.steps.erase(shorter.steps.begin() + static_cast<std::ptrdiff_t>(i));
      if (i < w.failed) --shorter.failed;
      if (fails(shorter)) w = std::move(shorter);
    }
  }

  std::string print(const Window& w) {
    constexpr std::size_t kMostLines = 40;
    const Operation& wrong = *w.steps[w.failed].operation;
    zero_ = wrong.invoked;
    std::string text = fmt::format("key {}: no order of the operations explains this answer (times in ms):\n", wrong.key);
    text += line(wrong, '>');
    text += "When the shortest stretch that shows it begins, the item can only be\n";
    for (const State& state : w.start) text += "    " + words(state) + "\n" + makers_of(state.value);
    text += "because of what was answered last before:\n" + answered_before(w);
    std::vector<const Operation*> others;
    for (const Step& s : w.steps) {
      if (s.operation != &wrong && std::ranges::find(others, s.operation) == others.end()) others.push_back(s.operation);
    }
    std::ranges::sort(others, {}, &Operation::invoked);
    if (!others.empty()) text += "and then, or at the same time, there are only\n";
    for (std::size_t i = 0; i < others.size(); ++i) {
      if (others.size() > kMostLines && i == kMostLines / 2) {
        text += fmt::format("    ... {} others ...\n", others.size() - kMostLines);
        i += others.size() - kMostLines;
      }
      text += line(*others[i], ' ');
    }
    if (!wrong.result.empty()) {
      const std::string makers = makers_of(item_.number_of(wrong.result));
      text += makers.empty() ? fmt::format("Nobody ever stored {:?} as it is.\n", wrong.result)
                             : fmt::format("Where {:?} comes from:\n{}", wrong.result, makers);
    }
    return text;
  }

  [[nodiscard]] std::string answered_before(const Window& w) const {
    constexpr std::size_t kLines = 8;
    std::int64_t begin = w.steps[w.failed].from;
    for (const Step& s : w.steps) begin = std::min(begin, s.from);
    std::vector<const Operation*> before;
    for (const Step& s : steps_) {
      if (!s.optional && s.until <= begin && s.operation != w.steps[w.failed].operation) before.push_back(s.operation);
    }
    std::ranges::sort(before, {}, &Operation::completed);
    std::string text;
    for (std::size_t i = before.size() - std::min(kLines, before.size()); i < before.size(); ++i) text += line(*before[i], ' ');
    return text;
  }

  [[nodiscard]] std::string line(const Operation& o, char mark) const {
    const auto ms = [this](std::int64_t time) { return static_cast<double>(time - zero_) / 1e6; };
    const std::string end = o.outcome == Outcome::kUnknown ? std::string(11, ' ') : fmt::format("{:11.3f}", ms(o.completed));
    return fmt::format("  {} {:11.3f} to {}  process {:<6} {}\n", mark, ms(o.invoked), end, o.process, describe(o));
  }

  [[nodiscard]] std::string words(const State& s) const {
    if (s.value == kAbsent) return "absent";
    if (s.value == kUnread) return "a value that is not read from then on";
    const std::string version = s.version == kOpen || s.version == kNeverShown ? "" : fmt::format(" version {}", s.version);
    return fmt::format("{:?} flags {}{}", item_[s.value], s.flags, version);
  }

  [[nodiscard]] std::string makers_of(Text value) const {
    std::string text;
    std::set<const Operation*> made;
    if (value == kAbsent || value == kUnread) return text;
    for (const Step& s : steps_) {
      const Kind kind = s.operation->kind;
      const bool stored = s.argument == value && stores(kind);
      const bool counts = s.result == value && (kind == Kind::kIncr || kind == Kind::kDecr);
      if ((stored || counts) && s.operation->outcome != Outcome::kRefused && made.insert(s.operation).second) {
        text += line(*s.operation, ' ');
      }
    }
    return text;
  }

  Search& search_;
  Item& item_;
  const std::vector<Step>& steps_;
  std::int64_t zero_ = 0;
};

}  // namespace

Violation explain(Search& search, Item& item, const std::vector<Step>& steps, std::size_t at) {
  return Explanation(search, item, steps).of(at);
}

}  // namespace coherence
