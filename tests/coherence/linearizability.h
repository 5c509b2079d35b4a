// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Judges a history: is there one order of all operations, in keeping with the times, in which each gets the answer that it got from one
// memcached item? Each key is judged by itself: linearizability is local (Herlihy and Wing 1990, theorem 1).
//
// The search is Wing and Gong's (1993) with Lowe's just-in-time linearization ("Testing for linearizability", 2017) and the memory of
// Knossos and Porcupine. It goes through the history in the order of time with all configurations that are possible so far: a state of the
// item, and which of the open operations have taken effect. At each answer those go that cannot explain it. So a history may be of any
// length, and no quiet moment is needed to cut it: what is carried along is what the open operations leave undecided.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "tests/coherence/history.h"

namespace coherence {

/// What the item may do besides what it is asked.
struct Model {
  static constexpr std::int64_t kForEver = std::numeric_limits<std::int64_t>::max();

  /// It may vanish at any time: eviction, restart of a server. (Without this it may vanish only when its time is up.) Versions from before
  /// a restart may come again.
  bool forgets = false;
  /// An operation without an answer takes effect no later than so many ns after it was asked, or never.
  std::int64_t unknown_lasts = kForEver;
  /// The network doubles requests: each write may take effect a second time, no later than so many ns after it was asked. 0: it does not.
  std::int64_t repeats_within = 0;
  /// More configurations than this at once (or a hundred times as many in all), and the history is undecided.
  std::size_t most_configurations = 200'000;
};

enum class Verdict : std::uint8_t { kLinearizable, kViolation, kUndecided };

struct Report {
  Verdict verdict = Verdict::kLinearizable;
  std::size_t operations = 0;           ///< that were judged
  std::size_t most_configurations = 0;  ///< at once: how hard it was
  std::int64_t violated_at = 0;         ///< when the earliest answer came that can't be explained; of a key, later ones are not looked for
  std::string explanation;              ///< of a violation, the operations around it; of an undecided history, why
};

/// Judges a history that starts without any item. The keys are spread over `threads`. Of several violations the earliest is explained.
Report check(const History& history, const Model& model, unsigned threads = 1);

}  // namespace coherence
