// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/parameter_schema.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace smartswitch::graph {
namespace {

struct TypeSchema {
  std::string_view name;  // of ParameterType
  std::string_view pattern;
  std::vector<std::string> types;  // what YAML takes such a text for
};

constexpr std::string_view kList = "list of ";
constexpr std::string_view kMap = "map of ";

const std::vector<TypeSchema>& types() {
  static const std::vector<TypeSchema> known = {
      {"text", "", {"string", "number", "boolean"}},
      {"boolean", "^(true|false|yes|no)$", {"boolean", "string"}},
      {"integer", "^(-?[0-9]+|0x[0-9a-fA-F]+)$", {"integer", "string"}},
      {"number", R"(^-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$)", {"number", "string"}},
      {"byte size", R"(^[0-9]+(\.[0-9]+)? *([kMG]?B|[KMG]iB|[kMG]?)$)", {"string", "integer"}},
      {"duration", R"(^(0|[0-9]+(\.[0-9]+)? *(ns|us|ms|s|min|h))$)", {"string", "integer"}},
      {"rate", R"(^[0-9]+(\.[0-9]+)? *[kMG]?(/s)?$)", {"string", "number"}},
      {"MAC address", "^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$", {"string"}},
      {"IPv4 address", R"(^[0-9]{1,3}(\.[0-9]{1,3}){3}$)", {"string"}},
      {"IPv6 address", R"(^[0-9a-fA-F:]*:[0-9a-fA-F:.]*$)", {"string"}},
      {"IPv4 prefix", R"(^[0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]{1,2})?$)", {"string"}},
      {"port", R"(^[A-Za-z_][A-Za-z0-9_-]*(\.[0-9]+)?$)", {"string"}},
  };
  return known;
}

std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

Json json_number(double value) { return value == std::floor(value) ? Json(static_cast<std::int64_t>(value)) : Json(value); }

/// Bounds of quantities with a unit stay in the description: no schema can compare texts.
void add_bounds(const ParameterInfo& parameter, Json& schema) {
  if (parameter.type != "integer" && parameter.type != "number") return;
  std::string_view bounds = parameter.bounds;
  constexpr std::string_view kAtLeast = "at least ";
  if (bounds.starts_with(kAtLeast)) {
    bounds.remove_prefix(kAtLeast.size());
    if (const auto low = number_in(bounds)) schema["minimum"] = json_number(*low);
    return;
  }
  const std::size_t to = bounds.find(" to ");
  if (to == std::string_view::npos) return;
  if (const auto low = number_in(bounds.substr(0, to))) schema["minimum"] = json_number(*low);
  if (const auto high = number_in(bounds.substr(to + 4))) schema["maximum"] = json_number(*high);
}

Json choice_schema(const std::string& choices) {
  Json texts = Json::array();
  constexpr std::string_view kOr = " | ";
  for (std::size_t at = 0; at <= choices.size();) {
    const std::size_t end = std::min(choices.find(kOr, at), choices.size());
    texts.push_back(choices.substr(at, end - at));
    at = end + kOr.size();
  }
  return {{"anyOf", Json::array({{{"enum", std::move(texts)}}, {{"type", "string"}, {"pattern", kVariablePattern}}})}};
}

/// Empty, which admits anything, for types that elements bring along.
Json type_schema(std::string_view type, const std::vector<ParameterInfo>& fields) {
  if (type == "map") {
    Json schema = parameters_schema(fields);
    schema["type"] = {"object", "string"};
    schema["pattern"] = kVariablePattern;
    return schema;
  }
  if (type.starts_with(kList)) {
    Json items = type_schema(type.substr(kList.size()), fields);
    if (items.empty()) return items;
    // One variable may stand for a whole list: a template's parameter.
    return {{"type", {"array", "string"}}, {"pattern", kVariablePattern}, {"items", std::move(items)}};
  }
  if (type.starts_with(kMap)) {
    return {{"type", {"object", "string"}},
            {"pattern", kVariablePattern},
            {"additionalProperties", type_schema(type.substr(kMap.size()), fields)}};
  }
  if (type.starts_with("state ")) return text_schema("^[A-Za-z_][A-Za-z0-9_-]*$");
  if (type.find(" | ") != std::string_view::npos) return choice_schema(std::string(type));
  for (const TypeSchema& known : types()) {
    if (known.name != type) continue;
    Json schema = text_schema(std::string(known.pattern), known.types);
    if (type == "duration") schema.update({{"minimum", 0}, {"maximum", 0}});  // without a unit
    return schema;
  }
  return Json::object();
}

std::string description_of(const ParameterInfo& parameter) {
  std::string kind = parameter.type;
  if (!parameter.bounds.empty()) kind += ", " + parameter.bounds;
  if (!parameter.default_text.empty()) kind += "; default " + parameter.default_text;
  return fmt::format("{} ({})", parameter.help, kind);
}

/// Editors write a default where one asks for a proposal, so only such as can be written so.
void add_default(const ParameterInfo& parameter, Json& schema) {
  if (parameter.default_text.empty() || !schema.contains("type")) return;
  const std::string& text = parameter.default_text;
  if (parameter.type == "boolean") {
    schema["default"] = text == "true";
  } else if (const auto number = number_in(text); number && (parameter.type == "integer" || parameter.type == "number")) {
    schema["default"] = json_number(*number);
  } else if (!parameter.type.starts_with(kList) && !parameter.type.starts_with(kMap) && parameter.type != "map") {
    schema["default"] = text == "\"\"" ? "" : text;
  }
}

Json parameter_schema(const ParameterInfo& parameter) {
  Json schema = {{"description", description_of(parameter)}};
  schema.update(type_schema(parameter.type, parameter.fields));
  add_bounds(parameter, schema);
  add_default(parameter, schema);
  return schema;
}

}  // namespace

Json text_schema(const std::string& pattern, std::vector<std::string> types) {
  Json schema = Json::object();
  if (types.size() == 1) {
    schema["type"] = types.front();
  } else {
    schema["type"] = std::move(types);
  }
  if (!pattern.empty()) schema["pattern"] = fmt::format("{}|{}", pattern, kVariablePattern);
  return schema;
}

Json parameters_schema(const std::vector<ParameterInfo>& parameters) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const ParameterInfo& parameter : parameters) {
    properties[parameter.name] = parameter_schema(parameter);
    if (parameter.required) required.push_back(parameter.name);
  }
  Json schema = {{"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

}  // namespace smartswitch::graph
