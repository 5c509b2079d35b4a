// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "elements/memcached/request.h"
#include "elements/sdk/spin_lock.h"
#include "elements/sdk/worker.h"

namespace smartswitch::memcached {

/// What is being fetched for a cache: of a key one fetch at a time, however many clients ask for it. Keys that share a place wait for each
/// other; that costs a fetch, never more. All methods may be called by several workers at once.
class FetchTable {
 public:
  static constexpr std::size_t kPlaces = 4096;
  /// After a fetch that brought nothing, none of the same key is begun for so long.
  static constexpr std::int64_t kPause = 250'000'000;  // ns

  FetchTable() : places_(std::make_unique<Place[]>(kPlaces)) {}

  /// The number, of 56 bits, of a fetch that is to be sent now. Nothing if one of this place is under way, or was in vain a moment ago.
  std::optional<std::uint64_t> open(std::uint64_t hash, std::string_view key, std::int64_t now, Random& random);
  /// The key of a fetch: points into `buffer`. Empty if the fetch is over.
  std::string_view key_of(std::uint64_t number, KeyBuffer& buffer) const;
  /// It has brought what it was to bring: the next one may begin at once.
  void close(std::uint64_t number);

 private:
  struct alignas(64) Place {
    SpinLock lock;
    std::uint8_t key_length = 0;
    std::atomic<std::int64_t> free_from{0};  // ns
    std::uint64_t number = 0;
    char key[kLongestKey];
  };
  [[nodiscard]] Place& place(std::uint64_t number) const { return places_[number % kPlaces]; }

  std::unique_ptr<Place[]> places_;
};

}  // namespace smartswitch::memcached
