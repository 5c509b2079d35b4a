// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/maglev.h"

#include <algorithm>

#include "elements/sdk/hash.h"

namespace smartswitch::memcached {
namespace {

constexpr std::uint16_t kFree = UINT16_MAX;

// A server on its way through the slots in the order of its own preference.
struct Applicant {
  std::uint16_t server;
  std::uint32_t weight;
  std::uint32_t slot;
  std::uint32_t step;
  std::uint64_t credit = 0;
};

}  // namespace

Maglev::Maglev(const std::vector<Backend>& servers) : table_(kSlots, kFree) {
  std::vector<Applicant> applicants;
  std::uint64_t heaviest = 0;
  for (std::size_t number = 0; number < servers.size(); ++number) {
    const std::uint64_t hash = hash_key(servers[number].name);
    applicants.push_back({static_cast<std::uint16_t>(number), servers[number].weight, static_cast<std::uint32_t>(hash >> 32) % kSlots,
                          static_cast<std::uint32_t>(hash) % (kSlots - 1) + 1});
    heaviest = std::max<std::uint64_t>(heaviest, servers[number].weight);
  }
  // Who is asked first shall depend on the names, not on the order of the file.
  std::sort(applicants.begin(), applicants.end(),
            [&](const Applicant& a, const Applicant& b) { return servers[a.server].name < servers[b.server].name; });
  for (std::uint32_t taken = 0; taken < kSlots;) {
    for (Applicant& applicant : applicants) {
      // The heaviest server takes a slot each round, the others as much more rarely as they are lighter.
      applicant.credit += applicant.weight;
      if (applicant.credit < heaviest) continue;
      applicant.credit -= heaviest;
      while (table_[applicant.slot] != kFree) applicant.slot = (applicant.slot + applicant.step) % kSlots;
      table_[applicant.slot] = applicant.server;
      if (++taken == kSlots) return;
    }
  }
}

}  // namespace smartswitch::memcached
