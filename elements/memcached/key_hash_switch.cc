// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_ether.h>

#include "elements/memcached/backend_pool.h"
#include "elements/memcached/datagram.h"
#include "elements/memcached/refusal.h"
#include "elements/memcached/targets.h"
#include "elements/sdk/element.h"
#include "elements/sdk/hash.h"

namespace smartswitch::memcached {

class KeyHashSwitch final : public Element {
 public:
  static void describe(Describe<KeyHashSwitch>& d) {
    d.summary("Chooses the server for a request by its key and rewrites the destination MAC address to that server's, and nothing else.");
    d.details(
        R"(The key is the one that a MemcachedClassifier has found. The server must have the address that the request was sent to (on its loopback
device, say): it answers the client directly.

Requests without a key go to the first server that is up. A request with several keys would go to the server of the first one: a RequestSplitter
makes one of each. What has no server (all are down, or its own is and the pool says `when_down: refuse`) leaves through `unavailable`, or is
dropped there. The address of the server, if it has one, is noted for RequestSender and IPIPEncap.)");
    d.example("choose: {class: KeyHashSwitch, backends: backends}");
    d.input<&KeyHashSwitch::push>("in", "requests, classified");
    d.output("out", &KeyHashSwitch::out_, "the same, with the server's MAC address as destination");
    d.output("unavailable", &KeyHashSwitch::unavailable_, "requests that have no server now, unchanged").optional();
    d.parameter("backends", &KeyHashSwitch::backends_, "the servers to choose from; each needs its `mac`");
    d.counter("keyless", &KeyHashSwitch::keyless_, "requests without a key, sent to the first server that is up");
    d.drop("malformed", &KeyHashSwitch::malformed_, "too short for an Ethernet header");
  }

  void start(Problems& problems) override { targets_.start(*backends_, false, problems); }

  void push(Batch& batch) {
    unsigned directed = 0;
    if (const Ketama* ring = backends_->plain_ring()) directed = direct_on(*ring, batch);
    if (directed < batch.size()) {
      sort(batch, directed);
      return;
    }
    out_.push(batch);
  }

 private:
  // Nearly all packets: with a key, whose hash tells its server. How many of them are at the beginning of the batch; the others are as they
  // were.
  unsigned direct_on(const Ketama& ring, const Batch& batch) const {
    const Ring::Table table = ring.ring().table();
    unsigned directed = 0;
    for (const Packet packet : batch) {
      const Annotations& a = packet.annotations();
      if (a.key_length == 0 || packet.length() < sizeof(rte_ether_hdr)) break;
      targets_.aim(packet, table.server_of(Ketama::value_of(a.key_hash)));
      ++directed;
    }
    return directed;
  }

  // The first `directed` packets have their server.
  [[gnu::noinline]] void sort(Batch& batch, unsigned directed) {
    Batch others;
    unsigned place = 0;
    batch.split(others, [&](Packet packet) { return place++ < directed || direct(packet); });
    out_.push(batch);
    if (others.empty()) return;
    Batch broken;
    others.split(broken, [](Packet packet) { return packet.at<rte_ether_hdr>(0) != nullptr; });
    drop(broken, malformed_);
    for (Packet packet : others) refuse(packet, Refusal::kNoServer);
    unavailable_.push(others);
  }

  // False if it cannot be sent to a server: it has no Ethernet header, or there is none for it.
  bool direct(Packet packet) {
    if (packet.at<rte_ether_hdr>(0) == nullptr) return false;
    const Annotations& a = packet.annotations();
    std::uint32_t server = BackendPool::kNone;
    if (a.key_length == 0) {
      keyless_.add();
      server = backends_->first_up();
    } else {
      KeyBuffer buffer;
      server = backends_->choose(a.key_hash, key_of(packet, buffer));
    }
    if (server == BackendPool::kNone) return false;
    targets_.aim(packet, server);
    return true;
  }

  StateRef<BackendPool> backends_;
  Targets targets_;
  Output out_;
  Output unavailable_;
  Counter keyless_;
  DropReason malformed_;
};

SMARTSWITCH_ELEMENT(KeyHashSwitch)

}  // namespace smartswitch::memcached
