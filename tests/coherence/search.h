// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The search itself, through the history of one key.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/coherence/configurations.h"
#include "tests/coherence/item.h"
#include "tests/coherence/linearizability.h"

namespace coherence {

struct Event {
  enum class What : std::uint8_t { kAsked, kAnswered, kOver };  ///< at the same time, in this order: the most permissive one
  std::int64_t time = 0;
  What what = What::kAsked;
  std::uint32_t step = 0;
};

/// In the order of time.
std::vector<Event> events_of(const std::vector<Step>& steps);

using States = std::vector<State>;

class Search {
 public:
  Search(Item& item, const Model& model) : item_(item), model_(model) {}

  struct Ending {
    Verdict verdict = Verdict::kLinearizable;
    std::size_t at = 0;  ///< the event that could not be explained, or was too much
    std::size_t most_configurations = 0;
    std::string why;  ///< of an undecided one
  };
  /// Goes through the events from one of the states on. Looking ahead (Item::has_hope) it sees a violation earlier, but at an operation
  /// that is not to blame. If `before` is given, it gets the states that were possible before each event.
  Ending go(const std::vector<Step>& steps, const std::vector<Event>& events, const States& start, bool looks_ahead,
            std::vector<States>* before = nullptr);

 private:
  struct Open {
    std::uint32_t slot;
    const Step* step;
  };
  struct Hash {
    std::size_t operator()(const State& s) const;
  };

  StateNumber number_of(const State& state);
  bool asked(const Step& step, std::uint32_t& slot);
  bool take_effect(std::uint32_t slot, const Event& event);
  void arrive(StateNumber state, Slots done, std::uint32_t wanted);
  [[nodiscard]] States possible_states() const;
  [[nodiscard]] std::string open() const;

  Item& item_;
  const Model& model_;
  bool looks_ahead_ = true;
  std::unordered_map<State, StateNumber, Hash> state_numbers_;
  std::vector<State> states_;
  Slots slots_;
  Slots optional_;
  std::size_t looked_at_ = 0;
  std::vector<Open> open_reads_;
  std::vector<Open> open_changes_;
  Configurations now_, next_, ways_;
};

}  // namespace coherence
