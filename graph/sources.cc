// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace smartswitch::graph {
namespace {

constexpr std::size_t kMostBytes = 16U << 20;

}  // namespace

std::string fault_of_text(std::string_view text) {
  if (text.size() > kMostBytes) return fmt::format("the file is larger than {} MiB", kMostBytes >> 20);
  // yaml-cpp would take zero bytes for UTF-16 and place every fault wrongly; escape codes would reach the terminal with a message.
  const auto strange = std::find_if(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F;
  });
  if (strange == text.end()) return {};
  return fmt::format("line {} has the control character 0x{:02x}; a configuration is text in UTF-8",
                     1 + std::count(text.begin(), strange, '\n'), static_cast<unsigned char>(*strange));
}

FileText read_file(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return {std::nullopt, "it is a directory, not a file"};
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return {std::nullopt, std::string("it cannot be read: ") + std::strerror(errno)};
  // One byte more than allowed is enough to see that there are too many, whatever the file says of its size.
  std::string text(64U << 10, '\0');
  std::size_t size = 0;
  while (in && size <= kMostBytes) {
    if (size == text.size()) text.resize(2 * size);
    in.read(text.data() + size, static_cast<std::streamsize>(text.size() - size));
    size += static_cast<std::size_t>(in.gcount());
  }
  if (in.bad()) return {std::nullopt, std::string("it cannot be read: ") + std::strerror(errno)};
  text.resize(size);
  return {std::move(text), {}};
}

void Sources::add(const std::string& name, std::string text) {
  Text entry{std::move(text), {0}};
  for (std::size_t i = 0; i < entry.text.size(); ++i) {
    if (entry.text[i] == '\n') entry.line_starts.push_back(i + 1);
  }
  if (texts_.insert_or_assign(name, std::move(entry)).second) names_.push_back(name);
}

std::string_view Sources::line(const Location& where) const {
  const auto file = texts_.find(where.file);
  if (file == texts_.end() || where.line == 0 || where.line > file->second.line_starts.size()) return {};
  std::string_view rest = std::string_view(file->second.text).substr(file->second.line_starts[where.line - 1]);
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  return rest;
}

Location Sources::inside(const Value& scalar, std::size_t offset, std::size_t length) const {
  Location where = scalar.where();
  const std::string_view text = line(where);
  if (where.column == 0 || where.column > text.size()) return where;
  std::size_t start = where.column - 1;
  if (text[start] == '"' || text[start] == '\'') ++start;
  const std::string_view wanted = std::string_view(scalar.text()).substr(0, offset + length);
  if (text.substr(start).starts_with(wanted)) {
    where.column = static_cast<std::uint32_t>(start + offset + 1);
    return where;
  }
  // A variable before the word has shifted it: then the word's only occurrence is its place.
  const std::string_view word = wanted.substr(std::min(offset, wanted.size()));
  const std::size_t found = text.find(word, start);
  if (!word.empty() && found != std::string_view::npos && text.find(word, found + 1) == std::string_view::npos) {
    where.column = static_cast<std::uint32_t>(found + 1);
  }
  return where;
}

bool Sources::mention(const std::string& variable) const {
  return std::any_of(texts_.begin(), texts_.end(), [&variable](const auto& entry) {
    const std::string& text = entry.second.text;
    return text.find("${" + variable + "}") != std::string::npos || text.find("${" + variable + ":-") != std::string::npos;
  });
}

}  // namespace smartswitch::graph
