// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "elements/load/answer.h"
#include "elements/load/key_history.h"
#include "elements/load/requests_under_way.h"

namespace smartswitch::load {

enum class Verdict : std::uint8_t { kHit, kMiss, kStored, kError, kWrong };

/// Says of each answer whether it may be. Versions of this run carry its number, so that values of other runs are told apart.
class AnswerJudge {
 public:
  /// Keys are numbered from 0 in requests, and from `first_key` in their names and values.
  AnswerJudge(std::uint32_t run, std::uint64_t first_key, std::size_t key_size, bool verify)
      : run_(run), first_key_(first_key), key_size_(key_size), verify_(verify) {}

  /// What a value of this run's `version` says is its version.
  [[nodiscard]] std::uint64_t stamp(std::uint32_t version) const { return std::uint64_t{run_} << 32 | version; }
  [[nodiscard]] Verdict judge(const UnderWay& request, const Answer& answer, const KeyHistory& history) const;
  /// What it said, in words, and what is wrong with that.
  [[nodiscard]] std::string reason(const UnderWay& request, std::string_view text, const KeyHistory& history) const;

 private:
  [[nodiscard]] std::string fault_of_hit(const UnderWay& request, const Answer& answer, const KeyHistory& history) const;
  [[nodiscard]] bool right_key(std::string_view key, std::uint64_t number) const;
  [[nodiscard]] bool may_be(std::uint64_t stamp, const UnderWay& request, const KeyHistory& history) const;

  std::uint32_t run_;
  std::uint64_t first_key_;
  std::size_t key_size_;
  bool verify_;
};

}  // namespace smartswitch::load
