// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/variables.h"

#include <fmt/format.h>

#include <cstdlib>

#include "elements/sdk/suggest.h"
#include "graph/names.h"

namespace smartswitch::graph {
namespace {

// Templates in templates multiply what they are filled in with: these bound what a small hostile file can grow to.
constexpr std::size_t kMostTextBytes = 64U << 10;
constexpr std::size_t kMostFilledBytes = 64U << 20;
constexpr std::size_t kMostFilledNodes = 2'000'000;

/// The name in "${name}" if that is the whole text.
std::string_view only_reference(std::string_view text) {
  if (!text.starts_with("${") || !text.ends_with('}')) return {};
  const std::string_view name = text.substr(2, text.size() - 3);
  return is_variable_name(name) ? name : std::string_view();
}

}  // namespace

void Variables::define(const Value& section) {
  if (section.is_null()) return;
  if (!section.is_map()) {
    report_->fault(section.where(), fmt::format("{} is not a map of variables", section.spoken()), "write `variables: {NAME: default}`");
    return;
  }
  for (const Value::Member& member : section.members()) {
    if (report_->full()) return;
    if (!is_variable_name(member.key)) {
      report_->fault(member.where, fmt::format("a variable cannot be called `{}`", member.key),
                     "a variable's name has letters, digits and `_`, and does not start with a digit");
      continue;
    }
    if (!member.value.is_scalar() && !member.value.is_null()) {
      report_->fault(member.value.where(), fmt::format("a variable holds text, not {}", member.value.spoken()));
      continue;
    }
    Value value = fill(member.value, nullptr);
    const auto [first, is_new] = declared_.emplace(member.key, Value::null(member.where));
    if (!is_new) {
      report_->twice(member.key, member.where, first->second.where());
    } else if (value.is_scalar()) {
      first->second = Value(value.text(), member.where);
    }
  }
}

std::optional<std::string> Variables::find(const std::string& name) const {
  if (const auto given = options_->variables.find(name); given != options_->variables.end()) return given->second;
  if (options_->use_environment) {
    if (const char* text = std::getenv(name.c_str())) return text;
  }
  const auto declared = declared_.find(name);
  if (declared == declared_.end() || declared->second.is_null()) return std::nullopt;
  return declared->second.text();
}

Value Variables::fill(const Value& value, const Arguments* arguments) {
  if (!spend(value)) return value;
  switch (value.kind()) {
    case Value::Kind::kNull:
      return value;
    case Value::Kind::kScalar:
      return value.text().find('$') == std::string::npos ? value : fill_text(value, arguments);
    case Value::Kind::kList: {
      std::vector<Value> items;
      for (const Value& item : value.items()) items.push_back(fill(item, arguments));
      return Value::list(std::move(items), value.where());
    }
    case Value::Kind::kMap: {
      std::vector<Value::Member> members;
      for (const Value::Member& member : value.members()) members.emplace_back(member.key, fill(member.value, arguments), member.where);
      return Value::map(std::move(members), value.where());
    }
  }
  return value;
}

bool Variables::spend(const Value& value) {
  spent_bytes_ += value.text().size();
  if (++spent_nodes_ < kMostFilledNodes && spent_bytes_ < kMostFilledBytes) return true;
  if (!report_->spoiled(value.where()) && !report_->full()) {
    report_->spoil(value.where(), value.where(), "the configuration grows too large here", "templates in templates multiply");
  }
  return false;
}

void Variables::spoil(const Value& scalar, std::size_t offset, std::size_t length, std::string message, std::string hint) {
  report_->spoil(scalar.where(), sources_->inside(scalar, offset, length), std::move(message), std::move(hint));
}

Value Variables::fill_text(const Value& scalar, const Arguments* arguments) {
  const std::string& text = scalar.text();
  if (arguments != nullptr) {
    // A list or a map can only take the place of a whole text.
    const auto whole = arguments->find(std::string(only_reference(text)));
    if (whole != arguments->end() && !whole->second.is_scalar()) return fill(whole->second, nullptr);
  }
  std::string filled;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t dollar = std::min(text.find('$', at), text.size());
    filled.append(text, at, dollar - at);
    at = dollar;
    if (at == text.size()) break;
    if (text.compare(at, 2, "${") != 0) {
      filled += '$';
      at += text.compare(at, 2, "$$") == 0 ? 2 : 1;
      continue;
    }
    const std::size_t end = text.find('}', at);
    if (end == std::string::npos) {
      spoil(scalar, at, 2, "a `${` is not closed", "write `${NAME}` or `${NAME:-default}`; `$$` stands for a dollar");
      return scalar;
    }
    const auto value = resolve(scalar, at, std::string_view(text).substr(at + 2, end - at - 2), arguments);
    if (!value) return scalar;
    filled += *value;
    if (filled.size() > kMostTextBytes) {
      spoil(scalar, at, end + 1 - at, fmt::format("with its variables, this text is longer than {} KiB", kMostTextBytes >> 10), "");
      return scalar;
    }
    at = end + 1;
  }
  spent_bytes_ += filled.size();
  return Value(filled, scalar.where());
}

std::optional<std::string> Variables::resolve(const Value& scalar, std::size_t offset, std::string_view reference,
                                              const Arguments* arguments) {
  const std::size_t length = reference.size() + 3;
  const std::size_t separator = reference.find(":-");
  const std::string name(reference.substr(0, separator));
  if (!is_variable_name(name) || reference.find('$') != std::string_view::npos) {
    spoil(scalar, offset, length, fmt::format("`${{{}}}` is not a variable", reference),
          "write `${NAME}` or `${NAME:-default}`, with letters, digits and `_` in the name and no variable in the default");
    return std::nullopt;
  }
  if (arguments != nullptr) {
    if (const auto argument = arguments->find(name); argument != arguments->end()) {
      if (argument->second.is_scalar()) return argument->second.text();
      spoil(scalar, offset, length, fmt::format("`${{{}}}` is {} and cannot be a part of a text", name, argument->second.spoken()), "");
      return std::nullopt;
    }
  }
  if (auto value = find(name)) return value;
  if (separator != std::string_view::npos) return std::string(reference.substr(separator + 2));
  std::vector<std::string> known;
  for (const auto& [key, value] : declared_) known.push_back(key);
  if (arguments != nullptr) {
    for (const auto& [key, value] : *arguments) known.push_back(key);
  }
  const std::string hint = declared_.contains(name) ? std::string() : did_you_mean(name, known);
  spoil(scalar, offset, length, fmt::format("the variable `{}` has no value", name),
        hint.empty() ? fmt::format("give it one: `--set {0}=...`, or a default: `${{{0}:-...}}`", name) : hint);
  return std::nullopt;
}

void Variables::check_command_line(const std::string& main_file) const {
  for (const auto& [name, value] : options_->variables) {
    if (declared_.contains(name) || sources_->mention(name)) continue;
    std::vector<std::string> known;
    for (const auto& [key, ignored] : declared_) known.push_back(key);
    report_->fault({main_file, 0, 0}, fmt::format("`{}` is set, but the configuration has no such variable", name),
                   did_you_mean(name, known));
  }
}

}  // namespace smartswitch::graph
