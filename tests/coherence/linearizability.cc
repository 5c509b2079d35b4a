// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "tests/coherence/linearizability.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <charconv>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <unordered_map>

namespace coherence {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// A set of open operations.
class Slots {
 public:
  static constexpr std::size_t kCount = 512;

  void add(std::size_t i) { words_[i / 64] |= std::uint64_t{1} << (i % 64); }
  void remove(std::size_t i) { words_[i / 64] &= ~(std::uint64_t{1} << (i % 64)); }
  [[nodiscard]] bool has(std::size_t i) const { return (words_[i / 64] >> (i % 64) & 1) != 0; }
  [[nodiscard]] Slots operator&(const Slots& other) const {
    Slots both;
    for (std::size_t i = 0; i < words_.size(); ++i) both.words_[i] = words_[i] & other.words_[i];
    return both;
  }
  [[nodiscard]] Slots without(const Slots& other) const {
    Slots rest;
    for (std::size_t i = 0; i < words_.size(); ++i) rest.words_[i] = words_[i] & ~other.words_[i];
    return rest;
  }
  [[nodiscard]] bool contains(const Slots& other) const { return (other & *this) == other; }
  bool operator==(const Slots&) const = default;
  [[nodiscard]] std::uint64_t hash() const {
    std::uint64_t h = 0;
    for (const std::uint64_t w : words_) h = (h ^ w) * 0x9E3779B97F4A7C15U, h ^= h >> 29U;
    return h;
  }
  // The lowest that is not in the set; kCount if all are.
  [[nodiscard]] std::size_t first_free() const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (~words_[i] != 0) return i * 64 + static_cast<std::size_t>(std::countr_one(words_[i]));
    }
    return kCount;
  }

 private:
  std::array<std::uint64_t, kCount / 64> words_{};
};

using Text = std::uint32_t;  // a number in Texts
constexpr Text kAbsent = 0;

// Every text of a history once, so that states compare by number.
class Texts {
 public:
  Texts() { of(std::string("\0absent", 7)); }
  Text of(std::string text) {
    const auto [at, fresh] = numbers_.try_emplace(std::move(text), static_cast<Text>(texts_.size()));
    if (fresh) texts_.push_back(&at->first);
    return at->second;
  }
  [[nodiscard]] const std::string& operator[](Text text) const { return *texts_[text]; }
  [[nodiscard]] std::size_t size() const { return texts_.size(); }

 private:
  std::unordered_map<std::string, Text> numbers_;
  std::vector<const std::string*> texts_;
};

// A version that no gets has shown, and one of which it is not known which of those that were shown with the same value it is.
constexpr std::uint64_t kNeverShown = 0;
constexpr std::uint64_t kOpen = UINT64_MAX;

struct State {
  Text value = kAbsent;
  std::uint32_t flags = 0;
  std::uint64_t version = kNeverShown;
  std::int64_t expires_from = Model::kForEver;   // it may be gone from this time on,
  std::int64_t expires_until = Model::kForEver;  // and is gone after this one
  bool operator==(const State&) const = default;
};

struct StateHash {
  std::size_t operator()(const State& s) const {
    std::uint64_t h = s.value;
    for (const std::uint64_t part :
         {std::uint64_t{s.flags}, s.version, static_cast<std::uint64_t>(s.expires_from), static_cast<std::uint64_t>(s.expires_until)}) {
      h = (h ^ part) * 0x9E3779B97F4A7C15U;
      h ^= h >> 29U;
    }
    return h;
  }
};
using StateNumber = std::uint32_t;

// An operation as the search sees it.
struct Step {
  const Operation* operation = nullptr;
  Text argument = kAbsent;
  Text result = kAbsent;
  bool optional = false;  // no answer, or the second copy of a request: it need not take effect
  bool reads = false;     // leaves the item as it is
  bool changes = false;   // may change it, or what is known of it (a gets may settle which version it is)
  std::int64_t from = 0;
  std::int64_t until = 0;
};

std::int64_t after(std::int64_t time, std::int64_t ns) { return ns > Model::kForEver - time ? Model::kForEver : time + ns; }

// One memcached item: what an operation makes of a state.
class Item {
 public:
  Item(const std::vector<const Operation*>& operations, const Model& model) : model_(model) {
    // Which values may come more than once: their versions can't be told from the value.
    bool derived = false;
    std::unordered_map<Text, unsigned> written;
    for (const Operation* o : operations) {
      derived = derived || o->kind == Kind::kAppend || o->kind == Kind::kPrepend || o->kind == Kind::kIncr || o->kind == Kind::kDecr;
      if (o->kind >= Kind::kSet && o->kind <= Kind::kCas) ++written[texts_.of(o->argument)];
      if (o->kind == Kind::kGets && o->outcome == Outcome::kOk) shown_[texts_.of(o->result)].insert(o->number);
    }
    if (derived || model.repeats_within > 0) return;
    for (const auto& [text, times] : written) {
      if (times > 1) continue;
      const auto shown = shown_.find(text);
      if (shown == shown_.end()) {
        exact_[text] = kNeverShown;
      } else if (shown->second.size() == 1) {
        exact_[text] = *shown->second.begin();
      }
    }
  }

  Texts& texts() { return texts_; }

  // The state after the operation; nothing if it can't get its answer in this state, or (without an answer) has no effect on it.
  std::optional<State> apply(const Step& step, const State& s) {
    const Operation& o = *step.operation;
    const bool there = s.value != kAbsent && o.invoked <= s.expires_until;
    if (!step.optional && o.outcome == Outcome::kMissing) return s.value == kAbsent ? std::optional(s) : std::nullopt;
    const bool refused = !step.optional && o.outcome == Outcome::kRefused;
    const auto only_if = [](bool good, const State& state) { return good ? std::optional(state) : std::nullopt; };
    switch (o.kind) {
      case Kind::kGet:
        return only_if(there && s.value == step.result && s.flags == o.flags, s);
      case Kind::kGets:
        if (!there || s.value != step.result || s.flags != o.flags || !may_be(s, o.number)) return std::nullopt;
        return with_version(s, o.number);
      case Kind::kGat:
        if (!there || (!step.optional && (s.value != step.result || s.flags != o.flags))) return std::nullopt;
        return with_expiry(s, step);
      case Kind::kSet:
        return made(step.argument, o.flags, step);
      case Kind::kAdd:
        if (refused) return only_if(there, s);
        return s.value == kAbsent ? std::optional(made(step.argument, o.flags, step)) : std::nullopt;
      case Kind::kReplace:
        if (refused) return only_if(s.value == kAbsent, s);
        return there ? std::optional(made(step.argument, o.flags, step)) : std::nullopt;
      case Kind::kAppend:
      case Kind::kPrepend:
        if (refused) return only_if(s.value == kAbsent, s);
        if (!there) return std::nullopt;
        return derived(o.kind == Kind::kAppend ? texts_[s.value] + o.argument : o.argument + texts_[s.value], s);
      case Kind::kCas:
        if (refused) return only_if(there && s.version != o.number, s);
        return there && may_be(s, o.number) ? std::optional(made(step.argument, o.flags, step)) : std::nullopt;
      case Kind::kDelete:
        return only_if(there, State{});
      case Kind::kIncr:
      case Kind::kDecr:
        return counted(step, s, there, refused);
      case Kind::kTouch:
        return there ? std::optional(with_expiry(s, step)) : std::nullopt;
      case Kind::kFlush:
        return only_if(there || !step.optional, State{});
    }
    return std::nullopt;
  }

 private:
  bool may_be(const State& s, std::uint64_t version) const {
    if (s.version != kOpen) return s.version == version;
    const auto shown = shown_.find(s.value);
    return shown != shown_.end() && shown->second.contains(version);
  }
  static State with_version(State s, std::uint64_t version) {
    s.version = version;
    return s;
  }
  // memcached counts whole seconds, on a clock that may lag by one when the machine is busy.
  State with_expiry(State s, const Step& step) const {
    const Operation& o = *step.operation;
    s.expires_from = s.expires_until = Model::kForEver;
    if (o.expiry < 0) return {};
    if (o.expiry > 0) {
      s.expires_from = after(o.invoked, std::max(o.expiry - 2, 0) * kSecond);
      s.expires_until = after(step.optional ? step.until : o.completed, (o.expiry + 1) * kSecond);
    }
    return s;
  }
  State made(Text value, std::uint32_t flags, const Step& step) const {
    const auto exact = exact_.find(value);
    return with_expiry({.value = value, .flags = flags, .version = exact == exact_.end() ? kOpen : exact->second}, step);
  }
  State derived(std::string text, State s) {
    s.value = texts_.of(std::move(text));
    s.version = kOpen;
    return s;
  }
  std::optional<State> counted(const Step& step, const State& s, bool there, bool refused) {
    if (!there) return std::nullopt;
    const std::string& text = texts_[s.value];
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool counts = error == std::errc() && end == text.data() + text.size();
    if (refused) return counts ? std::nullopt : std::optional(s);
    if (!counts) return std::nullopt;
    const Operation& o = *step.operation;
    number = o.kind == Kind::kIncr ? number + o.number : number - std::min(number, o.number);
    const State next = derived(std::to_string(number), s);
    return step.optional || next.value == step.result ? std::optional(next) : std::nullopt;
  }

  const Model& model_;
  Texts texts_;
  std::unordered_map<Text, std::set<std::uint64_t>> shown_;  // versions that gets has shown with a value
  std::unordered_map<Text, std::uint64_t> exact_;            // the version of a value that can come once only
};

struct Configuration {
  StateNumber state = 0;
  Slots done;
};

// Configurations, each once. Of two that differ only in optional operations, the one that has used fewer can do all that the other can:
// it alone is kept.
class Configurations {
 public:
  void clear() {
    list_.clear();
    next_.clear();
    std::ranges::fill(heads_, kNone);
  }
  void add(StateNumber state, const Slots& done, const Slots& optional) {
    const Slots needed = done.without(optional);
    const std::uint64_t hash = (needed.hash() ^ state) * 0x9E3779B97F4A7C15U;
    std::uint32_t* link = &heads_[hash >> shift_];
    while (*link != kNone) {
      const std::uint32_t at = *link;
      const Configuration& c = list_[at];
      if (c.state == state && c.done.without(optional) == needed) {
        if (done.contains(c.done)) return;
        if (c.done.contains(done) && at >= looked_at_) {
          list_[at].done = done;
          return;
        }
      }
      link = &next_[at];
    }
    *link = static_cast<std::uint32_t>(list_.size());
    list_.push_back({state, done});
    next_.push_back(kNone);
    if (list_.size() > heads_.size()) grow(optional);
  }
  // Those before this one have been gone on from, and stay as they are.
  void set_looked_at(std::size_t i) { looked_at_ = i; }
  [[nodiscard]] std::size_t size() const { return list_.size(); }
  [[nodiscard]] Configuration operator[](std::size_t i) const { return list_[i]; }
  [[nodiscard]] const std::vector<Configuration>& list() const { return list_; }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  void grow(const Slots& optional) {
    std::vector<Configuration> old = std::move(list_);
    --shift_;
    heads_.assign(heads_.size() * 2, kNone);
    list_.clear();
    next_.clear();
    for (const Configuration& c : old) {
      const std::uint64_t hash = (c.done.without(optional).hash() ^ c.state) * 0x9E3779B97F4A7C15U;
      const auto at = static_cast<std::uint32_t>(list_.size());
      next_.push_back(heads_[hash >> shift_]);
      heads_[hash >> shift_] = at;
      list_.push_back(c);
    }
  }

  std::vector<Configuration> list_;
  std::vector<std::uint32_t> next_;
  unsigned shift_ = 64 - 6;
  std::vector<std::uint32_t> heads_ = std::vector<std::uint32_t>(64, kNone);
  std::size_t looked_at_ = 0;
};

struct Event {
  enum class What : std::uint8_t { kAsked, kAnswered, kOver };  // at the same time, in this order: the most permissive one
  std::int64_t time = 0;
  What what = What::kAsked;
  std::uint32_t step = 0;
};

// The history of one key, and the search.
class Search {
 public:
  Search(const std::vector<const Operation*>& operations, const Model& model) : model_(model), item_(operations, model) {
    for (const Operation* o : operations) add(*o);
    events_ = events_of(steps_);
  }

  Report run() {
    Report report;
    report.operations = operations_;
    const Ending ending = go(steps_, events_, {number_of(State{})}, nullptr);
    report.verdict = ending.verdict;
    report.most_configurations = ending.most_configurations;
    if (ending.verdict == Verdict::kViolation) {
      report.violated_at = events_[ending.at].time;
      report.explanation = explain(ending.at);
    }
    if (ending.verdict == Verdict::kUndecided) {
      report.explanation = fmt::format("undecided: {}; judged up to {} of {} operations", ending.why, ending.at / 2, operations_);
    }
    return report;
  }

 private:
  struct Ending {
    Verdict verdict = Verdict::kLinearizable;
    std::size_t at = 0;  // the event
    std::size_t most_configurations = 0;
    std::string why;
  };
  using States = std::vector<StateNumber>;

  void add(const Operation& o) {
    ++operations_;
    const bool unknown = o.outcome == Outcome::kUnknown;
    const bool read = o.kind == Kind::kGet || o.kind == Kind::kGets;
    if (unknown && read) return;  // whatever came of it, nobody knows
    Step step{.operation = &o, .argument = item_.texts().of(o.argument), .result = item_.texts().of(o.result)};
    step.from = o.invoked;
    step.optional = unknown;
    step.reads = read || o.outcome == Outcome::kRefused || o.outcome == Outcome::kMissing;
    step.changes = !step.reads || o.kind == Kind::kGets;
    step.until = unknown ? after(o.invoked, model_.unknown_lasts) : o.completed;
    steps_.push_back(step);
    if (model_.repeats_within == 0 || read || o.kind == Kind::kFlush) return;
    step.optional = step.changes = true;
    step.reads = false;
    step.until = after(o.invoked, model_.repeats_within);
    steps_.push_back(step);
  }

  static std::vector<Event> events_of(const std::vector<Step>& steps) {
    std::vector<Event> events;
    for (std::uint32_t i = 0; i < steps.size(); ++i) {
      const Step& s = steps[i];
      events.push_back({s.from, Event::What::kAsked, i});
      if (!s.optional) {
        events.push_back({s.until, Event::What::kAnswered, i});
      } else if (s.until != Model::kForEver) {
        events.push_back({s.until, Event::What::kOver, i});
      }
    }
    std::ranges::sort(events,
                      [](const Event& a, const Event& b) { return std::tie(a.time, a.what, a.step) < std::tie(b.time, b.what, b.step); });
    return events;
  }

  StateNumber number_of(const State& state) {
    const auto [at, fresh] = state_numbers_.try_emplace(state, static_cast<StateNumber>(states_.size()));
    if (fresh) states_.push_back(state);
    return at->second;
  }

  // Goes through the events from one of the states on. If `before` is given, it gets the states that were possible before each event.
  Ending go(const std::vector<Step>& steps, const std::vector<Event>& events, const States& start, std::vector<States>* before) {
    Ending ending;
    slots_ = {};
    optional_ = {};
    open_reads_.clear();
    open_changes_.clear();
    std::vector<std::uint32_t> slot_of(steps.size());
    now_.clear();
    for (const StateNumber state : start) now_.add(state, {}, optional_);
    for (std::size_t i = 0; i < events.size(); ++i) {
      const Event& e = events[i];
      const Step& step = steps[e.step];
      std::uint32_t& slot = slot_of[e.step];
      ending.at = i;
      if (before != nullptr) before->push_back(possible_states());
      if (e.what == Event::What::kAsked) {
        slot = static_cast<std::uint32_t>(slots_.first_free());
        if (slot == Slots::kCount) {
          ending.verdict = Verdict::kUndecided;
          ending.why = fmt::format("more than {} operations on one key are open at once", Slots::kCount);
          return ending;
        }
        slots_.add(slot);
        if (step.optional) optional_.add(slot);
        if (step.reads) open_reads_.push_back({slot, &step});
        if (step.changes) open_changes_.push_back({slot, &step});
        continue;
      }
      if (e.what == Event::What::kAnswered && !answered(slot, e.time)) {
        ending.verdict = Verdict::kUndecided;
        ending.why = fmt::format("more than {} configurations at once", model_.most_configurations);
        return ending;
      }
      if (e.what == Event::What::kOver) over(slot);
      ending.most_configurations = std::max(ending.most_configurations, now_.size());
      if (now_.size() == 0) {
        ending.verdict = Verdict::kViolation;
        return ending;
      }
      slots_.remove(slot);
      optional_.remove(slot);
      for (auto* open : {&open_reads_, &open_changes_}) std::erase_if(*open, [slot](const Open& o) { return o.slot == slot; });
    }
    return ending;
  }

  // Leaves the configurations in which the operation in this slot has taken effect, and those that it takes to get there: one operation
  // after the other takes effect, the one in question last. False if that are too many.
  bool answered(std::uint32_t slot, std::int64_t time) {
    next_.clear();
    ways_.clear();
    ways_.set_looked_at(0);
    for (const Configuration& c : now_.list()) arrive(c.state, c.done, slot);
    for (std::size_t i = 0; i < ways_.size(); ++i) {
      if (ways_.size() + next_.size() > model_.most_configurations) return false;
      ways_.set_looked_at(i + 1);
      const Configuration c = ways_[i];
      const State state = states_[c.state];
      if (state.value != kAbsent && (model_.forgets || state.expires_from <= time)) arrive(number_of(State{}), c.done, slot);
      for (const Open& open : open_changes_) {
        if (c.done.has(open.slot)) continue;
        const auto after = item_.apply(*open.step, state);
        if (!after) continue;
        Slots done = c.done;
        done.add(open.slot);
        arrive(number_of(*after), done, slot);
      }
    }
    std::swap(now_, next_);
    return true;
  }

  void arrive(StateNumber state, Slots done, std::uint32_t wanted) {
    // What only reads, and can now, does: later it could do no more.
    const State s = states_[state];
    for (const Open& open : open_reads_) {
      if (!done.has(open.slot) && item_.apply(*open.step, s) == s) done.add(open.slot);
    }
    if (done.has(wanted)) {
      done.remove(wanted);
      next_.add(state, done, optional_);
    } else {
      ways_.add(state, done, optional_);
    }
  }

  void over(std::uint32_t slot) {
    next_.clear();
    for (const Configuration& c : now_.list()) {
      Slots done = c.done;
      done.remove(slot);
      next_.add(c.state, done, optional_);
    }
    std::swap(now_, next_);
  }

  States possible_states() const {
    std::set<StateNumber> all;
    for (const Configuration& c : now_.list()) all.insert(c.state);
    return {all.begin(), all.end()};
  }

  // ---- what to tell a person of a violation

  // A part of the history that ends with the failure. What was open when it starts may take effect in it, but need not.
  struct Window {
    States start;
    std::vector<Step> steps;
    std::size_t failed = 0;  // the step that gets an answer it can't get
  };

  Window window(std::size_t first, std::size_t failure, const States& start) const {
    Window w;
    w.start = start;
    std::vector<bool> seen(steps_.size());
    const auto open_from = [&](std::int64_t time, std::uint32_t number) {
      Step step = steps_[number];
      if (number == events_[failure].step) {
        step.from = std::max(step.from, time);
        w.failed = w.steps.size();
      } else if (step.from < time || step.until > events_[failure].time) {
        if (step.reads) return;
        step.from = std::max(step.from, time);
        step.optional = true;
        step.until = Model::kForEver;
      }
      w.steps.push_back(step);
    };
    const std::int64_t time = events_[first].time;
    for (std::size_t i = first; i <= failure; ++i) {
      const std::uint32_t number = events_[i].step;
      if (seen[number]) continue;
      seen[number] = true;
      open_from(time, number);
    }
    // What had been asked before and is answered after the failure, or never.
    for (std::uint32_t number = 0; number < steps_.size(); ++number) {
      if (!seen[number] && steps_[number].from <= time && steps_[number].until > events_[failure].time) open_from(time, number);
    }
    return w;
  }

  bool fails(const Window& w) { return go(w.steps, events_of(w.steps), w.start, nullptr).verdict == Verdict::kViolation; }

  std::string explain(std::size_t failure) {
    constexpr std::size_t kFarthest = 5000;
    std::vector<States> before;
    go(steps_, events_, {number_of(State{})}, &before);
    // The latest start from which it still fails: first by doubling steps back, then by halves.
    std::size_t good = failure;
    Window shortest = window(failure, failure, before[failure]);
    for (std::size_t back = 1; !fails(shortest) && good > 0 && back < 2 * kFarthest; back *= 2) {
      good = failure - std::min(back, failure);
      shortest = window(good, failure, before[good]);
    }
    std::size_t bad = std::min(good + (failure - good + 1) / 2 + 1, failure);  // here it did not fail
    while (bad > good + 1) {
      const std::size_t middle = good + (bad - good) / 2;
      Window w = window(middle, failure, before[middle]);
      if (fails(w)) {
        good = middle;
        shortest = std::move(w);
      } else {
        bad = middle;
      }
    }
    leave_out_reads(shortest);
    return print(shortest);
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
    const std::int64_t zero = wrong.invoked;
    std::string text = fmt::format("key {}: no order of the operations explains this answer (times in ms):\n", wrong.key);
    text += line(wrong, zero, '>');
    text += "When the shortest stretch that shows it begins, the item can only be\n";
    for (const StateNumber state : w.start) text += "    " + words(states_[state]) + "\n" + makers_of(states_[state].value, zero);
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
      text += line(*others[i], zero, ' ');
    }
    if (!wrong.result.empty()) {
      const std::string makers = makers_of(item_.texts().of(wrong.result), zero);
      text += makers.empty() ? fmt::format("Nobody ever stored {:?} as it is.\n", wrong.result)
                             : fmt::format("Where {:?} comes from:\n{}", wrong.result, makers);
    }
    return text;
  }

  static std::string line(const Operation& o, std::int64_t zero, char mark) {
    const auto ms = [zero](std::int64_t time) { return static_cast<double>(time - zero) / 1e6; };
    const std::string end = o.outcome == Outcome::kUnknown ? "           " : fmt::format("{:11.3f}", ms(o.completed));
    return fmt::format("  {} {:11.3f} to {}  process {:<6} {}\n", mark, ms(o.invoked), end, o.process, describe(o));
  }

  std::string words(const State& s) const {
    if (s.value == kAbsent) return "absent";
    const std::string version = s.version == kOpen || s.version == kNeverShown ? "" : fmt::format(" version {}", s.version);
    return fmt::format("{:?} flags {}{}", item_.texts()[s.value], s.flags, version);
  }

  std::string makers_of(Text value, std::int64_t zero) const {
    std::string text;
    std::set<const Operation*> made;
    if (value == kAbsent) return text;
    for (const Step& s : steps_) {
      const Kind kind = s.operation->kind;
      const bool stores = s.argument == value && kind >= Kind::kSet && kind <= Kind::kCas;
      const bool counts = s.result == value && (kind == Kind::kIncr || kind == Kind::kDecr);
      if ((stores || counts) && s.operation->outcome != Outcome::kRefused && made.insert(s.operation).second) {
        text += line(*s.operation, zero, ' ');
      }
    }
    return text;
  }

  struct Open {
    std::uint32_t slot;
    const Step* step;
  };

  const Model& model_;
  mutable Item item_;
  std::size_t operations_ = 0;
  std::vector<Step> steps_;
  std::vector<Event> events_;
  std::unordered_map<State, StateNumber, StateHash> state_numbers_;
  std::vector<State> states_;
  Slots slots_;
  Slots optional_;
  std::vector<Open> open_reads_;
  std::vector<Open> open_changes_;
  Configurations now_, next_, ways_;
};

}  // namespace

Report check(const History& history, const Model& model, unsigned threads) {
  std::map<std::uint32_t, std::vector<const Operation*>> keys;
  for (const Operation& o : history) {
    if (o.key != kEveryKey) keys[o.key].push_back(&o);
  }
  std::vector<std::vector<const Operation*>> parts;
  for (auto& [key, operations] : keys) parts.push_back(std::move(operations));
  for (const Operation& o : history) {
    if (o.key != kEveryKey) continue;
    for (auto& part : parts) part.push_back(&o);
  }

  Report all;
  std::mutex mutex;
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < parts.size(); i = next++) {
      const Report one = Search(parts[i], model).run();
      const std::lock_guard hold(mutex);
      all.operations += one.operations;
      all.most_configurations = std::max(all.most_configurations, one.most_configurations);
      if (one.verdict == Verdict::kLinearizable) continue;
      if (all.verdict == Verdict::kViolation && (one.verdict != Verdict::kViolation || one.violated_at > all.violated_at)) continue;
      all.verdict = one.verdict;
      all.violated_at = one.violated_at;
      all.explanation = one.explanation;
    }
  };
  std::vector<std::thread> helpers;
  for (unsigned i = 1; i < threads; ++i) helpers.emplace_back(work);
  work();
  for (std::thread& t : helpers) t.join();
  return all;
}

}  // namespace coherence
