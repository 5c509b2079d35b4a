// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/command/reference.h"

#include <fmt/format.h>

#include <cctype>
#include <map>
#include <vector>

#include "elements/sdk/registry.h"

namespace smartswitch::command {
namespace {

// One line about something a class has: what a table row or a paragraph is made from.
struct Entry {
  std::string name;
  std::string kind;  // type, default and bounds of a parameter; the kind of a port
  std::string help;
  unsigned depth = 0;  // of fields within a map parameter
};

struct Part {
  std::string title;
  std::vector<Entry> entries;
};

std::string group_text(PortGroup group, const std::string& keys) {
  if (group == PortGroup::kNumbered) return "0, 1, ...: as many as are connected";
  if (group == PortGroup::kKeyed) return fmt::format("one for each member of `{}`", keys);
  return {};
}

void add_parameters(const std::vector<ParameterInfo>& parameters, unsigned depth, std::vector<Entry>& entries) {
  for (const ParameterInfo& p : parameters) {
    std::string kind = p.type;
    if (!p.bounds.empty()) kind += ", " + p.bounds;
    kind += p.required ? "; required" : p.default_text.empty() ? "" : fmt::format("; default {}", p.default_text);
    entries.push_back({p.name, kind, p.help, depth});
    add_parameters(p.fields, depth + 1, entries);
  }
}

void add_common(const ClassInfo& info, std::vector<Part>& parts) {
  Part parameters{"Parameters", {}};
  add_parameters(info.parameters, 0, parameters.entries);
  Part counters{"Counters", {}};
  Part drops{"Reasons for dropping packets", {}};
  for (const CounterInfo& c : info.counters) (c.drop ? drops : counters).entries.push_back({c.name, "", c.help});
  Part handlers{"Handlers", {}};
  for (const HandlerInfo& h : info.handlers) {
    std::string kind = h.argument.empty() ? "" : "takes a " + h.argument;
    if (!h.result.empty()) kind += (kind.empty() ? "gives a " : ", gives a ") + h.result;
    handlers.entries.push_back({h.name, kind, h.help});
  }
  for (Part* part : {&parameters, &counters, &drops, &handlers}) {
    if (!part->entries.empty()) parts.push_back(std::move(*part));
  }
}

std::vector<Part> parts_of(const ElementInfo& info) {
  std::vector<Part> parts;
  Part inputs{"Inputs", {}};
  for (const InputInfo& in : info.inputs) inputs.entries.push_back({in.name, group_text(in.group, in.keys), in.help});
  Part outputs{"Outputs", {}};
  for (const OutputInfo& out : info.outputs) {
    std::string kind = group_text(out.group, out.keys);
    if (out.optional) kind += kind.empty() ? "may stay unconnected" : "; may stay unconnected";
    outputs.entries.push_back({out.name, kind, out.help});
  }
  Part histograms{"Durations", {}};
  for (const HistogramInfo& h : info.histograms) histograms.entries.push_back({h.name, "", h.help});
  if (!inputs.entries.empty()) parts.push_back(std::move(inputs));
  if (!outputs.entries.empty()) parts.push_back(std::move(outputs));
  add_common(info, parts);
  if (!histograms.entries.empty()) parts.push_back(std::move(histograms));
  return parts;
}

std::vector<Part> parts_of(const StateInfo& info) {
  std::vector<Part> parts;
  add_common(info, parts);
  Part rankings{"Rankings", {}};
  for (const RankingInfo& r : info.rankings) rankings.entries.push_back({r.name, "", r.help});
  if (!rankings.entries.empty()) parts.push_back(std::move(rankings));
  return parts;
}

std::string role_of(const ElementInfo& info) {
  if (info.border) return "A border: its input and its output may be on different workers.";
  if (info.poll != nullptr) return "A source: a worker polls it.";
  return {};
}
std::string role_of(const StateInfo& info) { return fmt::format("Elements refer to it by its name in `state:` (class {}).", info.name); }

template <class Info>
std::string text_of(const Info& info, const std::string& kind, bool colour) {
  const std::string bold = colour ? "\x1b[1m" : "";
  const std::string plain = colour ? "\x1b[0m" : "";
  std::string text = fmt::format("{}{}{} ({} of {})\n{}\n", bold, info.name, plain, kind, info.room, info.summary);
  if (!info.details.empty()) text += "\n" + info.details + "\n";
  if (const std::string role = role_of(info); !role.empty()) text += "\n" + role + "\n";
  for (const Part& part : parts_of(info)) {
    text += fmt::format("\n{}{}{}\n", bold, part.title, plain);
    for (const Entry& entry : part.entries) {
      const std::string indent(2 + 2 * entry.depth, ' ');
      text += entry.kind.empty() ? fmt::format("{}{}\n", indent, entry.name) : fmt::format("{}{} ({})\n", indent, entry.name, entry.kind);
      if (!entry.help.empty()) text += fmt::format("{}    {}\n", indent, entry.help);
    }
  }
  if (!info.example.empty()) text += fmt::format("\n{}Example{}\n{}\n", bold, plain, info.example);
  return text;
}

// The anchor that Markdown viewers give a heading.
std::string anchor(const std::string& heading) {
  std::string text;
  for (char c : heading) text += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

template <class Info>
void add_links(const std::vector<const Info*>& infos, std::string& text) {
  for (const Info* info : infos) text += fmt::format("{}[{}](#{})", text.ends_with(':') ? " " : ", ", info->name, anchor(info->name));
}

// A table cell must not end early or start a new row.
std::string cell(const std::string& text) {
  std::string safe;
  for (char c : text) {
    if (c == '|') safe += '\\';
    safe += c == '\n' ? ' ' : c;
  }
  return safe;
}

template <class Info>
std::string markdown_of(const Info& info) {
  std::string text = fmt::format("### {}\n\n{}\n", info.name, info.summary);
  if (!info.details.empty()) text += "\n" + info.details + "\n";
  if (const std::string role = role_of(info); !role.empty()) text += "\n" + role + "\n";
  for (const Part& part : parts_of(info)) {
    const bool kinds = part.title == "Parameters" || part.title == "Outputs" || part.title == "Inputs";
    text += fmt::format("\n| {} |{} |\n|---|{}---|\n", part.title, kinds ? " |" : "", kinds ? "---|" : "");
    for (const Entry& entry : part.entries) {
      std::string nesting;
      for (unsigned i = 0; i < entry.depth; ++i) nesting += ". ";
      text += fmt::format("| {}`{}` |", nesting, cell(entry.name));
      if (kinds) text += fmt::format(" {} |", cell(entry.kind));
      text += fmt::format(" {} |\n", cell(entry.help));
    }
  }
  if (!info.example.empty()) text += fmt::format("\n```yaml\n{}\n```\n", info.example);
  return text + "\n";
}

}  // namespace

std::string reference_text(const ElementInfo& info, bool colour) { return text_of(info, "element", colour); }
std::string reference_text(const StateInfo& info, bool colour) { return text_of(info, "state", colour); }
std::string reference_markdown(const ElementInfo& info) { return markdown_of(info); }
std::string reference_markdown(const StateInfo& info) { return markdown_of(info); }

std::string reference_page() {
  struct Room {
    std::vector<const ElementInfo*> elements;
    std::vector<const StateInfo*> states;
  };
  std::map<std::string, Room> rooms;
  for (const ElementInfo* info : Registry::instance().elements()) rooms[info->room].elements.push_back(info);
  for (const StateInfo* info : Registry::instance().states()) rooms[info->room].states.push_back(info);

  std::string text =
      "# Element reference\n\n"
      "Made by `smartswitch describe --all --markdown` from what the classes declare of themselves. Do not edit: run it again.\n";
  for (const auto& [room, members] : rooms) {
    std::string line = fmt::format("\n- {}:", room);
    add_links(members.elements, line);
    add_links(members.states, line);
    text += line;
  }
  text += "\n";
  for (const auto& [room, members] : rooms) {
    text += fmt::format("\n## {}\n\n", room);
    for (const ElementInfo* info : members.elements) text += reference_markdown(*info);
    for (const StateInfo* info : members.states) text += reference_markdown(*info);
  }
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

}  // namespace smartswitch::command
