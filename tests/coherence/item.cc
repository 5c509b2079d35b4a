// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "tests/coherence/item.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace coherence {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

bool derives(Kind kind) { return kind == Kind::kAppend || kind == Kind::kPrepend || kind == Kind::kIncr || kind == Kind::kDecr; }

bool bracketed(const std::string& text) {
  return text.size() > 2 && text.front() == '<' && text.find('<', 1) == std::string::npos && text.find('>') == text.size() - 1;
}

// memcached counts whole seconds, on a clock that may lag by one when the machine is busy.
State with_expiry(State s, const Step& step) {
  const Operation& o = *step.operation;
  s.expires_from = s.expires_until = Model::kForEver;
  if (o.expiry < 0) return {};
  if (o.expiry > 0) {
    s.expires_from = later(o.invoked, std::max(o.expiry - 2, 0) * kSecond);
    s.expires_until = later(step.optional ? step.until : o.completed, (o.expiry + 1) * kSecond);
  }
  return s;
}

State shown(State s, const Operation& o) {
  s.version = o.number;
  return s;
}

std::optional<State> only_if(bool good, const State& state) { return good ? std::optional(state) : std::nullopt; }

}  // namespace

std::int64_t later(std::int64_t time, std::int64_t ns) { return time > Model::kForEver - ns ? Model::kForEver : time + ns; }

Item::Item(const std::vector<const Operation*>& operations, const Model& model) : model_(model) {
  std::unordered_map<Text, unsigned> written;
  for (const Operation* o : operations) {
    any_expiry_ = any_expiry_ || o->expiry != 0;
    if (stores(o->kind)) ++written[texts_.of(o->argument)];
    if (shows_version(o->kind) && o->outcome == Outcome::kOk) shown_[texts_.of(o->result)].insert(o->number);
  }
  const bool any_derived = std::ranges::any_of(operations, [](const Operation* o) { return derives(o->kind); });
  const bool once = model.repeats_within == 0 && std::ranges::all_of(written, [](const auto& w) { return w.second == 1; });
  const bool all_bracketed = std::ranges::all_of(written, [this](const auto& w) { return bracketed(texts_[w.first]); });
  if (!any_derived && model.repeats_within == 0) learn_versions(written);
  // Where several operations make one value, what each has given can be told if it stands <in> <brackets>.
  clear_parts_ = !any_derived || all_bracketed;
  unique_parts_ = clear_parts_ && once;
  if (clear_parts_) learn_needs(operations);
}

void Item::learn_versions(const std::unordered_map<Text, unsigned>& written) {
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

void Item::learn_needs(const std::vector<const Operation*>& operations) {
  for (const Operation* o : operations) {
    if (o->outcome != Outcome::kOk || !reads_value(o->kind)) continue;
    const Text read = texts_.of(o->result);
    for_each_part(o->result, [&](Text part) { needs_[part].include({.asked = o->invoked, .answered = o->completed, .read = read}); });
  }
}

template <class Function>
void Item::for_each_part(const std::string& value, Function function) {
  if (!value.starts_with('<')) return function(texts_.of(value));
  for (std::size_t at = 0; at < value.size();) {
    const std::size_t end = std::min(value.find('>', at), value.size() - 1) + 1;
    function(texts_.of(value.substr(at, end - at)));
    at = end;
  }
}

Item::Need Item::need_of(Text value) {
  if (value >= value_needs_.size()) value_needs_.resize(std::max<std::size_t>(value + 1, texts_.size()));
  if (value_needs_[value]) return *value_needs_[value];
  Need all;
  if (value != kAbsent) {
    for_each_part(std::string(texts_[value]), [&](Text part) {
      const auto need = needs_.find(part);
      if (need != needs_.end()) all.include(need->second);
    });
  }
  value_needs_[value] = all;
  return all;
}

bool Item::has_hope(const State& from, const State& to, std::int64_t time) {
  if (!unique_parts_ || from.value == to.value) return true;
  const Need next = need_of(to.value);
  if (next.asked > time && texts_[next.read].find(texts_[to.value]) == std::string::npos) return false;
  return need_of(from.value).asked <= time || (to.value != kAbsent && texts_[to.value].find(texts_[from.value]) != std::string::npos);
}

State Item::essence(State state, std::int64_t time) {
  if (clear_parts_ && state.value != kAbsent && need_of(state.value).answered < time) {
    state.value = kUnread;
    state.flags = 0;
  }
  return state;
}

bool Item::may_vanish(const State& state, std::int64_t time) const {
  return state.value != kAbsent && (model_.forgets || state.expires_from <= time);
}

void Item::add_steps(const Operation& o, std::vector<Step>& steps) {
  const bool unknown = o.outcome == Outcome::kUnknown;
  // Where nothing expires, a new time to live is no change.
  const bool read = o.kind == Kind::kGet || o.kind == Kind::kGets || (renews(o.kind) && !any_expiry_);
  if (unknown && read) return;  // whatever came of it, nobody knows
  Step step{.operation = &o, .argument = texts_.of(o.argument), .result = texts_.of(o.result)};
  step.from = o.invoked;
  step.optional = unknown;
  step.reads = read || o.outcome == Outcome::kRefused || o.outcome == Outcome::kMissing;
  step.changes = !step.reads || shows_version(o.kind);
  step.until = unknown ? later(o.invoked, model_.unknown_lasts) : o.completed;
  steps.push_back(step);
  if (model_.repeats_within == 0 || read || o.kind == Kind::kFlush) return;
  step.optional = step.changes = true;
  step.reads = false;
  step.until = later(o.invoked, model_.repeats_within);
  steps.push_back(step);
}

std::optional<State> Item::apply(const Step& step, const State& s) {
  const Operation& o = *step.operation;
  const bool there = s.value != kAbsent && o.invoked <= s.expires_until;
  if (!step.optional && o.outcome == Outcome::kMissing) return only_if(s.value == kAbsent, s);
  const bool refused = !step.optional && o.outcome == Outcome::kRefused;
  const bool same = s.value == step.result && s.flags == o.flags;
  switch (o.kind) {
    case Kind::kGet:
      return only_if(there && same, s);
    case Kind::kGets:
      return only_if(there && same && may_be(s, o.number), shown(s, o));
    case Kind::kGats:
      if (step.optional) return only_if(there, with_expiry(s, step));
      return only_if(there && same && may_be(s, o.number), with_expiry(shown(s, o), step));
    case Kind::kGat:
      return only_if(there && (step.optional || same), with_expiry(s, step));
    case Kind::kSet:
      return made(step);
    case Kind::kAdd:
      return refused ? only_if(there, s) : only_if(s.value == kAbsent, made(step));
    case Kind::kReplace:
      return refused ? only_if(s.value == kAbsent, s) : only_if(there, made(step));
    case Kind::kAppend:
    case Kind::kPrepend:
      if (refused) return only_if(s.value == kAbsent, s);
      if (!there) return std::nullopt;
      return derived(o.kind == Kind::kAppend ? texts_[s.value] + o.argument : o.argument + texts_[s.value], s);
    case Kind::kCas:
      return refused ? only_if(there && s.version != o.number, s) : only_if(there && may_be(s, o.number), made(step));
    case Kind::kDelete:
      if (refused) return only_if(there && s.version != o.number, s);
      return only_if(there && (o.number == 0 || may_be(s, o.number)), State{});
    case Kind::kIncr:
    case Kind::kDecr:
      return counted(step, s, there, refused);
    case Kind::kTouch:
      return only_if(there, with_expiry(s, step));
    case Kind::kFlush:
      return only_if(there || !step.optional, State{});
  }
  return std::nullopt;
}

bool Item::may_be(const State& s, std::uint64_t version) const {
  const auto shown = shown_.find(s.value);
  // A server that has started anew counts versions from the beginning: one that was shown of another value may be that of this one.
  if (model_.forgets && (s.version == kNeverShown || s.version == kOpen) && shown == shown_.end()) return true;
  if (s.version != kOpen) return s.version == version;
  if (model_.repeats_within > 0) return true;
  return shown != shown_.end() && shown->second.contains(version);
}

State Item::made(const Step& step) const {
  const auto exact = exact_.find(step.argument);
  const std::uint64_t version = exact == exact_.end() ? kOpen : exact->second;
  return with_expiry({.value = step.argument, .flags = step.operation->flags, .version = version}, step);
}

State Item::derived(std::string text, State s) {
  s.value = texts_.of(std::move(text));
  s.version = kOpen;
  return s;
}

std::optional<State> Item::counted(const Step& step, const State& s, bool there, bool refused) {
  if (!there) return std::nullopt;
  const std::string& text = texts_[s.value];
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool counts = error == std::errc() && end == text.data() + text.size();
  if (refused) return only_if(!counts, s);
  if (!counts) return std::nullopt;
  const Operation& o = *step.operation;
  number = o.kind == Kind::kIncr ? number + o.number : number - std::min(number, o.number);
  const State next = derived(std::to_string(number), s);
  return only_if(step.optional || next.value == step.result, next);
}

}  // namespace coherence
