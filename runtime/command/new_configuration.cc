// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/command/new_configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "elements/sdk/suggest.h"

namespace smartswitch::command {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string kind_of(const EmbeddedFile& file) { return std::string(file.name.substr(0, file.name.rfind('.'))); }

const EmbeddedFile* find_kind(const std::string& kind) {
  const auto files = example_configurations();
  const auto found = std::find_if(files.begin(), files.end(), [&kind](const EmbeddedFile& file) { return kind_of(file) == kind; });
  return found == files.end() ? nullptr : &*found;
}

/// What is said at the top of an example, without the lines about licence and about this very file.
Lines comment_of(const Lines& example) {
  static const std::regex about_itself("#( SPDX-| Copyright|   smartswitch | (Try it|Run it|See it|On several cores):).*");
  Lines comment;
  for (const std::string& line : example) {
    if (!line.starts_with('#')) break;
    if (!std::regex_match(line, about_itself)) comment.push_back(line);
  }
  while (!comment.empty() && comment.back() == "#") comment.pop_back();
  while (!comment.empty() && comment.front() == "#") comment.erase(comment.begin());
  return comment;
}

// ---- servers

/// In an example with two servers, all that belongs to one of them ends in its number: `receive1`, `SERVER2_MAC`.
const std::regex& own_of_first() {
  static const std::regex pattern("([A-Za-z_])1(?![0-9])");
  return pattern;
}
const std::regex& own_of_second() {
  static const std::regex pattern("([A-Za-z_])2(?![0-9])");
  return pattern;
}

bool has_servers(const Lines& example) {
  return std::any_of(example.begin(), example.end(), [](const std::string& line) { return line.starts_with("  SERVER1_DEV:"); });
}

std::string for_server(const std::string& line, std::size_t number) {
  return std::regex_replace(line, own_of_first(), fmt::format("$01{}", number));
}

/// "a1.x, a2.x" becomes as many as there are servers.
std::string with_all(const std::string& line, std::size_t servers) {
  static const std::regex both(R"(([A-Za-z_]+)1((\.[a-z]+)?), \1(?:2)\2)");
  std::string result;
  std::string rest = line;
  for (std::smatch found; std::regex_search(rest, found, both); rest = found.suffix()) {
    result += found.prefix();
    for (std::size_t i = 1; i <= servers; ++i) result += fmt::format("{}{}{}{}", i == 1 ? "" : ", ", found.str(1), i, found.str(2));
  }
  return result + rest;
}

Lines with_servers(const Lines& example, std::size_t servers) {
  Lines result;
  for (const std::string& line : example) {
    const bool first = std::regex_search(line, own_of_first());
    const bool second = std::regex_search(line, own_of_second());
    if (first && second) {
      result.push_back(with_all(line, servers));
    } else if (first) {
      for (std::size_t i = 1; i <= servers; ++i) result.push_back(for_server(line, i));
    } else if (!second) {
      result.push_back(line);
    }
  }
  return result;
}

void name_server(Lines& lines, std::size_t number, const std::string& name) {
  const std::regex old(fmt::format("name: mc{}(?![0-9])", number));
  for (std::string& line : lines) line = std::regex_replace(line, old, "name: " + name);
}

// ---- variables

std::string yaml_quoted(const std::string& value) {
  static const std::regex plain("[A-Za-z0-9_./+-]+");
  if (std::regex_match(value, plain)) return value;
  std::string text = "'";
  for (const char c : value) text += c == '\'' ? std::string("''") : std::string(1, c);
  return text + "'";
}

struct Variable {
  std::size_t line;
  std::string name;
};

/// Those of `variables:`, in their order.
std::vector<Variable> variables_of(const Lines& lines) {
  static const std::regex entry("  ([A-Za-z_][A-Za-z0-9_]*): .*");
  std::vector<Variable> variables;
  bool inside = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].empty() && lines[i].front() != ' ') inside = lines[i] == "variables:";
    std::smatch found;
    if (inside && std::regex_match(lines[i], found, entry)) variables.push_back({i, found.str(1)});
  }
  return variables;
}

/// Gives a variable another default; what stands behind it on its line stays.
void set_variable(std::string& line, const std::string& value) {
  static const std::regex entry(R"re((  [A-Za-z0-9_]+: +)("[^"]*"|[^ #]+)(.*))re");
  std::smatch found;
  if (std::regex_match(line, found, entry)) line = found.str(1) + yaml_quoted(value) + found.str(3);
}

class Devices {
 public:
  /// What DPDK takes: an interface of Linux becomes a packet socket on it.
  std::string dpdk_name(const std::string& device) {
    static const std::regex on_the_bus("([0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\\.[0-7].*");
    if (device.starts_with("net_") || std::regex_match(device, on_the_bus)) return device;
    return fmt::format("net_af_packet{},iface={}", sockets_++, device);
  }

 private:
  unsigned sockets_ = 0;
};

void collect(const NewConfiguration& wish, const std::vector<Variable>& variables, std::map<std::string, std::string>& values,
             Problems& problems) {
  Devices devices;
  std::vector<std::string> ends;
  for (const Variable& variable : variables) {
    const bool is_device = variable.name == "DEV" || variable.name.ends_with("_DEV");
    if (is_device && !variable.name.starts_with("SERVER")) ends.push_back(variable.name);
  }
  if (wish.devices.size() > ends.size()) {
    problems.add({}, fmt::format("{} devices are too many for `{}`", wish.devices.size(), wish.kind), "it takes " + spoken_list(ends));
  }
  for (std::size_t i = 0; i < std::min(ends.size(), wish.devices.size()); ++i) values[ends[i]] = devices.dpdk_name(wish.devices[i]);
  for (std::size_t i = 0; i < wish.servers.size(); ++i) {
    const std::string prefix = fmt::format("SERVER{}_", i + 1);
    values[prefix + "DEV"] = devices.dpdk_name(wish.servers[i].device);
    values[prefix + "MAC"] = wish.servers[i].mac;
    values[prefix + "ADDRESS"] = wish.servers[i].address;
  }
  for (const auto& [name, value] : wish.settings) values[name] = value;
}

void fill_in(const std::map<std::string, std::string>& values, const std::vector<Variable>& variables, Lines& lines, Problems& problems) {
  std::vector<std::string> known;
  for (const Variable& variable : variables) known.push_back(variable.name);
  for (const auto& [name, value] : values) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) {
      const std::string hint = did_you_mean(name, known);
      problems.add({}, fmt::format("there is no variable `{}` in it", name), hint.empty() ? "it has " + spoken_list(known) : hint);
    } else if (value.find_first_of("\n\r") != std::string::npos) {
      problems.add({}, fmt::format("the value of `{}` has more than one line", name));
    } else {
      set_variable(lines[variables[static_cast<std::size_t>(found - known.begin())].line], value);
    }
  }
}

}  // namespace

std::vector<KindOfConfiguration> kinds_of_configurations() {
  std::vector<KindOfConfiguration> kinds;
  for (const EmbeddedFile& file : example_configurations()) {
    const Lines comment = comment_of(lines_of(file.text));
    kinds.push_back({kind_of(file), comment.empty() ? "" : comment.front().substr(2)});
  }
  return kinds;
}

std::string new_configuration(const NewConfiguration& wish, Problems& problems) {
  const EmbeddedFile* file = find_kind(wish.kind);
  if (file == nullptr) {
    std::vector<std::string> names;
    for (const KindOfConfiguration& kind : kinds_of_configurations()) names.push_back(kind.name);
    const std::string hint = did_you_mean(wish.kind, names);
    problems.add({}, fmt::format("there is no kind `{}`", wish.kind), hint.empty() ? "there are " + spoken_list(names) : hint);
    return {};
  }
  Lines lines = lines_of(file->text);
  const Lines comment = comment_of(lines);
  lines.erase(lines.begin(), std::find_if(lines.begin(), lines.end(), [](const std::string& line) { return !line.starts_with('#'); }));
  if (!wish.servers.empty()) {
    if (!has_servers(lines)) {
      problems.add({}, fmt::format("`{}` has no servers", wish.kind), "leave --server away");
      return {};
    }
    lines = with_servers(lines, wish.servers.size());
    for (std::size_t i = wish.servers.size(); i > 0; --i) name_server(lines, i, wish.servers[i - 1].name);
  }
  const std::vector<Variable> variables = variables_of(lines);
  std::map<std::string, std::string> values;
  collect(wish, variables, values, problems);
  fill_in(values, variables, lines, problems);
  if (!problems.empty()) return {};

  std::string text = fmt::format("# Made by `smartswitch new-config {}`: yours to change.\n#\n", wish.kind);
  lines.insert(lines.begin(), comment.begin(), comment.end());
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace smartswitch::command
