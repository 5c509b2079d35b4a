// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "elements/memcached/backend.h"

namespace smartswitch::memcached {

/// Highest random weight (Thaler and Ravishankar 1998, doi:10.1109/90.663936): every server draws a number for each key, and the highest
/// wins, so that only the keys of a server that comes or goes move, and those of one that goes spread over all others. A look-up draws for
/// every server. With weights, the number u is worth -ln(u) / weight, and the lowest wins: among equal weights that is the highest u, so
/// only the best of each weight need a logarithm.
class Rendezvous {
 public:
  explicit Rendezvous(const std::vector<Backend>& servers);

  [[nodiscard]] std::uint32_t server_of(std::uint64_t hash) const {
    return *server_of(hash, [](std::uint32_t) { return true; });
  }
  /// The best among those that are up; nothing if there is none.
  template <class Up>
  [[nodiscard]] std::optional<std::uint32_t> server_of(std::uint64_t hash, Up up) const {
    std::optional<std::uint32_t> best;
    double best_worth = 0;
    std::size_t i = 0;
    for (const Group& group : groups_) {
      std::uint64_t highest = 0;
      std::uint32_t winner = kNobody;
      // Without branches: nobody could predict them.
      for (; i < group.end; ++i) {
        const std::uint64_t u = draw(hash ^ entrants_[i].seed);
        const bool better = (u >= highest) & up(entrants_[i].server);
        highest = better ? u : highest;
        winner = better ? entrants_[i].server : winner;
      }
      if (winner == kNobody) continue;
      if (groups_.size() == 1) return winner;
      const double worth = std::log((static_cast<double>(highest) + 0.5) * 0x1.0p-64) / group.weight;
      if (best && worth <= best_worth) continue;
      best = winner;
      best_worth = worth;
    }
    return best;
  }

 private:
  static constexpr std::uint32_t kNobody = UINT32_MAX;
  struct Entrant {
    std::uint64_t seed;
    std::uint32_t server;
  };
  // Servers of one weight: `entrants_` from where the group before ends up to `end`.
  struct Group {
    double weight;
    std::size_t end;
  };
  // Stafford's mixer 13, which SplitMix64 ends with.
  static std::uint64_t draw(std::uint64_t x) {
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ x >> 27) * 0x94D049BB133111EBULL;
    return x ^ x >> 31;
  }

  std::vector<Entrant> entrants_;
  std::vector<Group> groups_;
};

}  // namespace smartswitch::memcached
