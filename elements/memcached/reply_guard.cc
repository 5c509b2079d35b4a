// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_udp.h>

#include "elements/memcached/client_budgets.h"
#include "elements/memcached/protocol.h"
#include "elements/sdk/element.h"

namespace smartswitch::memcached {

class ReplyGuard final : public Element {
 public:
  static void describe(Describe<ReplyGuard>& d) {
    d.summary("Bounds the bytes of memcached's replies that an address gets, in relation to what it has asked.");
    d.details(
        R"(An attacker who asks in another one's name then floods him with no more than the `rate` of the budgets and `factor` times what he sends himself.
Replies over the budget are dropped. A budget is in bytes of whole packets; give it a `burst` that holds what an honest client gets at once.

Each RequestGuard with the same `budgets` pays into them. All replies have to come through a ReplyGuard on their way to clients, those
that the switch makes itself too (CacheResponder, RequestSplitter, ErrorResponder); behind an IPFragmenter they would be fragments, which are not
replies to it. Several of these may share the budgets. All else passes.)");
    d.example("spare: {class: ReplyGuard, budgets: bytes_to}");
    d.input<&ReplyGuard::push>("in", "packets to clients");
    d.output("out", &ReplyGuard::out_, "the same, without replies over the budget");
    d.parameter("budgets", &ReplyGuard::budgets_, "the ClientBudgets, of bytes a second");
    d.parameter("udp_port", &ReplyGuard::port_, "port that replies are sent from").at_least(1);
    d.counter("bytes", &ReplyGuard::bytes_, "bytes of replies that passed");
    d.drop("over_budget", &ReplyGuard::over_budget_, "replies to clients whose budget is spent");
  }

  void push(Batch& batch) {
    Batch over;
    batch.split(over, [this](Packet packet) { return may_pass(packet); });
    drop(over, over_budget_);
    out_.push(batch);
  }

 private:
  bool may_pass(Packet packet) {
    const Headers& h = locate_headers(packet);
    if (h.l4_protocol != ip_protocol::kUdp || h.l4 == 0) return true;
    const auto* udp = reinterpret_cast<const rte_udp_hdr*>(packet.data() + h.l4);
    if (udp->src_port != rte_cpu_to_be_16(port_)) return true;
    const std::uint32_t bytes = packet.wire_length();
    if (!budgets_->take(destination_of(packet, h), 0, bytes, now())) return false;
    bytes_.add(bytes);
    return true;
  }

  StateRef<ClientBudgets> budgets_;
  std::uint16_t port_ = kPort;
  Output out_;
  Counter bytes_;
  DropReason over_budget_;
};

SMARTSWITCH_ELEMENT(ReplyGuard)

}  // namespace smartswitch::memcached
