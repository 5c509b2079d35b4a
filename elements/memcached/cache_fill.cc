// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_udp.h>

#include "elements/memcached/datagram.h"
#include "elements/memcached/key_cache.h"
#include "elements/sdk/element.h"

namespace smartswitch::memcached {

class CacheFill final : public Element {
 public:
  static void describe(Describe<CacheFill>& d) {
    d.summary("Watches the replies of servers: fills the cache with values and tells it which writes have been answered.");
    d.details("Every packet from a server has to come through here on its way to a client. Nothing is dropped or changed.");
    d.example("fill: {class: CacheFill, cache: hot}");
    d.input<&CacheFill::push>("in", "packets from servers");
    d.output("out", &CacheFill::out_, "the same");
    d.parameter("cache", &CacheFill::cache_, "the cache to fill");
    d.parameter("udp_port", &CacheFill::port_, "port that servers answer from").at_least(1);
    d.counter("replies", &CacheFill::replies_, "datagrams of memcached that passed");
    d.counter("fills", &CacheFill::fills_, "of these, values that were put into the cache");
  }

  void push(Batch& batch) {
    for (Packet packet : batch) look(packet);
    out_.push(batch);
  }

 private:
  void look(Packet packet) {
    const Headers& h = locate_headers(packet);
    const auto datagram = read_datagram(packet, h);
    if (!datagram) return;
    const auto* udp = reinterpret_cast<const rte_udp_hdr*>(packet.data() + h.l4);
    // What the switch asked itself came from the server that it asked, whatever its port.
    if ((packet.annotations().flags & kOwn) == 0 && udp->src_port != rte_cpu_to_be_16(port_)) return;
    replies_.add();
    // A part of a longer reply tells that the request was answered, but is no value to keep.
    const std::string_view text = datagram->frame->total == rte_cpu_to_be_16(1) ? datagram->text : std::string_view();
    if (cache_->reply_seen(ticket_of_reply(packet, h, datagram->frame->request_id), text, now())) fills_.add();
  }

  StateRef<KeyCache> cache_;
  std::uint16_t port_ = kPort;
  Output out_;
  Counter replies_, fills_;
};

SMARTSWITCH_ELEMENT(CacheFill)

}  // namespace smartswitch::memcached
