// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_ether.h>

#include <cstring>

#include "elements/memcached/backend_pool.h"
#include "elements/memcached/datagram.h"
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

Requests without a key go to the first server. A get of several keys goes to the server of the first one; if others belong elsewhere
it is counted under `straddling`, and those keys are reported missing.)");
    d.example("choose: {class: KeyHashSwitch, backends: backends}");
    d.input<&KeyHashSwitch::push>("in", "requests, classified");
    d.output("out", &KeyHashSwitch::out_, "the same, with the server's MAC address as destination");
    d.parameter("backends", &KeyHashSwitch::backends_, "the servers to choose from");
    d.counter("keyless", &KeyHashSwitch::keyless_, "requests without a key, sent to the first server");
    d.counter("straddling", &KeyHashSwitch::straddling_, "gets whose keys belong to several servers");
    d.drop("malformed", &KeyHashSwitch::malformed_, "too short for an Ethernet header");
  }

  void push(Batch& batch) {
    Batch broken;
    batch.split(broken, [this](Packet packet) { return direct(packet); });
    drop(broken, malformed_);
    out_.push(batch);
  }

 private:
  bool direct(Packet packet) {
    auto* ether = packet.at<rte_ether_hdr>(0);
    if (ether == nullptr) return false;
    const Annotations& a = packet.annotations();
    std::uint32_t server = 0;
    if (a.key_length == 0) {
      keyless_.add();
    } else {
      KeyBuffer buffer;
      server = backends_->choose(a.key_hash, key_of(packet, buffer));
      if ((a.flags & kSeveral) != 0) count_straddling(packet, server);
    }
    std::memcpy(&ether->dst_addr, backends_->servers()[server].mac.bytes.data(), RTE_ETHER_ADDR_LEN);
    return true;
  }

  void count_straddling(Packet packet, std::uint32_t server) {
    const auto datagram = read_datagram(packet, locate_headers(packet));
    if (!datagram) return;
    std::string_view more = parse_request(datagram->text).more_keys;
    for (std::string_view key = next_key(more); !key.empty(); key = next_key(more)) {
      if (backends_->choose(hash_key(key), key) == server) continue;
      straddling_.add();
      return;
    }
  }

  StateRef<BackendPool> backends_;
  Output out_;
  Counter keyless_, straddling_;
  DropReason malformed_;
};

SMARTSWITCH_ELEMENT(KeyHashSwitch)

}  // namespace smartswitch::memcached
