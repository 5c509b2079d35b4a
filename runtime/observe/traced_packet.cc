// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/observe/traced_packet.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

namespace smartswitch::observe {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kSecond = 1'000'000'000;

std::string wall_clock(std::int64_t ns, const char* format) {
  const std::time_t seconds = ns / kSecond;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, format, &parts)};
}

std::string duration(std::int64_t ns) {
  if (ns < 1'000'000) return fmt::format("{:.1f} us", static_cast<double>(ns) / 1e3);
  return ns < kSecond ? fmt::format("{:.2f} ms", static_cast<double>(ns) / 1e6) : fmt::format("{:.2f} s", static_cast<double>(ns) / 1e9);
}

struct Style {
  const char* bold = "";
  const char* red = "";
  const char* dim = "";
  const char* off = "";
  explicit Style(bool colour) {
    if (!colour) return;
    bold = "\x1b[1m";
    red = "\x1b[31m";
    dim = "\x1b[2m";
    off = "\x1b[0m";
  }
};

std::string outputs_of(const Visit& visit) {
  std::vector<std::pair<std::string, unsigned>> ways;
  for (const Exit& exit : visit.exits) {
    const auto at = std::find_if(ways.begin(), ways.end(), [&](const auto& way) { return way.first == exit.output; });
    if (at == ways.end()) {
      ways.emplace_back(exit.output, 1);
    } else {
      ++at->second;
    }
  }
  std::string text = "->";
  for (const auto& [output, packets] : ways) {
    text += (text.size() > 2 ? ", " : " ") + output + (packets > 1 ? fmt::format(" ({} packets)", packets) : "");
  }
  return text;
}

std::string did(const Visit& visit) {
  if (visit.fate == Fate::kPassed) return outputs_of(visit);
  if (visit.fate == Fate::kDropped) return "dropped: " + visit.reason;
  return std::string(name_of(visit.fate));
}

// One that says no more than the fate does.
bool told_by_fate(const Visit& visit, const Rise& rise) {
  return rise.by == 1 && (rise.name == visit.reason || rise.name == name_of(visit.fate) || rise.name == "output " + visit.reason);
}

void add(std::string& list, const std::string& item) { list += (list.empty() ? "" : "; ") + item; }

std::string spoken(const Change& change) {
  if (change.before.empty() || change.name == "payload") return fmt::format("{} {}", change.name, change.after);
  if (change.after.empty()) return fmt::format("no {} any more", change.name);
  return fmt::format("{} {} (was {})", change.name, change.after, change.before);
}

std::string details_of(const Visit& visit) {
  std::string text = visit.help;
  for (const Rise& rise : visit.counters) {
    if (!told_by_fate(visit, rise)) add(text, fmt::format("{} +{}", rise.name, rise.by));
  }
  for (const Exit& exit : visit.exits) {
    const std::string which = visit.exits.size() > 1 ? exit.output + ": " : "";
    if (exit.made) add(text, fmt::format("{}made {}", which, exit.summary));
    for (const Change& change : exit.changes) add(text, which + spoken(change));
  }
  return text;
}

struct Widths {
  std::size_t element = 0;
  std::size_t element_class = 0;
  std::size_t did = 0;
};

Widths widths_of(const TracedPacket& packet) {
  constexpr std::size_t kWidestDeed = 24;
  Widths widths;
  for (const Visit& visit : packet.visits) {
    widths.element = std::max(widths.element, visit.element.size());
    widths.element_class = std::max(widths.element_class, visit.element_class.size());
    widths.did = std::max(widths.did, std::min(did(visit).size(), kWidestDeed));
  }
  return widths;
}

void add_block(std::string& text, const TracedPacket& packet, bool timed, const Style& style) {
  text += fmt::format("{}packet {}{}: {}\n", style.bold, packet.number, style.off, packet.summary);
  const std::string when =
      timed ? wall_clock(packet.wall_ns, "%H:%M:%S") + fmt::format(".{:06} UTC, ", packet.wall_ns % kSecond / 1000) : "";
  text += fmt::format("  {}{}from {} ({}) on {}{}\n", style.dim, when, packet.element, packet.element_class, packet.worker, style.off);
  const Widths widths = widths_of(packet);
  const Visit* before = nullptr;
  for (const Visit& visit : packet.visits) {
    std::string details;
    // Where it branches, or goes on after a while, the line above is not where it came from.
    if (before != nullptr && !visit.from.starts_with(before->element + ".")) add(details, "came by " + visit.from);
    if (visit.worker != (before == nullptr ? packet.worker : before->worker)) add(details, "on " + visit.worker);
    if (const std::string more = details_of(visit); !more.empty()) add(details, more);
    before = &visit;
    const bool bad = visit.fate == Fate::kDropped || visit.fate == Fate::kUnknown;
    std::string line = fmt::format("  {}{:<{}}  {:<{}}  {}{:<{}}{}", timed ? fmt::format("{:>9}  ", duration(visit.after_ns)) : "",
                                   visit.element, widths.element, visit.element_class, widths.element_class, bad ? style.red : "",
                                   did(visit), widths.did, bad ? style.off : "");
    if (!details.empty()) line += "  " + details;
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
    if (!visit.bytes.empty()) text += hexdump(visit.bytes, "      ");
  }
  text += "\n";
}

Json json_of(const std::vector<AnnotationWord>& words) {
  Json list = Json::object();
  for (const AnnotationWord& word : words) list[word.name] = word.value;
  return list;
}

Json json_of(const Exit& exit) {
  Json json = {{"output", exit.output}, {"made", exit.made}};
  if (exit.made) json["packet"] = exit.summary;
  Json& changes = json["changes"] = Json::array();
  for (const Change& change : exit.changes) changes.push_back({{"name", change.name}, {"before", change.before}, {"after", change.after}});
  return json;
}

Json json_of(const Visit& visit) {
  Json json = {{"element", visit.element},   {"class", visit.element_class}, {"worker", visit.worker},
               {"input", visit.input},       {"from", visit.from},           {"made", visit.made},
               {"after_ns", visit.after_ns}, {"took_ns", visit.took_ns},     {"fate", name_of(visit.fate)}};
  if (!visit.reason.empty()) json["reason"] = visit.reason;
  if (!visit.help.empty()) json["help"] = visit.help;
  Json& counters = json["counters"] = Json::object();
  for (const Rise& rise : visit.counters) counters[rise.name] = rise.by;
  Json& exits = json["exits"] = Json::array();
  for (const Exit& exit : visit.exits) exits.push_back(json_of(exit));
  json["annotations"] = json_of(visit.annotations);
  json["length"] = visit.length;
  if (!visit.bytes.empty()) {
    std::string hex;
    for (const std::uint8_t byte : visit.bytes) hex += fmt::format("{:02x}", byte);
    json["bytes"] = hex;
  }
  return json;
}

}  // namespace

std::string_view name_of(Fate fate) {
  switch (fate) {
    case Fate::kPassed:
      return "passed";
    case Fate::kSent:
      return "sent";
    case Fate::kDropped:
      return "dropped";
    case Fate::kHeld:
      return "held";
    case Fate::kConsumed:
      return "consumed";
    case Fate::kUnknown:
      return "not told";
  }
  return "";
}

std::string trace_text(const TraceResult& result, bool colour) {
  const Style style(colour);
  std::string text;
  for (const TracedPacket& packet : result.packets) add_block(text, packet, result.timed, style);
  text += result.packets.size() == 1 ? "1 packet" : fmt::format("{} packets", result.packets.size());
  if (result.asked > result.packets.size()) text += fmt::format(" of {} that were asked for: no more came", result.asked);
  if (result.left_out > 0) text += fmt::format("; {} visits left out, because a trace takes a bounded amount of memory", result.left_out);
  return text + "\n";
}

std::string trace_json(const TraceResult& result) {
  Json json = {{"asked", result.asked}, {"left_out", result.left_out}};
  Json& packets = json["packets"] = Json::array();
  for (const TracedPacket& packet : result.packets) {
    Json visits = Json::array();
    for (const Visit& visit : packet.visits) visits.push_back(json_of(visit));
    packets.push_back({{"number", packet.number},
                       {"element", packet.element},
                       {"class", packet.element_class},
                       {"worker", packet.worker},
                       {"time", wall_clock(packet.wall_ns, "%Y-%m-%dT%H:%M:%S") + fmt::format(".{:09}Z", packet.wall_ns % kSecond)},
                       {"packet", packet.summary},
                       {"visits", std::move(visits)}});
  }
  return json.dump(2) + "\n";
}

}  // namespace smartswitch::observe
