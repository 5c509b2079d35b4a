// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <array>

#include "elements/memcached/fan_out.h"
#include "elements/memcached/refusal.h"

namespace smartswitch::memcached {

class ReplicaSwitch final : public FanOut {
 public:
  static void describe(Describe<ReplicaSwitch>& d) {
    d.summary("Keeps each key at several servers: writes go to all of them, reads to the less busy one of two.");
    d.details(
        R"(For keys that one server cannot serve fast enough, or that must not be lost with it; a KeyPrefixSwitch can pick them out. A key's replicas
are its own server and those that would take over if that was down, `replicas` in all, of those that are up.

A read goes to one of two replicas chosen at random: the one with fewer requests under way (power of two choices: Mitzenmacher 2001, doi:10.1109/71.963420).
A write is sent to all, and a ReplyJoiner answers the client:

| `answer` | when | what | mcrouter's |
|---|---|---|---|
| `all` | all have answered | an error if one gave one, otherwise the reply of the first one in the key's order | AllSyncRoute |
| `first` | one has answered without an error | that reply; an error only if all gave one | AllFastestRoute |
| `majority` | more than half agree, or all have answered | what most say: done, refused, not there, an error. If as many say one as the other, the worse | AllMajorityRoute |

The other replies are counted as `late` by the ReplyJoiner when they come. If too few answer within the JoinTable's `timeout`, there is no reply at all: whether the write was
done is not known. With `all` that is when one does not answer; with `first`, when none has answered without an error; with `majority`, when those who have do not make
more than half for anything. A server that is known to be down is not asked.

`first` and `majority` answer before all replicas have the new value: a read may still find the old one. So they are not for keys that a cache in front
of them serves, which would take the write for done and keep what it reads.

Requests and replies pass a RequestSender and a ReplyReceiver, which count what is
under way.

Between replicas nothing is promised: while a write is under way, one reader may see it and a later one at another replica not yet. A replica that comes
back knows nothing of what was written meanwhile, unless it was restarted: then it is empty.)");
    d.example("replicate: {class: ReplicaSwitch, backends: backends, joins: joins, replicas: 2}");
    d.input<&ReplicaSwitch::push>("in", "requests of one key, classified");
    describe_parameters(d);
    d.output("unavailable", &ReplicaSwitch::unavailable_, "requests that have no server now, unchanged").optional();
    d.parameter("replicas", &ReplicaSwitch::replicas_, "servers that each key is at").between(1, kMost);
    d.parameter("answer", &ReplicaSwitch::answer_,
                {{"all", PartRule::kOneOfMany}, {"first", PartRule::kFirst}, {"majority", PartRule::kMajority}},
                "when a write is answered, and with which of the replies");
  }

  void push(Batch& batch) {
    Batch none;
    for (Packet packet : batch) {
      if (!direct(packet)) none.add(packet);
    }
    batch.release();
    flush();
    for (Packet packet : none) refuse(packet, Refusal::kNoServer);
    unavailable_.push(none);
  }

 private:
  static constexpr std::uint32_t kMost = 16;

  bool direct(Packet packet) {
    if (packet.at<rte_ether_hdr>(0) == nullptr) return false;
    const Annotations& a = packet.annotations();
    KeyBuffer buffer;
    std::array<std::uint32_t, kMost> servers;
    const std::size_t n = backends_->replicas_of(a.key_hash, key_of(packet, buffer), std::span(servers).first(replicas_));
    if (n == 0) return false;
    if (n == 1 || (a.flags & kWrites) == 0) {
      send(packet, less_busy(std::span(servers).first(n)));
    } else {
      send_to_all(packet, std::span(servers).first(n), answer_);
    }
    return true;
  }

  std::uint32_t less_busy(std::span<const std::uint32_t> servers) {
    if (servers.size() == 1) return servers[0];
    const std::uint64_t r = random().next() >> 16;
    const std::size_t one = r % servers.size();
    const std::size_t other = (one + 1 + (r >> 24) % (servers.size() - 1)) % servers.size();
    const auto under_way = [this](std::uint32_t server) { return backends_->load(server).outstanding.load(std::memory_order_relaxed); };
    return under_way(servers[other]) < under_way(servers[one]) ? servers[other] : servers[one];
  }

  std::uint32_t replicas_ = 2;
  PartRule answer_ = PartRule::kOneOfMany;
  Output unavailable_;
};

SMARTSWITCH_ELEMENT(ReplicaSwitch)

}  // namespace smartswitch::memcached
