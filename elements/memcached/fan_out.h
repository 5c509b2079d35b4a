// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <span>

#include "elements/memcached/backend_pool.h"
#include "elements/memcached/datagram.h"
#include "elements/memcached/join_table.h"
#include "elements/memcached/targets.h"
#include "elements/sdk/element.h"

namespace smartswitch::memcached {

/// What elements share that send one request to several servers, whose replies become one.
class FanOut : public Element {
 public:
  void start(Problems& problems) override { targets_.start(*backends_, true, problems); }
  [[nodiscard]] std::uint64_t large_packets() const override { return kLargeParts; }

 protected:
  template <class T>
  static void describe_parameters(Describe<T>& d) {
    d.output("out", static_cast<Output T::*>(&FanOut::out_), "requests, on their way to a RequestSender");
    d.parameter("backends", static_cast<StateRef<BackendPool> T::*>(&FanOut::backends_), "the servers; each needs `mac` and `address`");
    d.parameter("joins", static_cast<StateRef<JoinTable> T::*>(&FanOut::joins_), "the JoinTable in which the replies wait for each other");
    d.counter("parts", &FanOut::parts_, "requests sent, several for one");
    d.drop("no_room", &FanOut::no_room_, "requests for which the JoinTable or the packet pool had no room");
  }

  /// Takes the packet and sends its request to each of the servers; `rule` says which reply is the client's.
  void send_to_all(Packet packet, std::span<const std::uint32_t> servers, PartRule rule = PartRule::kOneOfMany) {
    const auto datagram = read_datagram(packet, locate_headers(packet));
    const bool quiet = (packet.annotations().flags & kQuiet) != 0;
    PartNumber part;
    part.rule = rule;
    if (!quiet) {
      const auto join = datagram ? joins_->open(packet, static_cast<unsigned>(servers.size()), now(), random()) : std::nullopt;
      if (!join) {
        drop(packet, no_room_);
        return;
      }
      part.join = *join;
    }
    for (const std::uint32_t server : servers) {
      send_part(datagram->text, {quiet ? Purpose::kNone : Purpose::kPart, part.number()}, server);
      ++part.part;
    }
    consume(packet);
  }

  /// Sends the packet itself to a server.
  void send(Packet packet, std::uint32_t server) {
    targets_.aim(packet, server);
    add(packet);
  }
  void flush() { out_.push(batch_); }

  StateRef<BackendPool> backends_;

 private:
  static constexpr std::uint64_t kLargeParts = 32;

  void send_part(std::string_view text, Errand errand, std::uint32_t server) {
    const Packet part = allocate(static_cast<std::uint32_t>(kRequestHeaders + text.size()));
    if (!part) return;  // the join will time out
    if (!write_request(part, text, errand)) {
      drop(part, no_room_);
      return;
    }
    parts_.add();
    targets_.aim(part, server);
    add(part);
  }
  void add(Packet packet) {
    batch_.add(packet);
    if (batch_.full()) flush();
  }

  StateRef<JoinTable> joins_;
  Targets targets_;
  Batch batch_;
  Output out_;
  Counter parts_;
  DropReason no_room_;
};

}  // namespace smartswitch::memcached
