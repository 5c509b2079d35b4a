// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/include.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <set>

#include "elements/sdk/suggest.h"
#include "graph/yaml_reader.h"

namespace smartswitch::graph {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kMostFiles = 256;
constexpr std::size_t kMostIncluded = 32;

const std::vector<std::string>& section_names() {
  static const std::vector<std::string> names = {"smartswitch", "include",   "variables", "ports", "state",  "elements",
                                                 "connections", "templates", "workers",   "pool",  "control"};
  return names;
}

/// What tells a file from another, however its path is written.
std::string identity(const std::string& path) {
  std::error_code error;
  const std::filesystem::path canonical = std::filesystem::weakly_canonical(path, error);
  return error ? path : canonical.string();
}

class Reader {
 public:
  Reader(const LoadOptions& options, Sources& sources, Variables& variables, Report& report, Sections& sections)
      : options_(options), sources_(sources), variables_(variables), report_(report), sections_(sections) {}

  bool read(const std::string& name, std::string text) {
    const std::string id = identity(name);
    seen_.insert(id);
    chain_.push_back({name, id});
    if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
    sources_.add(name, text);
    const auto root = read_yaml(text, name, report_);
    if (!root) {
      good_ = false;
    } else if (root->is_null()) {
      report_.fault(root->where(), "the file is empty", "start it with `smartswitch: 1`");
      good_ = false;
    } else if (!root->is_map()) {
      report_.fault(root->where(), fmt::format("a configuration is a map of sections, not {}", root->spoken()),
                    "start it with `smartswitch: 1`");
      good_ = false;
    } else {
      take_document(*root);
    }
    chain_.pop_back();
    return good_;
  }

 private:
  struct Open {
    std::string name;
    std::string id;
  };

  void take_document(const Value& root) {
    const Value& document = sections_.documents.emplace_back(root);
    check_version(document);
    // Variables come first, because the names of included files may use them; included sections come before the file's own.
    if (const Value* section = document.find("variables")) variables_.define(*section);
    if (const Value* include = document.find("include")) read_included(*include);
    for (const Value::Member& member : document.members()) take_section(member);
  }

  void check_version(const Value& document) {
    const Value* version = document.find("smartswitch");
    if (version == nullptr) {
      if (chain_.size() == 1) {
        report_.fault(document.where(), "the language version is missing", "write `smartswitch: 1` on the first line");
      }
    } else if (version->text() != "1") {
      report_.fault(version->where(), fmt::format("{} is not a language version that this program knows", version->spoken()),
                    "write `smartswitch: 1`");
    }
  }

  void once(const Value::Member& member, const Value::Member*& section) {
    if (section == nullptr) {
      section = &member;
    } else {
      report_.twice(member.key, member.where, section->where);
    }
  }

  void take_section(const Value::Member& member) {
    const auto list = [&](std::vector<const Value*>& into) {
      if (!member.value.is_list() && !member.value.is_null()) {
        report_.fault(member.value.where(), fmt::format("`{}` is a list, not {}", member.key, member.value.spoken()));
        sections_.complete = false;
      }
      for (const Value& item : member.value.items()) into.push_back(&item);
    };
    const auto map = [&](std::vector<const Value::Member*>& into) {
      if (!member.value.is_map() && !member.value.is_null()) {
        report_.fault(member.value.where(), fmt::format("`{}` is a map of names, not {}", member.key, member.value.spoken()),
                      "write `name: {...}`, a line for each");
        sections_.complete = false;
      }
      for (const Value::Member& entry : member.value.members()) {
        const auto [first, is_new] = places_[member.key].emplace(entry.key, entry.where);
        if (is_new) {
          into.push_back(&entry);
        } else if (!report_.full()) {
          report_.twice(entry.key, entry.where, first->second);
        }
      }
    };
    if (member.key == "ports") {
      map(sections_.ports);
    } else if (member.key == "state") {
      map(sections_.state);
    } else if (member.key == "elements") {
      if (sections_.elements_key == nullptr) sections_.elements_key = &member;
      map(sections_.elements);
    } else if (member.key == "templates") {
      map(sections_.templates);
    } else if (member.key == "connections") {
      list(sections_.connections);
    } else if (member.key == "workers") {
      if (sections_.workers_key == nullptr) sections_.workers_key = &member;
      list(sections_.workers);
    } else if (member.key == "pool") {
      once(member, sections_.pool);
    } else if (member.key == "control") {
      once(member, sections_.control);
    } else if (member.key != "smartswitch" && member.key != "include" && member.key != "variables") {
      const std::string hint = did_you_mean(member.key, section_names());
      if (!hint.empty()) sections_.complete = false;
      report_.fault(member.where, fmt::format("unknown section `{}`", member.key),
                    hint.empty() ? "the sections are " + spoken_list(section_names()) : hint);
    }
  }

  void read_included(const Value& list) {
    if (list.is_null()) return;
    if (!options_.includes) {
      report_.fault(list.where(), "`include` is not allowed here");
      return;
    }
    std::vector<Value> one;
    if (list.is_scalar()) one.push_back(list);
    if (list.is_map()) report_.fault(list.where(), "`include` is a list of files, not a map", "write `include: [common.yaml]`");
    for (const Value& item : list.is_scalar() ? one : list.items()) {
      if (report_.full()) return;
      read_one(variables_.fill(item, nullptr));
    }
  }

  void read_one(const Value& item) {
    if (report_.spoiled(item.where())) {
      good_ = false;
      return;
    }
    if (!item.is_scalar() || item.text().empty()) {
      report_.fault(item.where(), fmt::format("{} is not the name of a file", item.spoken()));
      return;
    }
    const auto path = (std::filesystem::path(chain_.back().name).parent_path() / item.text()).lexically_normal();
    const std::string name = path.string();
    const std::string id = identity(name);
    for (std::size_t i = 0; i < chain_.size(); ++i) {
      if (chain_[i].id != id) continue;
      std::string circle;
      for (std::size_t j = i; j < chain_.size(); ++j) circle += chain_[j].name + " -> ";
      report_.fault(item.where(), fmt::format("`{}` includes itself: {}{}", chain_[i].name, circle, chain_[i].name));
      good_ = false;
      return;
    }
    if (seen_.contains(id)) return;
    if (seen_.size() >= kMostFiles || chain_.size() >= kMostIncluded) {
      report_.fault(item.where(), fmt::format("a configuration has at most {} files, included at most {} deep", kMostFiles, kMostIncluded));
      return;
    }
    FileText file = read_file(name);
    if (!file.text) {
      report_.fault(item.where(), fmt::format("cannot include `{}`: {}", name, file.fault), "the name counts from the folder of this file");
      good_ = false;
      return;
    }
    read(name, std::move(*file.text));
  }

  const LoadOptions& options_;
  Sources& sources_;
  Variables& variables_;
  Report& report_;
  Sections& sections_;
  std::vector<Open> chain_;
  std::set<std::string> seen_;
  std::map<std::string, std::map<std::string, Location>> places_;
  bool good_ = true;
};

}  // namespace

bool read_sections(const std::string& name, std::string text, const LoadOptions& options, Sources& sources, Variables& variables,
                   Report& report, Sections& sections) {
  sections.start = {name, 1, 1};
  return Reader(options, sources, variables, report, sections).read(name, std::move(text));
}

}  // namespace smartswitch::graph
