// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/observe/trace_story.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "elements/sdk/units.h"
#include "runtime/observe/gauges.h"

namespace smartswitch::observe {
namespace {

// A step and where to find what goes with it.
struct Noted {
  const TraceLog* log;
  const TraceStep* step;
  std::string server;  // that was chosen for it
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return log->bytes_of(*step); }
};

bool same(const NextHop& a, const NextHop& b) { return a.address == b.address && a.port == b.port && a.server == b.server; }

// The name is known where the server was chosen, and stays with the packet.
std::string server_of(const TraceStep& step, const Noted* before) {
  const NextHop& next = step.annotations.next;
  if (before != nullptr && same(before->step->annotations.next, next)) return before->server;
  // A refusal is noted in the place of a server, but without an address or a port (elements/memcached/refusal.h).
  if (next.address == 0 && next.port == 0) return {};
  const std::vector<std::string>& places = step.edge->from->places;
  std::string text = next.server < places.size() ? places[next.server] : std::to_string(next.server);
  if (next.address != 0) text += fmt::format(" ({}:{})", to_string(Ipv4Address{next.address}), next.port);
  return text;
}

std::string headers_text(const Headers& h) {
  std::string text = fmt::format("layer 3 at {}", h.l3);
  if (h.l4 != 0) text += fmt::format(", layer 4 at {}", h.l4);
  if (h.payload != 0) text += fmt::format(", payload of {} at {}", h.payload_length, h.payload);
  if (h.fragment) text += h.first_fragment ? ", first fragment" : ", fragment";
  if (h.malformed) text += ", malformed";
  return text;
}

std::vector<AnnotationWord> words_of(const Noted& noted) {
  const Annotations& a = noted.step->annotations;
  std::vector<AnnotationWord> words = annotation_words(a);
  if (a.paint != 0) words.push_back({"paint", std::to_string(a.paint)});
  if (a.key_length != 0) {
    const std::span<const std::uint8_t> bytes = noted.bytes();
    if (std::size_t{a.key_offset} + a.key_length <= bytes.size()) {
      words.push_back({"key", escaped({reinterpret_cast<const char*>(bytes.data()) + a.key_offset, a.key_length}, a.key_length)});
    } else {
      words.push_back({"key", fmt::format("{} bytes at {}", a.key_length, a.key_offset)});
    }
    words.push_back({"key hash", fmt::format("{:016x}", a.key_hash)});
  }
  if (a.headers.located) words.push_back({"headers", headers_text(a.headers)});
  if (!noted.server.empty()) words.push_back({"server", noted.server});
  return words;
}

// What is different in two lists of names and values.
template <class Word>
void compare(const std::vector<Word>& before, const std::vector<Word>& after, std::vector<Change>& changes) {
  const auto find = [](const std::vector<Word>& list, const std::string& name) -> std::string {
    const auto at = std::find_if(list.begin(), list.end(), [&](const Word& word) { return word.name == name; });
    return at == list.end() ? std::string() : at->value;
  };
  for (const Word& word : after) {
    const std::string was = find(before, word.name);
    if (was != word.value) changes.push_back({word.name, was, word.value});
  }
  for (const Word& word : before) {
    if (find(after, word.name).empty() && !word.value.empty()) changes.push_back({word.name, word.value, ""});
  }
}

std::vector<Change> changes_between(const Noted& before, const Noted& after) {
  std::vector<Change> changes;
  compare(words_of(before), words_of(after), changes);
  const std::size_t annotated = changes.size();
  compare(packet_fields(before.bytes(), before.step->length), packet_fields(after.bytes(), after.step->length), changes);
  // Fields that changed say more than that headers are elsewhere now.
  if (changes.size() > annotated && before.step->annotations.headers.located) {
    std::erase_if(changes, [](const Change& change) { return change.name == "headers"; });
  }
  if (changes.size() == annotated && before.step->hash != after.step->hash) changes.push_back({"bytes", "", "changed"});
  return changes;
}

std::string help_of(const Node& node, const std::string& reason) {
  for (const CounterInfo& counter : node.info->counters) {
    if (counter.name == reason) return counter.help;
  }
  return {};
}

Visit visit_of(const Noted& noted, const TraceStep& first, const TellOptions& options) {
  const TraceStep& step = *noted.step;
  const Node& node = *step.edge->to;
  Visit visit;
  visit.element = node.name;
  visit.element_class = node.info->name;
  visit.worker = step.edge->from->worker;
  visit.input = step.edge->input_name;
  visit.from = step.edge->name();
  visit.made = step.made;
  visit.after_ns = step.begin - first.begin;
  visit.took_ns = step.end - step.begin;
  for (std::size_t i = 0; i < step.rises; ++i) {
    const TraceStep::Rise& rise = step.rise[i];
    const Gauges::Kind kind = Gauges::kind(node, rise.gauge);
    const bool loose = kind == Gauges::Kind::kLoose;
    visit.counters.push_back({(loose ? "output " : "") + Gauges::name(node, rise.gauge), rise.by});
  }
  std::tie(visit.fate, visit.reason) = fate_of(step);
  if (visit.fate == Fate::kDropped) visit.help = help_of(node, visit.reason);
  visit.annotations = words_of(noted);
  visit.length = step.length;
  const auto bytes = noted.bytes();
  visit.bytes.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(bytes.size(), options.bytes)));
  return visit;
}

// Where the packet of `steps[i]` was before: in the step around it, or, if it was kept there, in the last one that it came to that element
// in.
std::optional<std::size_t> before(const std::vector<Noted>& steps, std::size_t i) {
  const Noted& noted = steps[i];
  if (noted.step->parent != TraceStep::kNone) {
    const TraceStep* parent = &noted.log->steps[static_cast<std::size_t>(noted.step->parent)];
    const auto at = std::find_if(steps.begin(), steps.end(), [&](const Noted& n) { return n.step == parent; });
    if (at != steps.end()) return static_cast<std::size_t>(at - steps.begin());
  }
  for (std::size_t j = i; j-- > 0;) {
    if (steps[j].step->edge->to->name == noted.step->edge->from->name && steps[j].step->ways_on == 0) return j;
  }
  return std::nullopt;
}

TracedPacket packet_of(std::vector<Noted>& steps, const TellOptions& options) {
  const Node& origin = *steps.front().step->edge->from;
  TracedPacket packet;
  packet.number = static_cast<unsigned>(steps.front().step->number - options.first_number) + 1;
  packet.element = origin.name;
  packet.element_class = origin.info->name;
  packet.worker = origin.worker;
  packet.wall_ns = steps.front().step->begin + options.wall_minus_monotonic;
  packet.summary = packet_line(steps.front().bytes(), steps.front().step->length);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    Noted& noted = steps[i];
    const std::optional<std::size_t> from = before(steps, i);
    noted.server = server_of(*noted.step, from ? &steps[*from] : nullptr);
    packet.visits.push_back(visit_of(noted, *steps.front().step, options));
    if (!from) continue;
    Exit exit{noted.step->edge->output_name, noted.step->made, {}, {}};
    if (exit.made) {
      exit.summary = packet_line(noted.bytes(), noted.step->length);
    } else {
      exit.changes = changes_between(steps[*from], noted);
    }
    Visit& left = packet.visits[*from];
    left.exits.push_back(std::move(exit));
    left.fate = Fate::kPassed;
    left.reason.clear();
    left.help.clear();
  }
  return packet;
}

}  // namespace

std::pair<Fate, std::string> fate_of(const TraceStep& step) {
  if (step.ways_on > 0) return {Fate::kPassed, {}};
  const Node& node = *step.edge->to;
  std::pair<Fate, std::string> fate = {node.info->border ? Fate::kHeld : Fate::kUnknown, {}};
  for (std::size_t i = 0; i < step.rises; ++i) {
    const std::size_t gauge = step.rise[i].gauge;
    switch (Gauges::kind(node, gauge)) {
      case Gauges::Kind::kDrop:
        return {Fate::kDropped, Gauges::name(node, gauge)};
      case Gauges::Kind::kLoose:
        return {Fate::kDropped, fmt::format("output `{}` leads nowhere", Gauges::name(node, gauge))};
      case Gauges::Kind::kSent:
        fate.first = Fate::kSent;
        break;
      case Gauges::Kind::kConsumed:
        fate.first = Fate::kConsumed;
        break;
      case Gauges::Kind::kHeld:
        fate.first = Fate::kHeld;
        break;
      default:
        break;
    }
  }
  return fate;
}

TraceResult tell(const std::vector<const TraceLog*>& logs, const TellOptions& options) {
  std::map<std::uint16_t, std::vector<Noted>> by_number;
  for (const TraceLog* log : logs) {
    for (const TraceStep& step : log->steps) by_number[step.number].push_back({log, &step, {}});
  }
  TraceResult result;
  for (auto& [number, steps] : by_number) {
    std::stable_sort(steps.begin(), steps.end(), [](const Noted& a, const Noted& b) { return a.step->begin < b.step->begin; });
    result.packets.push_back(packet_of(steps, options));
  }
  return result;
}

}  // namespace smartswitch::observe
