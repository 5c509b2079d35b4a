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

Requests without a key go to the first server that is up. A get of several keys goes to the server of the first one; if others belong
elsewhere it is counted under `straddling`, and those keys are reported missing. What has no server (all are down, or its own is and the pool
says `when_down: refuse`) leaves through `unavailable`, or is dropped there.)");
    d.example("choose: {class: KeyHashSwitch, backends: backends}");
    d.input<&KeyHashSwitch::push>("in", "requests, classified");
    d.output("out", &KeyHashSwitch::out_, "the same, with the server's MAC address as destination");
    d.output("unavailable", &KeyHashSwitch::unavailable_, "requests that have no server now, unchanged").optional();
    d.parameter("backends", &KeyHashSwitch::backends_, "the servers to choose from; each needs its `mac`");
    d.counter("keyless", &KeyHashSwitch::keyless_, "requests without a key, sent to the first server that is up");
    d.counter("straddling", &KeyHashSwitch::straddling_, "gets whose keys belong to several servers");
    d.drop("malformed", &KeyHashSwitch::malformed_, "too short for an Ethernet header");
  }

  void start(Problems& problems) override {
    for (const Backend& server : backends_->servers()) {
      if (!server.mac)
        problems.add({}, fmt::format("server `{}` of `{}` has no MAC address to send requests to", server.name, backends_->name()),
                     "give it one: `mac: \"02:00:00:00:01:01\"`");
    }
  }

  void push(Batch& batch) {
    Batch others;
    batch.split(others, [this](Packet packet) { return direct(packet); });
    out_.push(batch);
    if (others.empty()) return;
    Batch broken;
    others.split(broken, [](Packet packet) { return packet.at<rte_ether_hdr>(0) != nullptr; });
    drop(broken, malformed_);
    unavailable_.push(others);
  }

 private:
  // False if it cannot be sent to a server: it has no Ethernet header, or there is none for it.
  bool direct(Packet packet) {
    auto* ether = packet.at<rte_ether_hdr>(0);
    if (ether == nullptr) return false;
    const Annotations& a = packet.annotations();
    std::uint32_t server = BackendPool::kNone;
    if (a.key_length == 0) {
      keyless_.add();
      server = backends_->first_up();
    } else {
      const std::string_view key(reinterpret_cast<const char*>(packet.data()) + a.key_offset, a.key_length);
      server = backends_->choose(a.key_hash, key);
      if ((a.flags & kSeveral) != 0 && backends_->by_key()) count_straddling(packet, server);
    }
    if (server == BackendPool::kNone) return false;
    std::memcpy(&ether->dst_addr, backends_->servers()[server].mac->bytes.data(), RTE_ETHER_ADDR_LEN);
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
  Output unavailable_;
  Counter keyless_, straddling_;
  DropReason malformed_;
};

SMARTSWITCH_ELEMENT(KeyHashSwitch)

}  // namespace smartswitch::memcached
