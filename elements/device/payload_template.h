// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "elements/sdk/worker.h"

namespace smartswitch {

/// Source's `payload`: text with escapes and with placeholders that each packet fills anew (what they mean is said in Source's details).
class PayloadTemplate {
 public:
  static constexpr std::uint32_t kCounterDigits = 10;

  /// What is wrong with `text`, or an empty string: then the template is that text.
  std::string parse(std::string_view text, std::uint32_t key_digits);

  /// The payload with zero bytes where placeholders are.
  [[nodiscard]] const std::vector<std::uint8_t>& bytes() const { return bytes_; }

  /// Fills the placeholders of the payload at `at` for packet `number`. Returns what that adds to the ones' complement sum (RFC 1071) of
  /// bytes(), where the payload starts at an even offset of what is summed.
  std::uint32_t fill(std::uint8_t* at, std::uint64_t number, std::uint64_t key_space, Random& random) const;

 private:
  enum class Field : std::uint8_t { kCounter, kKey, kId };
  struct Placeholder {
    Field field;
    std::uint32_t offset;
    std::uint32_t width;
  };
  bool take_placeholder(std::string_view& text, std::uint32_t key_digits);

  std::vector<std::uint8_t> bytes_;
  std::vector<Placeholder> placeholders_;
};

}  // namespace smartswitch
