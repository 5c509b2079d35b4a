// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/answer.h"

#include <charconv>
#include <optional>

namespace smartswitch::load {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kEnd = "END\r\n";
constexpr std::string_view kValueWord = "VALUE ";
constexpr std::size_t kLargestItem = 1U << 30;

// The words of "VALUE <key> <flags> <bytes> [<cas>]\r\n".
struct ValueLine {
  std::string_view key;
  std::size_t bytes = 0;
  std::size_t length = 0;  // of the line
};

std::optional<ValueLine> read_value_line(std::string_view text) {
  if (!text.starts_with(kValueWord)) return std::nullopt;
  const std::size_t end = text.find(kLineEnd);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view words = text.substr(kValueWord.size(), end - kValueWord.size());
  const std::size_t key_end = words.find(' ');
  if (key_end == 0 || key_end == std::string_view::npos) return std::nullopt;
  const std::size_t flags_end = words.find(' ', key_end + 1);
  if (flags_end == std::string_view::npos) return std::nullopt;
  ValueLine line{words.substr(0, key_end), 0, end + kLineEnd.size()};
  const char* last = words.data() + words.size();
  const auto [stop, error] = std::from_chars(words.data() + flags_end + 1, last, line.bytes);
  if (error != std::errc{} || (stop != last && *stop != ' ') || line.bytes > kLargestItem) return std::nullopt;
  return line;
}

AnswerKind kind_of_line(std::string_view text) {
  if (text == kEnd) return AnswerKind::kMiss;
  if (text == "STORED\r\n") return AnswerKind::kStored;
  if (text == "NOT_STORED\r\n") return AnswerKind::kNotStored;
  const bool one_line = text.find(kLineEnd) + kLineEnd.size() == text.size();
  if (one_line && (text == "ERROR\r\n" || text.starts_with("CLIENT_ERROR ") || text.starts_with("SERVER_ERROR ")))
    return AnswerKind::kError;
  return AnswerKind::kMalformed;
}

}  // namespace

Answer parse_answer(std::string_view text) {
  const std::optional<ValueLine> line = read_value_line(text);
  if (!line) return {kind_of_line(text), {}, {}};
  const std::string_view rest = text.substr(line->length);
  if (rest.size() != line->bytes + kLineEnd.size() + kEnd.size()) return {};
  if (rest.substr(line->bytes, kLineEnd.size()) != kLineEnd || !rest.ends_with(kEnd)) return {};
  return {AnswerKind::kHit, line->key, rest.substr(0, line->bytes)};
}

std::size_t answer_length(std::string_view text) {
  if (const std::optional<ValueLine> line = read_value_line(text)) return line->length + line->bytes + kLineEnd.size() + kEnd.size();
  const std::size_t end = text.find(kLineEnd);
  return end == std::string_view::npos ? 0 : end + kLineEnd.size();
}

}  // namespace smartswitch::load
