// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What the switch has asked servers under its own address, and for whom:
//
//   const auto name = table->open({.purpose = Purpose::kClient, .client = ..., .server = ...}, now);   // before it is sent from name->port
//   const auto request = table->close(name, from, progress, finished);                                    // its reply is there
//
// The name is UDP port and memcached's request id together. A part of it is random for each request, so that a late reply, or a forged one,
// meets no request.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "elements/memcached/server_load.h"
#include "elements/sdk/counter.h"
#include "elements/sdk/describe.h"
#include "elements/sdk/spin_lock.h"
#include "elements/sdk/state.h"
#include "elements/sdk/worker.h"

namespace smartswitch::memcached {

/// What becomes of the reply.
enum class Purpose : std::uint8_t {
  kClient,   ///< goes to the client whose request it was (NAT)
  kPart,     ///< a part of a reply that is joined from several
  kFetch,    ///< fills the cache
  kProbe,    ///< says that a server is well
  kWarmUp,   ///< tells what a pool has that is warmed up, or what it is warmed up from
  kDiscard,  ///< nobody waits for it
  kNone,     ///< there will be none: the request is not remembered
};

/// A request of the switch's own (flags: kOwn) carries its purpose, and a number that means something to who made it, in
/// Annotations::context.
struct Errand {
  Purpose purpose = Purpose::kClient;
  std::uint64_t number = 0;  ///< 56 bits
  [[nodiscard]] std::uint64_t context() const { return std::uint64_t{static_cast<std::uint8_t>(purpose)} << 56 | number; }
  static Errand from(std::uint64_t context) { return {static_cast<Purpose>(context >> 56), context & ((std::uint64_t{1} << 56) - 1)}; }
};

/// An IPv4 address and a UDP port, host order.
struct Endpoint {
  std::uint32_t address = 0;
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
};

/// All methods may be called by several workers at once.
class RequestTable final : public State {
 public:
  static constexpr std::string_view kClass = "RequestTable";
  static void describe(Describe<RequestTable>& d);
  void validate(Problems& problems) const override;
  void start(Problems& problems) override;

  struct Request {
    Errand errand;
    Endpoint server;
    std::uint16_t server_number = 0;  ///< in its pool
    std::uint8_t paint = 0;           ///< the request's colour, which its replies get
    ServerLoad* load = nullptr;       ///< the server's; the pool lives as long as the table
    // For Purpose::kClient: who asked, and whom.
    MacAddress client_mac;
    MacAddress service_mac;
    Endpoint client;
    Endpoint service;
    std::uint16_t client_id = 0;
  };
  /// Under which a request is sent, and its reply comes.
  struct Name {
    std::uint16_t port = 0;
    std::uint16_t id = 0;
  };
  /// How far a datagram of a reply brings it.
  struct Progress {
    std::uint16_t datagrams = 1;  ///< that the reply has, this one included
    bool ends = true;             ///< if it has just one: nothing follows
  };

  /// Nothing if all places are taken by younger requests. With Purpose::kNone, nothing is remembered.
  std::optional<Name> open(const Request& request, std::int64_t now, Random& random);
  /// The request that a reply belongs to; it is forgotten with the reply's last datagram, of which `finished` tells. Nothing if there is
  /// none of that name which was sent to `from`.
  std::optional<Request> close(Name name, Endpoint from, Progress progress, bool& finished);
  /// Forgets what was sent more than `timeout` ago, and notes it with the server. To be called now and then.
  void expire(std::int64_t now);

  [[nodiscard]] Ipv4Address address() const { return address_; }
  [[nodiscard]] const MacAddress& mac() const { return mac_; }
  [[nodiscard]] Duration timeout() const { return timeout_; }
  [[nodiscard]] bool is_own_port(std::uint16_t port) const { return port >= first_port_ && port < first_port_ + kPorts; }
  [[nodiscard]] std::uint64_t open_requests() const { return open_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::uint16_t kPorts = 4096;
  static constexpr unsigned kNameBits = 28;  // 16 of the request id, 12 of the port
  static constexpr unsigned kTries = 16;

  struct alignas(64) Slot {
    SpinLock lock;
    bool taken = false;
    std::uint16_t datagrams_left = 0;
    std::uint32_t name = 0;  // slot number and nonce
    std::int64_t sent = 0;   // ns
    Request request;
  };

  Ipv4Address address_;
  MacAddress mac_;
  std::uint16_t first_port_ = 40960;
  std::uint32_t requests_ = 65536;
  Duration timeout_{1'000'000'000};

  std::unique_ptr<Slot[]> slots_;
  std::uint32_t mask_ = 0;
  unsigned slot_bits_ = 0;
  std::atomic<std::uint32_t> next_{0};
  std::atomic<std::uint64_t> open_{0};
  SpinLock expiring_;
  std::uint32_t oldest_ = 0;  // guarded by expiring_
  SharedCounter lost_;
  SharedCounter strays_;
  SharedCounter full_;
};

}  // namespace smartswitch::memcached
