// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// One memcached item: what an operation makes of it, and which answers it can give.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/coherence/history.h"
#include "tests/coherence/linearizability.h"

namespace coherence {

using Text = std::uint32_t;  ///< a number in Texts
inline constexpr Text kAbsent = 0;
inline constexpr Text kUnread = 1;  ///< any value that no read still gets, nor a value made of it

/// Every text of a history once, so that states compare by number.
class Texts {
 public:
  Texts() {
    of(std::string("\0absent", 7));
    of(std::string("\0unread", 7));
  }
  Text of(std::string text) {
    const auto [at, fresh] = numbers_.try_emplace(std::move(text), static_cast<Text>(texts_.size()));
    if (fresh) texts_.push_back(&at->first);
    return at->second;
  }
  [[nodiscard]] const std::string& operator[](Text text) const { return *texts_[text]; }
  [[nodiscard]] std::size_t size() const { return texts_.size(); }

 private:
  std::unordered_map<std::string, Text> numbers_;
  std::vector<const std::string*> texts_;
};

/// A version that no gets has shown, and one of which it is not known which of those that were shown with the same value it is.
inline constexpr std::uint64_t kNeverShown = 0;
inline constexpr std::uint64_t kOpen = UINT64_MAX;

struct State {
  Text value = kAbsent;
  std::uint32_t flags = 0;
  std::uint64_t version = kNeverShown;
  std::int64_t expires_from = Model::kForEver;   ///< it may be gone from this time on,
  std::int64_t expires_until = Model::kForEver;  ///< and is gone after this one
  bool operator==(const State&) const = default;
};

/// An operation as the search sees it.
struct Step {
  const Operation* operation = nullptr;
  Text argument = kAbsent;
  Text result = kAbsent;
  bool optional = false;  ///< no answer, or the second copy of a request: it need not take effect
  bool reads = false;     ///< leaves the item as it is
  bool changes = false;   ///< may change it, or what is known of it (a gets may settle which version it is)
  std::int64_t from = 0;
  std::int64_t until = 0;
};

/// `time`, `ns` later; no time is later than for ever.
std::int64_t later(std::int64_t time, std::int64_t ns);

class Item {
 public:
  Item(const std::vector<const Operation*>& operations, const Model& model);

  /// The steps of an operation: none, one, or two if the request may be doubled.
  void add_steps(const Operation& operation, std::vector<Step>& steps);

  /// The state after the step; nothing if it can't get its answer in this state, or (if it is optional) has no effect on it.
  [[nodiscard]] std::optional<State> apply(const Step& step, const State& state);
  /// Whether the item may vanish by itself.
  [[nodiscard]] bool may_vanish(const State& state, std::int64_t time) const;
  /// False if some read that is asked after `time` can't get its value any more once the item has gone from one state to the other. Most
  /// wrong turns end here at once; without it they would be followed until that read.
  [[nodiscard]] bool has_hope(const State& from, const State& to, std::int64_t time);
  /// The state without what cannot matter any more from `time` on.
  [[nodiscard]] State essence(State state, std::int64_t time);

  [[nodiscard]] Text number_of(const std::string& text) { return texts_.of(text); }
  [[nodiscard]] const std::string& operator[](Text text) const { return texts_[text]; }

 private:
  // When the last read of a value, or of a part of it, is asked, and what it gets; and when the last one is answered.
  struct Need {
    std::int64_t asked = std::numeric_limits<std::int64_t>::min();
    std::int64_t answered = std::numeric_limits<std::int64_t>::min();
    Text read = kAbsent;
    void include(const Need& other) {
      if (other.asked > asked) {
        asked = other.asked;
        read = other.read;
      }
      answered = std::max(answered, other.answered);
    }
  };

  void learn_versions(const std::unordered_map<Text, unsigned>& written);
  void learn_needs(const std::vector<const Operation*>& operations);
  template <class Function>
  void for_each_part(const std::string& value, Function function);
  Need need_of(Text value);
  [[nodiscard]] bool may_be(const State& s, std::uint64_t version) const;
  [[nodiscard]] State made(const Step& step) const;
  State derived(std::string text, State s);
  std::optional<State> counted(const Step& step, const State& s, bool there, bool refused);

  const Model& model_;
  Texts texts_;
  bool any_expiry_ = false;
  bool clear_parts_ = false;   // of each part of a value one knows where it comes from
  bool unique_parts_ = false;  // and it comes once only: what has gone does not come back
  std::unordered_map<Text, Need> needs_;
  std::vector<std::optional<Need>> value_needs_;
  std::unordered_map<Text, std::set<std::uint64_t>> shown_;  // versions that gets has shown with a value
  std::unordered_map<Text, std::uint64_t> exact_;            // the version of a value that can come once only
};

}  // namespace coherence
