// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "tests/coherence/linearizability.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>

namespace coherence {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// ---- histories by hand: each operation with the times at which it was asked and answered

std::uint32_t next_process = 0;

Operation between(std::int64_t from, std::int64_t to, Kind kind, Outcome outcome = Outcome::kOk) {
  Operation o;
  o.process = ++next_process;
  o.kind = kind;
  o.outcome = outcome;
  o.invoked = from;
  o.completed = to;
  return o;
}
Operation storage(Kind kind, std::int64_t from, std::int64_t to, std::string value, Outcome outcome = Outcome::kOk) {
  Operation o = between(from, to, kind, outcome);
  o.argument = std::move(value);
  return o;
}
Operation set(std::int64_t from, std::int64_t to, std::string value) { return storage(Kind::kSet, from, to, std::move(value)); }
Operation unknown_set(std::int64_t from, std::string value) { return storage(Kind::kSet, from, 0, std::move(value), Outcome::kUnknown); }
Operation get(std::int64_t from, std::int64_t to, std::string value) {
  Operation o = between(from, to, Kind::kGet);
  o.result = std::move(value);
  return o;
}
Operation miss(std::int64_t from, std::int64_t to) { return between(from, to, Kind::kGet, Outcome::kMissing); }
Operation gets(std::int64_t from, std::int64_t to, std::string value, std::uint64_t version) {
  Operation o = between(from, to, Kind::kGets);
  o.result = std::move(value);
  o.number = version;
  return o;
}
Operation cas(std::int64_t from, std::int64_t to, std::string value, std::uint64_t version, Outcome outcome = Outcome::kOk) {
  Operation o = storage(Kind::kCas, from, to, std::move(value), outcome);
  o.number = version;
  return o;
}
Operation count(Kind kind, std::int64_t from, std::int64_t to, std::uint64_t by, std::string result) {
  Operation o = between(from, to, kind);
  o.number = by;
  o.result = std::move(result);
  return o;
}

Report judge(const History& history, const Model& model = {}) { return check(history, model); }
bool linearizable(const History& history, const Model& model = {}) { return judge(history, model).verdict == Verdict::kLinearizable; }
bool violation(const History& history, const Model& model = {}) { return judge(history, model).verdict == Verdict::kViolation; }

TEST(Linearizability, OneAfterTheOther) {
  EXPECT_TRUE(linearizable({}));
  EXPECT_TRUE(linearizable({miss(0, 1), set(2, 3, "a"), get(4, 5, "a"), set(6, 7, "b"), get(8, 9, "b")}));
}

TEST(Linearizability, StaleRead) {
  EXPECT_TRUE(violation({set(0, 1, "a"), set(2, 3, "b"), get(4, 5, "a")}));
  EXPECT_TRUE(violation({set(0, 1, "a"), between(2, 3, Kind::kDelete), get(4, 5, "a")}));
  EXPECT_TRUE(violation({set(0, 1, "a"), miss(2, 3)}));
}

TEST(Linearizability, ReadsAtTheSameTimeSeeOldOrNew) {
  EXPECT_TRUE(linearizable({set(0, 1, "a"), set(2, 9, "b"), get(3, 4, "a"), get(5, 6, "b")}));
  // But never the old one after the new one.
  EXPECT_TRUE(violation({set(0, 1, "a"), set(2, 9, "b"), get(3, 4, "b"), get(5, 6, "a")}));
}

TEST(Linearizability, RealTimeOrderOfProcessesCounts) {
  // Each by itself would be in order; sequential consistency would allow it.
  EXPECT_TRUE(violation({set(0, 1, "a"), set(10, 11, "b"), get(20, 21, "a")}));
  EXPECT_TRUE(linearizable({set(0, 30, "a"), set(10, 11, "b"), get(20, 21, "a")}));
}

TEST(Linearizability, ValueThatNobodyWrote) {
  EXPECT_TRUE(violation({set(0, 1, "a"), get(2, 3, "x")}));
  EXPECT_TRUE(violation({get(0, 1, "a"), set(2, 3, "a")}));
  Operation other_flags = get(2, 3, "a");
  other_flags.flags = 7;
  EXPECT_TRUE(violation({set(0, 1, "a"), other_flags}));
}

TEST(Linearizability, LostUpdate) {
  EXPECT_TRUE(violation({set(0, 1, "5"), count(Kind::kIncr, 2, 8, 1, "6"), count(Kind::kIncr, 3, 9, 1, "6")}));
  EXPECT_TRUE(linearizable({set(0, 1, "5"), count(Kind::kIncr, 2, 8, 1, "7"), count(Kind::kIncr, 3, 9, 1, "6"), get(10, 11, "7")}));
  EXPECT_TRUE(violation({set(0, 1, "5"), count(Kind::kIncr, 2, 3, 1, "6"), get(10, 11, "5")}));
}

TEST(Linearizability, Counters) {
  EXPECT_TRUE(linearizable({set(0, 1, "5"), count(Kind::kDecr, 2, 3, 9, "0"), get(4, 5, "0")}));
  EXPECT_TRUE(linearizable({set(0, 1, "18446744073709551615"), count(Kind::kIncr, 2, 3, 2, "1")}));
  EXPECT_TRUE(linearizable({set(0, 1, "x"), between(2, 3, Kind::kIncr, Outcome::kRefused), get(4, 5, "x")}));
  EXPECT_TRUE(violation({set(0, 1, "5"), between(2, 3, Kind::kIncr, Outcome::kRefused)}));
  EXPECT_TRUE(linearizable({between(2, 3, Kind::kDecr, Outcome::kMissing)}));
  EXPECT_TRUE(violation({set(0, 1, "5"), between(2, 3, Kind::kDecr, Outcome::kMissing)}));
}

TEST(Linearizability, ConditionalWrites) {
  EXPECT_TRUE(linearizable({storage(Kind::kAdd, 0, 1, "a"), storage(Kind::kAdd, 2, 3, "b", Outcome::kRefused), get(4, 5, "a")}));
  EXPECT_TRUE(violation({storage(Kind::kAdd, 0, 1, "a"), storage(Kind::kAdd, 2, 3, "b")}));
  EXPECT_TRUE(violation({storage(Kind::kAdd, 0, 1, "a", Outcome::kRefused)}));
  EXPECT_TRUE(violation({storage(Kind::kReplace, 0, 1, "a")}));
  EXPECT_TRUE(linearizable({storage(Kind::kReplace, 0, 1, "a", Outcome::kRefused), miss(2, 3)}));
  EXPECT_TRUE(linearizable({set(0, 1, "b"), storage(Kind::kAppend, 2, 3, "c"), storage(Kind::kPrepend, 4, 5, "a"), get(6, 7, "abc")}));
  EXPECT_TRUE(violation({set(0, 1, "b"), storage(Kind::kAppend, 2, 3, "c"), get(6, 7, "b")}));
  EXPECT_TRUE(violation({storage(Kind::kAppend, 2, 3, "c")}));
  EXPECT_TRUE(violation({set(0, 1, "b"), between(2, 3, Kind::kDelete, Outcome::kMissing)}));
  EXPECT_TRUE(violation({set(0, 1, "b"), between(2, 3, Kind::kDelete), between(4, 5, Kind::kDelete)}));
  // Of two at the same time, one wins.
  EXPECT_TRUE(linearizable({storage(Kind::kAdd, 0, 9, "a", Outcome::kRefused), storage(Kind::kAdd, 0, 9, "b"), get(10, 11, "b")}));
  EXPECT_TRUE(violation({storage(Kind::kAdd, 0, 9, "a"), storage(Kind::kAdd, 0, 9, "b")}));
}

TEST(Linearizability, CasNeedsTheVersionThatIsThere) {
  const History start{set(0, 1, "a"), gets(2, 3, "a", 71)};
  const auto with = [&start](std::initializer_list<Operation> more) {
    History all = start;
    all.insert(all.end(), more);
    return all;
  };
  EXPECT_TRUE(linearizable(with({cas(4, 5, "b", 71), get(6, 7, "b")})));
  EXPECT_TRUE(violation(with({set(4, 5, "c"), cas(6, 7, "b", 71)})));
  EXPECT_TRUE(violation(with({cas(4, 5, "b", 71), cas(6, 7, "c", 71)})));
  EXPECT_TRUE(violation(with({cas(4, 9, "b", 71), cas(5, 8, "c", 71)})));
  EXPECT_TRUE(linearizable(with({cas(4, 9, "b", 71), cas(5, 8, "c", 71, Outcome::kRefused)})));
  EXPECT_TRUE(violation(with({cas(4, 5, "b", 71, Outcome::kRefused)})));
  EXPECT_TRUE(linearizable(with({set(4, 5, "c"), cas(6, 7, "b", 71, Outcome::kRefused), get(8, 9, "c")})));
  EXPECT_TRUE(linearizable(with({between(4, 5, Kind::kDelete), cas(6, 7, "b", 71, Outcome::kMissing)})));
  EXPECT_TRUE(violation(with({cas(6, 7, "b", 71, Outcome::kMissing)})));
  EXPECT_TRUE(violation(with({gets(4, 5, "a", 72)})));
}

TEST(Linearizability, VersionsOfValuesThatComeAgain) {
  // The same value, stored twice: whose version is whose follows from the order.
  EXPECT_TRUE(linearizable({set(0, 1, "a"), gets(2, 3, "a", 1), set(4, 5, "a"), gets(6, 7, "a", 2), cas(8, 9, "b", 2)}));
  EXPECT_TRUE(violation({set(0, 1, "a"), gets(2, 3, "a", 1), set(4, 5, "a"), gets(6, 7, "a", 2), cas(8, 9, "b", 1)}));
  EXPECT_TRUE(violation({set(0, 1, "a"), gets(2, 3, "a", 1), gets(6, 7, "a", 2)}));
  EXPECT_TRUE(linearizable(
      {set(0, 1, "5"), gets(2, 3, "5", 1), count(Kind::kIncr, 4, 5, 1, "6"), count(Kind::kDecr, 6, 7, 1, "5"), gets(8, 9, "5", 3)}));
}

TEST(Linearizability, UnknownWritesTakeEffectLateOrNever) {
  EXPECT_TRUE(linearizable({set(0, 1, "a"), unknown_set(2, "b"), get(100, 101, "a"), get(200, 201, "b"), get(300, 301, "b")}));
  EXPECT_TRUE(linearizable({set(0, 1, "a"), unknown_set(2, "b"), get(100, 101, "a")}));
  // Once only, and not before they were asked.
  EXPECT_TRUE(violation({set(0, 1, "a"), unknown_set(2, "b"), get(4, 5, "b"), get(6, 7, "a")}));
  EXPECT_TRUE(violation({set(0, 1, "a"), unknown_set(2, "b"), get(4, 5, "b"), set(6, 7, "c"), get(8, 9, "b")}));
  EXPECT_TRUE(violation({set(0, 1, "a"), get(4, 5, "b"), unknown_set(6, "b")}));
  // An unknown one may be what makes another fail.
  EXPECT_TRUE(linearizable({storage(Kind::kAdd, 0, 0, "a", Outcome::kUnknown), storage(Kind::kAdd, 2, 3, "b", Outcome::kRefused)}));
  EXPECT_TRUE(linearizable({set(0, 1, "a"), between(2, 0, Kind::kDelete, Outcome::kUnknown), get(3, 4, "a"), miss(5, 6)}));
  // With an end to their time.
  EXPECT_TRUE(linearizable({set(0, 1, "a"), unknown_set(2, "b"), get(100, 101, "b")}, {.unknown_lasts = 100}));
  EXPECT_TRUE(violation({set(0, 1, "a"), unknown_set(2, "b"), get(103, 104, "a"), get(105, 106, "b")}, {.unknown_lasts = 100}));
  EXPECT_TRUE(linearizable({set(0, 1, "a"), unknown_set(2, "b"), get(103, 104, "b"), get(105, 106, "b")}, {.unknown_lasts = 100}));
}

TEST(Linearizability, UnknownReadsSayNothing) {
  EXPECT_TRUE(linearizable({set(0, 1, "a"), between(2, 0, Kind::kGet, Outcome::kUnknown), get(3, 4, "a")}));
}

TEST(Linearizability, DoubledRequests) {
  const History again{set(0, 1, "a"), set(2, 3, "b"), get(4, 5, "b"), get(6, 7, "a")};
  EXPECT_TRUE(violation(again));
  EXPECT_TRUE(linearizable(again, {.repeats_within = 100}));
  EXPECT_TRUE(violation({set(0, 1, "a"), set(2, 3, "b"), get(6, 7, "b"), get(8, 9, "a")}, {.repeats_within = 5}));
  // Twice, not three times.
  EXPECT_TRUE(violation({set(0, 1, "a"), set(2, 3, "b"), get(4, 5, "b"), get(6, 7, "a"), get(8, 9, "b"), get(10, 11, "a")},
                        {.repeats_within = 100}));
  // The answer may be that of the second copy.
  EXPECT_TRUE(linearizable({storage(Kind::kAdd, 0, 1, "a", Outcome::kRefused), get(2, 3, "a")}, {.repeats_within = 100}));
  EXPECT_TRUE(linearizable({set(0, 1, "5"), count(Kind::kIncr, 2, 3, 1, "6"), get(4, 5, "7")}, {.repeats_within = 100}));
}

TEST(Linearizability, Forgetting) {
  const History gone{set(0, 1, "a"), miss(2, 3)};
  EXPECT_TRUE(violation(gone));
  EXPECT_TRUE(linearizable(gone, {.forgets = true}));
  // What is forgotten does not come back.
  EXPECT_TRUE(violation({set(0, 1, "a"), miss(2, 3), get(4, 5, "a")}, {.forgets = true}));
  EXPECT_TRUE(violation({set(0, 1, "a"), storage(Kind::kAdd, 2, 3, "b"), get(4, 5, "a")}, {.forgets = true}));
  // A restarted server gives versions again, but an item that was looked at has the one that was seen.
  const History again{set(0, 1, "a"), gets(2, 3, "a", 71), set(4, 5, "b"), cas(6, 7, "c", 71)};
  EXPECT_TRUE(violation(again));
  EXPECT_TRUE(linearizable(again, {.forgets = true}));
  EXPECT_TRUE(violation({set(0, 1, "a"), gets(2, 3, "a", 71), set(4, 5, "b"), gets(6, 7, "b", 72), cas(8, 9, "c", 71)}, {.forgets = true}));
}

TEST(Linearizability, FlushAllConcernsEveryKey) {
  Operation flush = between(2, 3, Kind::kFlush);
  flush.key = kEveryKey;
  Operation other = set(0, 1, "b");
  other.key = 1;
  Operation read = get(4, 5, "b");
  read.key = 1;
  EXPECT_TRUE(linearizable({set(0, 1, "a"), other, flush, miss(4, 5)}));
  EXPECT_TRUE(violation({set(0, 1, "a"), other, flush, miss(4, 5), read}));
  EXPECT_TRUE(violation({set(0, 1, "a"), other, flush, get(4, 5, "a")}));
  flush.outcome = Outcome::kUnknown;
  EXPECT_TRUE(linearizable({set(0, 1, "a"), other, flush, get(4, 5, "a"), read, miss(6, 7)}));
}

TEST(Linearizability, Expiry) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  Operation mortal = set(0, 1, "a");
  mortal.expiry = 4;
  EXPECT_TRUE(linearizable({mortal, get(4 * kSecond, 4 * kSecond + 1, "a"), miss(5 * kSecond, 5 * kSecond + 1)}));
  EXPECT_TRUE(linearizable({mortal, miss(4 * kSecond, 4 * kSecond + 1)}));
  EXPECT_TRUE(violation({mortal, miss(kSecond, kSecond + 1)})) << "too early";
  EXPECT_TRUE(violation({mortal, get(6 * kSecond, 6 * kSecond + 1, "a")})) << "too late";
  EXPECT_TRUE(violation({mortal, miss(4 * kSecond, 4 * kSecond + 1), get(4 * kSecond + 2, 4 * kSecond + 3, "a")}));
  Operation touch = between(2, 3, Kind::kTouch);
  EXPECT_TRUE(linearizable({mortal, touch, get(60 * kSecond, 60 * kSecond + 1, "a")})) << "for ever";
  EXPECT_TRUE(violation({mortal, touch, miss(60 * kSecond, 60 * kSecond + 1)}));
  touch.expiry = 20;
  EXPECT_TRUE(linearizable({mortal, touch, get(20 * kSecond, 20 * kSecond + 1, "a")}));
  EXPECT_TRUE(violation({mortal, touch, get(22 * kSecond, 22 * kSecond + 1, "a")}));
  touch.outcome = Outcome::kMissing;
  EXPECT_TRUE(violation({mortal, touch}));
  Operation get_and_touch = between(2, 3, Kind::kGat);
  get_and_touch.result = "a";
  EXPECT_TRUE(linearizable({mortal, get_and_touch, get(60 * kSecond, 60 * kSecond + 1, "a")}));
  get_and_touch.kind = Kind::kGats;
  get_and_touch.number = 5;
  EXPECT_TRUE(linearizable({mortal, get_and_touch, gets(60 * kSecond, 60 * kSecond + 1, "a", 5)}));
  EXPECT_TRUE(violation({mortal, get_and_touch, gets(6, 7, "a", 4)}));
  get_and_touch.expiry = 20;
  EXPECT_TRUE(violation({mortal, get_and_touch, get(22 * kSecond, 22 * kSecond + 1, "a")}));
  mortal.expiry = -1;
  EXPECT_TRUE(linearizable({mortal, miss(2, 3)}));
  EXPECT_TRUE(violation({mortal, get(2, 3, "a")}));
}

TEST(Linearizability, DeletesOfOneVersion) {
  Operation erase = between(6, 7, Kind::kDelete);
  erase.number = 5;
  const Operation shown = gets(2, 3, "a", 5);
  EXPECT_TRUE(linearizable({set(0, 1, "a"), shown, erase, miss(8, 9)}));
  EXPECT_TRUE(violation({set(0, 1, "a"), shown, erase, get(8, 9, "a")}));
  EXPECT_TRUE(violation({set(0, 1, "a"), shown, set(4, 5, "b"), erase}));
  erase.outcome = Outcome::kRefused;
  EXPECT_TRUE(linearizable({set(0, 1, "a"), shown, set(4, 5, "b"), erase, get(8, 9, "b")}));
  EXPECT_TRUE(violation({set(0, 1, "a"), shown, erase}));
}

TEST(Linearizability, KeysAreApart) {
  Operation other = set(2, 3, "b");
  other.key = 1;
  EXPECT_TRUE(linearizable({set(0, 1, "a"), other, get(4, 5, "a")}));
}

TEST(Linearizability, ManyOpenWritesOfWhichOneIsSeenLate) {
  History history{set(0, 1, "start")};
  for (int i = 0; i < 200; ++i) history.push_back(unknown_set(10 + i, fmt::format("u{}", i)));
  for (int i = 0; i < 300; ++i) history.push_back(get(1000 + 10 * i, 1005 + 10 * i, i < 150 ? "start" : "u17"));
  EXPECT_TRUE(linearizable(history));
  history.push_back(get(9000, 9001, "start"));
  EXPECT_TRUE(violation(history));
}

TEST(Linearizability, TooMuchToSearchIsNoPass) {
  History history;
  for (int i = 0; i < 16; ++i) history.push_back(storage(Kind::kAppend, i, 1000 + i, fmt::format("{}.", i)));
  history.push_back(set(0, 1000, "s"));
  const Report report = judge(history, {.most_configurations = 1000});
  EXPECT_EQ(report.verdict, Verdict::kUndecided);
  EXPECT_THAT(report.explanation, HasSubstr("more than 1000 at once"));

  History crowd;
  for (int i = 0; i < 600; ++i) crowd.push_back(unknown_set(i, fmt::format("u{}", i)));
  EXPECT_EQ(judge(crowd).verdict, Verdict::kUndecided);
}

TEST(Linearizability, TellsWhatHappened) {
  constexpr std::int64_t kMs = 1'000'000;
  History history;
  for (int i = 0; i < 100; ++i) {
    history.push_back(set((10 * i) * kMs, (10 * i + 5) * kMs, fmt::format("value {}", i)));
    history.push_back(get((10 * i + 6) * kMs, (10 * i + 9) * kMs, fmt::format("value {}", i)));
  }
  history.push_back(get(2000 * kMs, 2001 * kMs, "value 98"));
  history.back().process = 777;
  history.push_back(get(2002 * kMs, 2003 * kMs, "value 99"));
  const Report report = judge(history);
  EXPECT_EQ(report.verdict, Verdict::kViolation);
  EXPECT_THAT(report.explanation, HasSubstr("0.000 to       1.000  process 777    get -> \"value 98\" flags 0"));
  EXPECT_THAT(report.explanation, HasSubstr("-1010.000 to   -1005.000  process"));
  EXPECT_THAT(report.explanation, HasSubstr("set \"value 99\" flags 0 -> STORED"));
  EXPECT_THAT(report.explanation, Not(HasSubstr("value 95")));
  EXPECT_LT(std::ranges::count(report.explanation, '\n'), 17) << report.explanation;
}

// ---- against a search of all orders, written anew with a model of its own

class EveryOrder {
 public:
  EveryOrder(const History& history, const Model& model) : history_(history), model_(model), used_(history.size()) {}
  bool linearizable() { return search(std::nullopt, -1'000); }

 private:
  struct Thing {
    std::string value;
    int application = 0;  // each that changes the item gives it a version of its own
  };
  using Item = std::optional<Thing>;

  // `time`: the order has come to an operation that was asked then.
  bool search(const Item& item, std::int64_t time) {
    bool all = true;
    std::int64_t first_end = INT64_MAX;
    for (std::size_t i = 0; i < history_.size(); ++i) {
      if (used_[i] || history_[i].outcome == Outcome::kUnknown) continue;
      all = false;
      first_end = std::min(first_end, history_[i].completed);
    }
    if (all) return true;
    if (model_.forgets && item && search(std::nullopt, time)) return true;
    for (std::size_t i = 0; i < history_.size(); ++i) {
      const Operation& o = history_[i];
      if (used_[i] || o.invoked > first_end) continue;
      if (o.outcome == Outcome::kUnknown && model_.unknown_lasts < time - o.invoked) continue;
      const auto versions = versions_;
      Item next = item;
      used_[i] = true;
      ++applications_;
      if (does(o, next) && search(next, std::max(time, o.invoked))) return true;
      used_[i] = false;
      versions_ = versions;
    }
    return false;
  }

  // Whether the item's version can be `number`; from then on it is.
  bool is_version(const Thing& item, std::uint64_t number) {
    for (const auto& [application, known] : versions_) {
      if (application != item.application && known == number) return false;
    }
    return versions_.try_emplace(item.application, number).first->second == number;
  }

  // Clients know versions from gets alone.
  [[nodiscard]] bool shown(const Thing& item, std::uint64_t number) const {
    return std::ranges::any_of(history_, [&](const Operation& o) {
      return shows_version(o.kind) && o.outcome == Outcome::kOk && o.result == item.value && o.number == number;
    });
  }

  // A restarted server counts anew: what nobody has looked at may have any version.
  bool may_have(const Thing& item, std::uint64_t number) {
    const bool looked_at = std::ranges::any_of(
        history_, [&](const Operation& o) { return shows_version(o.kind) && o.outcome == Outcome::kOk && o.result == item.value; });
    if (model_.forgets && !looked_at) return true;
    return shown(item, number) && is_version(item, number);
  }

  bool does(const Operation& o, Item& item) {
    const bool unknown = o.outcome == Outcome::kUnknown;
    const auto answers = [&](Outcome outcome) { return unknown || o.outcome == outcome; };
    const auto store = [&](std::string value) {
      item = Thing{std::move(value), applications_};
      return answers(Outcome::kOk);
    };
    switch (o.kind) {
      case Kind::kGet:
      case Kind::kGets:
      case Kind::kGat:
      case Kind::kGats:
        if (unknown) return true;
        if (!item) return o.outcome == Outcome::kMissing;
        return o.outcome == Outcome::kOk && o.result == item->value && (!shows_version(o.kind) || is_version(*item, o.number));
      case Kind::kSet:
        return store(o.argument);
      case Kind::kAdd:
        return item ? answers(Outcome::kRefused) : store(o.argument);
      case Kind::kReplace:
        return item ? store(o.argument) : answers(Outcome::kRefused);
      case Kind::kAppend:
        return item ? store(item->value + o.argument) : answers(Outcome::kRefused);
      case Kind::kPrepend:
        return item ? store(o.argument + item->value) : answers(Outcome::kRefused);
      case Kind::kCas:
        if (!item) return answers(Outcome::kMissing);
        if (o.outcome == Outcome::kOk) return may_have(*item, o.number) && store(o.argument);
        if (o.outcome == Outcome::kMissing) return false;
        if (unknown) return !may_have(*item, o.number) || store(o.argument);
        return !shown(*item, o.number);
      case Kind::kDelete: {
        const bool good = answers(item ? Outcome::kOk : Outcome::kMissing);
        if (item && o.number != 0) {
          if (o.outcome == Outcome::kRefused) return !shown(*item, o.number);
          if (!may_have(*item, o.number)) return unknown;
        }
        item.reset();
        return good;
      }
      case Kind::kIncr: {
        if (!item) return answers(Outcome::kMissing);
        if (item->value.empty() || item->value.find_first_not_of("0123456789") != std::string::npos) return answers(Outcome::kRefused);
        const std::string sum = std::to_string(std::stoull(item->value) + o.number);
        return store(sum) && (unknown || o.result == sum);
      }
      default:
        ADD_FAILURE() << "not made by these tests";
        return false;
    }
  }

  const History& history_;
  const Model& model_;
  std::vector<bool> used_;
  int applications_ = 0;
  std::map<int, std::uint64_t> versions_;
};

// A real item and real clients, at random times; then, mostly, something is made wrong.
class RandomHistory {
 public:
  explicit RandomHistory(std::uint64_t seed) : random_(seed) {}

  // With `parts`, all arguments are <in brackets> and so may be told apart in what becomes of them.
  History make(std::vector<Kind> kinds, std::size_t most, bool parts = false) {
    History history;
    const std::size_t operations = 2 + below(most - 1);
    std::int64_t time = 0;
    std::optional<std::pair<std::string, std::uint64_t>> item;
    std::vector<std::uint64_t> shown{99};
    for (std::size_t i = 0; i < operations; ++i) {
      time += static_cast<std::int64_t>(1 + below(10));
      Operation o =
          between(time - static_cast<std::int64_t>(below(25)), time + static_cast<std::int64_t>(below(25)), kinds[below(kinds.size())]);
      o.argument = o.kind == Kind::kPrepend ? "+" : std::to_string(100 + i);
      if (parts) o.argument = "<" + o.argument + ">";
      if (o.kind == Kind::kCas) o.number = shown[below(shown.size())];
      if (o.kind == Kind::kIncr) o.number = 1 + below(2);
      if (o.kind == Kind::kDelete && shown.size() > 1 && below(2) == 0) o.number = shown[below(shown.size())];
      answer(o, item, i + 1);
      if (shows_version(o.kind) && o.outcome == Outcome::kOk) shown.push_back(o.number);
      if (!shows_version(o.kind) && below(6) == 0) o.outcome = Outcome::kUnknown;
      history.push_back(o);
    }
    if (below(4) != 0) spoil(history[below(history.size())], history);
    return history;
  }

 private:
  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_); }

  static void answer(Operation& o, std::optional<std::pair<std::string, std::uint64_t>>& item, std::uint64_t version) {
    const auto store = [&](const std::string& value) { item = {value, version}; };
    o.outcome = Outcome::kOk;
    switch (o.kind) {
      case Kind::kGet:
      case Kind::kGets:
      case Kind::kGat:
      case Kind::kGats:
        if (!item) {
          o.outcome = Outcome::kMissing;
          break;
        }
        o.result = item->first;
        if (shows_version(o.kind)) o.number = item->second;
        break;
      case Kind::kAdd:
      case Kind::kReplace:
        if (item.has_value() == (o.kind == Kind::kAdd)) {
          o.outcome = Outcome::kRefused;
        } else {
          store(o.argument);
        }
        break;
      case Kind::kAppend:
      case Kind::kPrepend:
        if (!item) {
          o.outcome = Outcome::kRefused;
        } else {
          store(o.kind == Kind::kAppend ? item->first + o.argument : o.argument + item->first);
        }
        break;
      case Kind::kCas:
        if (!item) {
          o.outcome = Outcome::kMissing;
        } else if (item->second != o.number) {
          o.outcome = Outcome::kRefused;
        } else {
          store(o.argument);
        }
        break;
      case Kind::kDelete:
        if (item && o.number != 0 && o.number != item->second) {
          o.outcome = Outcome::kRefused;
          break;
        }
        if (!item) o.outcome = Outcome::kMissing;
        item.reset();
        break;
      case Kind::kIncr:
        if (!item) {
          o.outcome = Outcome::kMissing;
        } else if (item->first.find_first_not_of("0123456789") != std::string::npos) {
          o.outcome = Outcome::kRefused;
        } else {
          store(o.result = std::to_string(std::stoull(item->first) + o.number));
        }
        break;
      default:
        store(o.argument);
    }
  }

  void spoil(Operation& o, const History& history) {
    const Operation& other = history[below(history.size())];
    if (o.kind == Kind::kGet && other.kind != Kind::kDelete && below(2) == 0) {
      o.outcome = Outcome::kOk;
      o.result = other.argument;
    } else if (o.kind == Kind::kGet || (o.kind == Kind::kDelete && o.outcome == Outcome::kOk)) {
      o.outcome = Outcome::kMissing;
    } else if (o.outcome == Outcome::kRefused && o.kind != Kind::kIncr) {
      o.outcome = Outcome::kOk;
    } else if (!shows_version(o.kind) && o.kind != Kind::kIncr) {
      o.completed = o.invoked + 1;
    }
  }

  std::mt19937_64 random_;
};

std::string text_of(const History& history) {
  std::string text;
  for (const Operation& o : history) text += fmt::format("  {} to {}  {}\n", o.invoked, o.completed, describe(o));
  return text;
}

Verdict verdict_for(bool is_linearizable) { return is_linearizable ? Verdict::kLinearizable : Verdict::kViolation; }

TEST(Linearizability, AgreesWithASearchOfAllOrders) {
  const std::vector<std::vector<Kind>> mixes{
      {Kind::kGet, Kind::kSet},
      {Kind::kGet, Kind::kSet, Kind::kAdd, Kind::kReplace, Kind::kDelete},
      {Kind::kGets, Kind::kGets, Kind::kSet, Kind::kCas, Kind::kCas, Kind::kDelete},
      {Kind::kGats, Kind::kGat, Kind::kGets, Kind::kSet, Kind::kCas, Kind::kDelete},
      {Kind::kGet, Kind::kSet, Kind::kPrepend, Kind::kIncr, Kind::kDelete},
      {Kind::kGet, Kind::kGet, Kind::kSet, Kind::kAppend, Kind::kPrepend, Kind::kAdd, Kind::kDelete},
  };
  std::map<bool, int> verdicts;
  for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
    const History history = RandomHistory(seed).make(mixes[seed % mixes.size()], 7, seed % mixes.size() == 5);
    for (const Model& model : {Model{}, Model{.forgets = true}, Model{.unknown_lasts = 12}}) {
      const bool expected = EveryOrder(history, model).linearizable();
      const Report report = judge(history, model);
      ASSERT_EQ(report.verdict, verdict_for(expected))
          << "seed " << seed << ", forgets " << model.forgets << ", unknown_lasts " << model.unknown_lasts << "\n"
          << text_of(history) << report.explanation;
      ++verdicts[expected];
    }
  }
  // Both had their share.
  EXPECT_GT(verdicts[true], 10'000);
  EXPECT_GT(verdicts[false], 3'000);
}

TEST(Linearizability, AgreesWithASearchOfAllOrdersOfDoubledRequests) {
  const std::vector<Kind> mix{Kind::kGet, Kind::kGet, Kind::kSet, Kind::kAdd, Kind::kReplace, Kind::kPrepend, Kind::kIncr, Kind::kDelete};
  std::map<bool, int> verdicts;
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    const History history = RandomHistory(seed).make(mix, 5);
    const Model model{.unknown_lasts = 20, .repeats_within = 20};
    History doubled = history;
    for (Operation copy : history) {
      if (copy.kind == Kind::kGet) continue;
      copy.outcome = Outcome::kUnknown;
      doubled.push_back(copy);
    }
    const bool expected = EveryOrder(doubled, model).linearizable();
    const Report report = judge(history, model);
    ASSERT_EQ(report.verdict, verdict_for(expected)) << "seed " << seed << "\n" << text_of(history) << report.explanation;
    ++verdicts[expected];
  }
  EXPECT_GT(verdicts[true], 1'000);
  EXPECT_GT(verdicts[false], 200);
}

}  // namespace
}  // namespace coherence
