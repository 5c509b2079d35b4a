// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "tests/coherence/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace coherence {
namespace {

// A history may have this many times as many configurations in all as at once.
constexpr std::size_t kPatience = 100;

}  // namespace

std::vector<Event> events_of(const std::vector<Step>& steps) {
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
  std::ranges::sort(events, {}, [](const Event& e) { return std::tuple(e.time, e.what, e.step); });
  return events;
}

std::size_t Search::Hash::operator()(const State& s) const {
  std::uint64_t h = s.value;
  for (const std::uint64_t part :
       {std::uint64_t{s.flags}, s.version, static_cast<std::uint64_t>(s.expires_from), static_cast<std::uint64_t>(s.expires_until)}) {
    h = (h ^ part) * 0x9E3779B97F4A7C15U;
    h ^= h >> 29U;
  }
  return h;
}

StateNumber Search::number_of(const State& state) {
  const auto [at, fresh] = state_numbers_.try_emplace(state, static_cast<StateNumber>(states_.size()));
  if (fresh) states_.push_back(state);
  return at->second;
}

Search::Ending Search::go(const std::vector<Step>& steps, const std::vector<Event>& events, const States& start, bool looks_ahead,
                          std::vector<States>* before) {
  Ending ending;
  looks_ahead_ = looks_ahead;
  slots_ = {};
  optional_ = {};
  looked_at_ = 0;
  open_reads_.clear();
  open_changes_.clear();
  now_.clear();
  for (const State& state : start) now_.add(number_of(state), {}, optional_);
  std::vector<std::uint32_t> slot_of(steps.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& e = events[i];
    const Step& step = steps[e.step];
    std::uint32_t& slot = slot_of[e.step];
    ending.at = i;
    if (before != nullptr) before->push_back(possible_states());
    if (e.what == Event::What::kAsked) {
      if (asked(step, slot)) continue;
      ending.verdict = Verdict::kUndecided;
      ending.why = fmt::format("more than {} operations on one key are open at once", Slots::kCount);
      return ending;
    }
    if (!take_effect(slot, e)) {
      ending.verdict = Verdict::kUndecided;
      ending.why = fmt::format("too many configurations (more than {} at once, or {} times as many in all) while {} operations were open",
                               model_.most_configurations, kPatience, open());
      return ending;
    }
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

// False if too many are open.
bool Search::asked(const Step& step, std::uint32_t& slot) {
  slot = static_cast<std::uint32_t>(slots_.first_free());
  if (slot == Slots::kCount) return false;
  slots_.add(slot);
  if (step.optional) optional_.add(slot);
  if (step.reads) open_reads_.push_back({slot, &step});
  if (step.changes) open_changes_.push_back({slot, &step});
  return true;
}

// Leaves the configurations in which the operation in this slot has taken effect, and those that it takes to get there: one operation after
// the other takes effect, the one in question last. If its time is over without an answer, those in which it has not stay as well. False if
// that are too many.
bool Search::take_effect(std::uint32_t slot, const Event& event) {
  const std::int64_t time = event.time;
  next_.clear();
  ways_.clear();
  ways_.set_looked_at(0);
  const auto go_on = [&](const State& from, const State& to, const Slots& done) {
    if (!looks_ahead_) return arrive(number_of(to), done, slot);
    if (item_.has_hope(from, to, time)) arrive(number_of(item_.essence(to, time)), done, slot);
  };
  for (const Configuration& c : now_.list()) {
    arrive(looks_ahead_ ? number_of(item_.essence(states_[c.state], time)) : c.state, c.done, slot);
  }
  for (std::size_t i = 0; i < ways_.size(); ++i) {
    if (ways_.size() + next_.size() > model_.most_configurations || ++looked_at_ > kPatience * model_.most_configurations) return false;
    ways_.set_looked_at(i + 1);
    const Configuration c = ways_[i];
    const State state = states_[c.state];
    if (item_.may_vanish(state, time)) go_on(state, State{}, c.done);
    for (const Open& open : open_changes_) {
      if (c.done.has(open.slot)) continue;
      const auto changed = item_.apply(*open.step, state);
      if (!changed) continue;
      Slots done = c.done;
      done.add(open.slot);
      go_on(state, *changed, done);
    }
  }
  if (event.what == Event::What::kOver) {
    for (Configuration c : now_.list()) {
      c.done.remove(slot);
      next_.add(c.state, c.done, optional_);
    }
  }
  std::swap(now_, next_);
  return true;
}

void Search::arrive(StateNumber state, Slots done, std::uint32_t wanted) {
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

States Search::possible_states() const {
  std::set<StateNumber> all;
  for (const Configuration& c : now_.list()) all.insert(c.state);
  States states;
  for (const StateNumber number : all) states.push_back(states_[number]);
  return states;
}

// The operations under way, for a person.
std::string Search::open() const {
  std::map<std::string_view, unsigned> kinds;
  for (const Open& o : open_changes_) ++kinds[name_of(o.step->operation->kind)];
  std::string text = fmt::format("{} reads", open_reads_.size());
  for (const auto& [kind, count] : kinds) text += fmt::format(", {} {}", count, kind);
  return text;
}

}  // namespace coherence
