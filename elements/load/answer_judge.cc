// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/load/answer_judge.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <optional>

#include "elements/load/key_names.h"
#include "elements/load/values.h"

namespace smartswitch::load {
namespace {

constexpr std::size_t kLongestName = 250;
constexpr std::size_t kShownBytes = 60;

const std::uint8_t* bytes_of(std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }

std::string printable(std::string_view text) {
  std::string shown;
  for (const char c : text.substr(0, kShownBytes)) {
    if (c >= ' ' && c <= '~') {
      shown += c;
    } else {
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return shown + (text.size() > kShownBytes ? "..." : "");
}

}  // namespace

bool AnswerJudge::right_key(std::string_view key, std::uint64_t number) const {
  std::array<std::uint8_t, kLongestName> name;
  write_key(name.data(), key_size_, number);
  return key.size() == key_size_ && std::memcmp(key.data(), name.data(), key_size_) == 0;
}

bool AnswerJudge::may_be(std::uint64_t stamp, const UnderWay& request, const KeyHistory& history) const {
  // Another run's value can only be what was there before this one changed it.
  if (stamp >> 32 != run_) return request.oldest == 0;
  const auto version = static_cast<std::uint32_t>(stamp);
  return version != 0 && version >= request.oldest && version <= history.newest(request.key);
}

Verdict AnswerJudge::judge(const UnderWay& request, const Answer& answer, const KeyHistory& history) const {
  switch (answer.kind) {
    case AnswerKind::kStored:
      return request.set ? Verdict::kStored : Verdict::kWrong;
    case AnswerKind::kMiss:
      return request.set ? Verdict::kWrong : Verdict::kMiss;
    case AnswerKind::kError:
      return Verdict::kError;
    case AnswerKind::kHit:
      break;
    default:
      return Verdict::kWrong;
  }
  if (request.set) return Verdict::kWrong;
  if (!verify_) return Verdict::kHit;
  if (!right_key(answer.key, first_key_ + request.key)) return Verdict::kWrong;
  const std::optional<std::uint64_t> stamp = version_of_value(bytes_of(answer.value), answer.value.size(), first_key_ + request.key);
  return stamp && may_be(*stamp, request, history) ? Verdict::kHit : Verdict::kWrong;
}

std::string AnswerJudge::fault_of_hit(const UnderWay& request, const Answer& answer, const KeyHistory& history) const {
  if (!right_key(answer.key, first_key_ + request.key)) return fmt::format("is of another key, `{}`", printable(answer.key));
  const std::optional<std::uint64_t> stamp = version_of_value(bytes_of(answer.value), answer.value.size(), first_key_ + request.key);
  if (!stamp) return fmt::format("brings {} bytes that no set of ours wrote for that key", answer.value.size());
  const std::string allowed = fmt::format("{} to {}", request.oldest, history.newest(request.key));
  if (*stamp >> 32 != run_) return fmt::format("is a value of another run; this run's versions {} could be", allowed);
  return fmt::format("is version {}; {} could be", static_cast<std::uint32_t>(*stamp), allowed);
}

std::string AnswerJudge::reason(const UnderWay& request, std::string_view text, const KeyHistory& history) const {
  std::string name(key_size_, ' ');
  write_key(reinterpret_cast<std::uint8_t*>(name.data()), key_size_, first_key_ + request.key);
  const Answer answer = parse_answer(text);
  const std::string what =
      !request.set && answer.kind == AnswerKind::kHit ? fault_of_hit(request, answer, history) : fmt::format("is `{}`", printable(text));
  return fmt::format("the answer to a {} of {} {}", request.set ? "set" : "get", name, what);
}

}  // namespace smartswitch::load
