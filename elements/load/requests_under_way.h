// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "elements/load/partial_answer.h"

namespace smartswitch::load {

struct UnderWay {
  enum class Status : std::uint8_t { kFree, kWaiting, kAnswered, kLost };
  std::int64_t due = 0;   ///< latency counts from here
  std::int64_t sent = 0;  ///< patience counts from here
  std::uint64_t key = 0;
  std::uint64_t sequence = 0;  ///< its low 16 bits are the request id
  std::uint32_t oldest = 0;    ///< a get's: see KeyHistory
  std::uint32_t version = 0;   ///< a set's
  PartialAnswer parts;
  Status status = Status::kFree;
  bool set = false;
  bool counted = false;
  [[nodiscard]] std::uint16_t id() const { return static_cast<std::uint16_t>(sequence); }
};

/// The requests that each client waits for, found by their id. Ids are handed out in turn, so that a late answer is not taken for another's
/// until the client has sent 65,536 more.
class RequestsUnderWay {
 public:
  static constexpr std::size_t kMostOfAClient = 32768;
  /// Places for so many of a client: twice as many, so that a free one is found at once.
  static std::size_t places_for(double waiting) { return static_cast<std::size_t>(std::clamp<double>(2 * waiting, 64, kMostOfAClient)); }

  /// At most `at_once` (up to kMostOfAClient) of each client.
  RequestsUnderWay(std::size_t clients, std::size_t at_once);

  /// A place for a new request, waiting; nullptr if the client has no more.
  UnderWay* begin(std::size_t client);
  /// The last request that had this id; nullptr if there was none. `client` must be one.
  UnderWay* find(std::size_t client, std::uint16_t id);
  /// It waits no longer.
  void end(std::size_t client, UnderWay& request, UnderWay::Status status);
  [[nodiscard]] std::uint64_t waiting() const { return waiting_; }

  /// Ends those that wait and were sent before `limit`, and calls `lost(client, request)` for each, after it has ended.
  template <class Lost>
  void expire(std::int64_t limit, Lost&& lost) {
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      Client& client = clients_[i];
      for (; client.oldest != client.next; ++client.oldest) {
        UnderWay& request = client.places[client.oldest & mask_];
        if (request.status != UnderWay::Status::kWaiting || request.sequence != client.oldest) continue;
        if (request.sent >= limit) break;
        end(i, request, UnderWay::Status::kLost);
        lost(i, request);
      }
    }
  }

  /// Calls `call(request)` for every place, whatever its status.
  template <class Call>
  void for_each(Call&& call) {
    for (Client& client : clients_) {
      for (std::size_t i = 0; i <= mask_; ++i) call(client.places[i]);
    }
  }

 private:
  struct Client {
    std::unique_ptr<UnderWay[]> places;
    std::uint64_t next = 0;
    std::uint64_t oldest = 0;  // none before this one waits
    std::size_t waiting = 0;
  };
  std::vector<Client> clients_;
  std::size_t mask_;
  std::uint64_t waiting_ = 0;
};

}  // namespace smartswitch::load
