// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_udp.h>

#include "elements/memcached/client_budgets.h"
#include "elements/memcached/protocol.h"
#include "elements/sdk/element.h"

namespace smartswitch::memcached {

class RequestGuard final : public Element {
 public:
  static void describe(Describe<RequestGuard>& d) {
    d.summary("Lets memcached requests over UDP pass only from the networks of clients.");
    d.details(
        R"(UDP's source addresses can be forged: who asks memcached for a large value in another one's name floods him with the reply. That was the largest
attack of its time in 2018. So requests are answered only to addresses that can be clients, and nothing comes from outside with one of those if the
network's edge filters addresses that do not belong there (RFC 2827).

The second half of the guard is a ReplyGuard behind which replies leave: with the same `budgets`, each request pays `factor` times its bytes into
what may be answered to its sender.

Any UDP packet to `udp_port` is a request, whatever its destination; all else passes. Requests from `udp_port` or port 0 are dropped: replies
to them would be requests to another server, which answers in turn, without end. Put it in front of IPReassembler and
MemcachedClassifier, so that strangers take no memory.)");
    d.example("guard: {class: RequestGuard, clients: [10.0.0.0/8, \"fd00::/8\"]}");
    d.input<&RequestGuard::push>("in", "packets from clients");
    d.output("out", &RequestGuard::out_, "the same, without requests from elsewhere");
    d.parameter("clients", &RequestGuard::clients_, "networks that requests may come from, in a list, or in a text with commas; none: any");
    d.parameter("budgets", &RequestGuard::budgets_, "the ClientBudgets, of bytes a second, that a ReplyGuard spends from").optional();
    d.parameter("factor", &RequestGuard::factor_, "bytes of a reply that a request's byte pays for, with `budgets`").between(0, 1e6);
    d.parameter("udp_port", &RequestGuard::port_, "port that requests are sent to").at_least(1);
    d.drop("not_a_client", &RequestGuard::not_a_client_, "requests from other networks");
    d.drop("from_a_server", &RequestGuard::from_a_server_, "requests from `udp_port` or port 0");
  }

  void push(Batch& batch) {
    Batch strangers, loops;
    unsigned kept = 0;
    rte_mbuf** mbufs = batch.mbufs();
    for (const Packet packet : batch) {
      switch (look(packet)) {
        case Way::kOn:
          mbufs[kept++] = packet.mbuf();
          break;
        case Way::kStranger:
          strangers.add(packet);
          break;
        case Way::kLoop:
          loops.add(packet);
          break;
      }
    }
    batch.set_size(kept);
    drop(strangers, not_a_client_);
    drop(loops, from_a_server_);
    out_.push(batch);
  }

 private:
  enum class Way : std::uint8_t { kOn, kStranger, kLoop };

  Way look(Packet packet) {
    const Headers& h = locate_headers(packet);
    if (h.l4_protocol != ip_protocol::kUdp || h.l4 == 0) return Way::kOn;
    const auto* udp = reinterpret_cast<const rte_udp_hdr*>(packet.data() + h.l4);
    const rte_be16_t port = rte_cpu_to_be_16(port_);
    if (udp->dst_port != port) return Way::kOn;
    const ClientAddress client = source_of(packet, h);
    if (!clients_.empty() && !clients_.contain(client)) return Way::kStranger;
    if (udp->src_port == port || udp->src_port == 0) return Way::kLoop;
    if (budgets_) budgets_->give(client, 0, factor_ * packet.wire_length(), now());
    return Way::kOn;
  }

  ClientNetworks clients_;
  StateRef<ClientBudgets> budgets_;
  double factor_ = 10;
  std::uint16_t port_ = kPort;
  Output out_;
  DropReason not_a_client_, from_a_server_;
};

SMARTSWITCH_ELEMENT(RequestGuard)

}  // namespace smartswitch::memcached
