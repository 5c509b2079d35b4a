// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "elements/memcached/any_server.h"
#include "elements/memcached/backend.h"
#include "elements/memcached/ch3.h"
#include "elements/memcached/jump.h"
#include "elements/memcached/ketama.h"
#include "elements/memcached/key_hashes.h"
#include "elements/memcached/maglev.h"
#include "elements/memcached/modula.h"
#include "elements/memcached/rendezvous.h"
#include "elements/memcached/ring_hash.h"
#include "elements/memcached/server_load.h"
#include "elements/sdk/describe.h"
#include "elements/sdk/hash.h"
#include "elements/sdk/key_places.h"
#include "elements/sdk/spin_lock.h"
#include "elements/sdk/state.h"

namespace smartswitch::memcached {

/// The servers that keys are spread over, the rule by which, and which of them are up. Once started, only the latter changes: everything
/// here is safe from any thread.
class BackendPool final : public State, public KeyPlaces {
 public:
  static constexpr std::string_view kClass = "BackendPool";
  static constexpr std::uint32_t kNone = UINT32_MAX;

  static void describe(Describe<BackendPool>& d);
  void validate(Problems& problems) const override;
  void start(Problems& problems) override;
  [[nodiscard]] bool takes_places() const override { return true; }
  void take_over(State& before) override;
  /// A RequestTable notes at the server's load what became of a request.
  [[nodiscard]] Duration lingers() const override { return kLongestRequest; }

  /// As the file has them; those without a name are called by their address.
  [[nodiscard]] const std::vector<Backend>& servers() const { return servers_; }

  /// The number of the server that requests for `key` go to now, or kNone; `hash` is hash_key(key), which saves hashing it again where the
  /// pool uses that hash. Takes no lock and no memory.
  [[nodiscard]] std::uint32_t choose(std::uint64_t hash, std::string_view key) const {
    const Ketama* ring = plain_ring();
    return ring != nullptr ? ring->server_of(hash) : choose_otherwise(hash, key);
  }
  /// Where it is enough to look at a key's hash, as in most pools as long as all servers are up: the ring that chooses. Null where choose()
  /// has to. Good for a batch of packets.
  [[nodiscard]] const Ketama* plain_ring() const {
    return plain_.load(std::memory_order_relaxed) ? std::get_if<Ketama>(&spread_) : nullptr;
  }
  /// For choosing elsewhere by the same rule: in order, up to which upper half of its XXH3 a key belongs to which server now, the last one
  /// 2^32 - 1. kNone: to none that this tells. Nothing where other things decide than a ketama ring and that hash of the whole key.
  [[nodiscard]] std::optional<std::vector<Ring::Point>> ring() const;
  /// The servers that a key is at if it is kept at several: its own, and those that would take over, all of them up. Returns how many there
  /// are, as many as `servers` has room for if so many are up.
  std::size_t replicas_of(std::uint64_t hash, std::string_view key, std::span<std::uint32_t> servers) const;
  /// The first server that is up, or kNone: for requests without a key.
  [[nodiscard]] std::uint32_t first_up() const {
    return first_from(0, [this](std::uint32_t server) { return up(server); });
  }

  /// Whether it gets requests: it is well, and not drained.
  [[nodiscard]] bool up(std::uint32_t server) const { return up_[server].load(std::memory_order_relaxed); }
  /// All servers are well at first.
  [[nodiscard]] bool well(std::uint32_t server) const { return well_[server].load(std::memory_order_relaxed); }
  /// True if that changes it. From any thread, but off the packet path: it waits for others that do the same.
  bool set_well(std::uint32_t server, bool well);
  /// For operators: each server with its share of what is under way.
  [[nodiscard]] Value list() const;
  /// Goes up with every change that set_well() makes, after it can be seen.
  [[nodiscard]] std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  /// What is under way to a server.
  [[nodiscard]] ServerLoad& load(std::uint32_t server) const { return *loads_[server]; }

  /// True for the first who asks, until it leaves it: of the copies of a HealthProber on several workers, one probes. Any thread.
  bool claim_probing(const Element* prober) {
    const Element* nobody = nullptr;
    return prober_.compare_exchange_strong(nobody, prober, std::memory_order_relaxed) || nobody == prober;
  }
  void leave_probing(const Element* prober) { prober_.compare_exchange_strong(prober, nullptr, std::memory_order_relaxed); }

  [[nodiscard]] std::string place_of(std::string_view key) const override;
  [[nodiscard]] std::vector<std::string> places() const override;

 private:
  enum class Distribution : std::uint8_t {
    kKetama,
    kModula,
    kRandom,
    kJump,
    kRendezvous,
    kMaglev,
    kCh3,
    kRingDefault,
    kRingKetama,
    kRingTwemProxy,
    kRingEvCache,
  };
  enum class WhenDown : std::uint8_t { kNext, kRefuse };
  struct HashKey {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const { return hash_key(key); }
  };

  [[nodiscard]] std::uint32_t choose_otherwise(std::uint64_t hash, std::string_view key) const;
  template <class Fits>
  [[nodiscard]] std::uint32_t next_that(std::uint64_t hash, std::uint32_t after, Fits fits) const;
  template <class Fits>
  [[nodiscard]] std::uint32_t first_from(std::uint32_t server, Fits fits) const;
  void look_whether_plain();
  [[nodiscard]] bool hashes_whole_keys() const { return hash_ == KeyHash::kXxh3 && hash_stop_.empty() && hash_tag_.empty(); }
  [[nodiscard]] std::uint64_t hash_of(std::uint64_t hash, std::string_view key) const;
  [[nodiscard]] std::uint32_t own_of(std::uint64_t hash, std::string_view key) const;
  [[nodiscard]] std::string_view hashed_part(std::string_view key) const;

  std::vector<Backend> servers_;
  KeyHash hash_ = KeyHash::kXxh3;
  Distribution distribution_ = Distribution::kKetama;
  WhenDown when_down_ = WhenDown::kNext;
  std::string hash_stop_;
  std::string hash_tag_;
  std::uint32_t ring_points_ = 160;
  NamedList<std::string> keys_;

  std::variant<AnyServer, Ketama, Modula, Jump, Rendezvous, Maglev, Ch3, RingHash> spread_;
  std::unordered_map<std::string, std::uint32_t, HashKey, std::equal_to<>> pinned_;
  std::unique_ptr<std::atomic<bool>[]> well_;
  std::unique_ptr<std::atomic<bool>[]> up_;
  std::vector<std::shared_ptr<ServerLoad>> loads_;  // with the pool whose place this one took
  // Servers are chosen by the whole key's XXH3 alone: no other hash, all of the key, no key of its own server, no server down.
  std::atomic<bool> plain_{false};
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<const Element*> prober_{nullptr};
  SpinLock changing_;
};

template <class Fits>
std::uint32_t BackendPool::first_from(std::uint32_t server, Fits fits) const {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (fits(server)) return server;
    if (++server == servers_.size()) server = 0;
  }
  return kNone;
}

}  // namespace smartswitch::memcached
