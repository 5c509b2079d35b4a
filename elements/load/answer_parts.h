// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "elements/load/answer_datagram.h"
#include "elements/load/partial_answer.h"
#include "elements/load/values.h"

namespace smartswitch::load {

/// What all answers that are not whole yet hold together: bounds it, counts it, and makes one text of an answer that has become whole.
class AnswerParts {
 public:
  enum class Outcome : std::uint8_t {
    kWhole,    ///< to be joined or released at once
    kMissing,  ///< others are to come
    kNoRoom,   ///< not taken: as many are held as may be
    kNoPart,   ///< not taken: it is there already, or does not belong to the others
  };

  /// Datagrams to hold at most if `requests` may be under way, and all values are of `largest_value` bytes.
  static std::uint64_t most(std::uint32_t largest_value, std::uint64_t requests) {
    return std::clamp(largest_value / kMostText * requests, kFewest, kMost);
  }

  /// Takes memory. Once, before the first add().
  void start(std::uint64_t most) {
    most_ = most;
    text_.resize(kLargestText);
  }

  /// Takes ownership of the packet, unless the outcome says otherwise.
  Outcome add(PartialAnswer& answer, Packet packet, const AnswerDatagram& datagram) {
    if (held() == most_) return Outcome::kNoRoom;
    if (!answer.add(packet, datagram.sequence, datagram.total)) return Outcome::kNoPart;
    hold(1);
    return answer.whole() ? Outcome::kWhole : Outcome::kMissing;
  }

  /// The text of all its datagrams, in order, cut off where no answer is that long; stands until the next call. Gives the packets away.
  template <class Take>
  std::string_view join(PartialAnswer& answer, Take&& take) {
    std::size_t size = 0;
    release(answer, [&](Packet part) {
      const std::string_view text = read_answer_datagram(part)->text;
      size += text.copy(text_.data() + size, text_.size() - size);
      take(part);
    });
    return {text_.data(), size};
  }

  /// Gives the packets away.
  template <class Take>
  void release(PartialAnswer& answer, Take&& take) {
    answer.take_all([&](Packet part) {
      hold(-1);
      take(part);
    });
  }

  /// Any thread.
  [[nodiscard]] std::uint64_t held() const { return held_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::uint64_t kFewest = 256;
  static constexpr std::uint64_t kMost = 8192;
  static constexpr std::size_t kLargestText = kLargestValue + 1024;

  void hold(std::int64_t more) { held_.store(held() + static_cast<std::uint64_t>(more), std::memory_order_relaxed); }

  std::uint64_t most_ = 0;
  std::vector<char> text_;
  std::atomic<std::uint64_t> held_{0};
};

}  // namespace smartswitch::load
