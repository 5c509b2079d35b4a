// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/backend_pool.h"
#include "elements/memcached/datagram.h"
#include "elements/memcached/readdress.h"
#include "elements/memcached/reply_packet.h"
#include "elements/memcached/request_table.h"
#include "elements/sdk/element.h"

namespace smartswitch::memcached {

class RequestSender final : public Element {
 public:
  static void describe(Describe<RequestSender>& d) {
    d.summary("Sends requests to their server under the switch's own address, so that the replies come back to the switch (NAT).");
    d.details(
        R"(For servers that cannot have the service address (no direct server return), and for what the switch asks by itself: parts of gets of several
keys, fetches for the cache, health probes. It belongs behind a KeyHashSwitch, whose servers need an `address`; a ReplyReceiver with the same table
takes the replies, which get the request's colour if it was given one. Checksums are changed by what changes, so a damaged request stays damaged.)");
    d.example("send: {class: RequestSender, requests: own, backends: backends}");
    d.input<&RequestSender::push>("in", "requests with a server chosen");
    d.output("out", &RequestSender::out_, "the same from the switch's address to the server's");
    d.parameter("requests", &RequestSender::table_, "the RequestTable that remembers who asked");
    d.parameter("backends", &RequestSender::backends_, "the pool that the servers were chosen from");
    d.counter("sent", &RequestSender::requests_, "requests sent on");
    d.drop("table_full", &RequestSender::full_, "too many requests are under way");
    d.drop("no_address", &RequestSender::no_address_, "the server that was chosen has no `address`");
    d.drop("unsupported", &RequestSender::unsupported_, "requests over IPv6, with VLAN tags or IP options");
  }

  void start(Problems&) override {
    expiry_.bind<&RequestSender::expire>(this);
    schedule_in(expiry_, kExpiryInterval);
  }

  void push(Batch& batch) {
    Batch gone;
    batch.split(gone, [this](Packet packet) { return send(packet); });
    gone.release();
    requests_.add(batch.size());
    out_.push(batch);
  }

 private:
  static constexpr Duration kExpiryInterval{50'000'000};

  // False if the packet has been dropped.
  bool send(Packet packet) {
    const Annotations& a = packet.annotations();
    const Headers& h = locate_headers(packet);
    if (!can_turn_around(h) || h.ip_version != 4 || h.l3 != sizeof(rte_ether_hdr)) return dropped(packet, unsupported_);
    if (a.next.address == 0) return dropped(packet, no_address_);
    auto* ether = reinterpret_cast<rte_ether_hdr*>(packet.data());
    auto* message = reinterpret_cast<Ipv4Message*>(packet.data() + h.l3);
    const auto name = table_->open(request_of(a, *ether, *message), now(), random());
    if (!name) return dropped(packet, full_);
    set_mac(ether->src_addr, table_->mac());
    readdress(*message, {table_->address().host_order, name->port}, {a.next.address, a.next.port}, name->id);
    return true;
  }

  RequestTable::Request request_of(const Annotations& a, const rte_ether_hdr& ether, const Ipv4Message& message) const {
    RequestTable::Request request;
    request.server = {a.next.address, a.next.port};
    request.server_number = a.next.server;
    request.paint = a.paint;
    request.load = &backends_->load(a.next.server);
    if ((a.flags & kOwn) != 0) {
      request.errand = Errand::from(a.context);
      return request;
    }
    request.client_mac = mac_of(ether.src_addr);
    request.service_mac = mac_of(ether.dst_addr);
    request.client = source_of(message);
    request.service = destination_of(message);
    request.client_id = rte_be_to_cpu_16(message.frame.request_id);
    return request;
  }

  static bool dropped(Packet packet, DropReason& reason) {
    drop(packet, reason);
    return false;
  }

  void expire() {
    table_->expire(now());
    schedule_in(expiry_, kExpiryInterval);
  }

  StateRef<RequestTable> table_;
  StateRef<BackendPool> backends_;
  Timer expiry_;
  Output out_;
  Counter requests_;
  DropReason full_, no_address_, unsupported_;
};

SMARTSWITCH_ELEMENT(RequestSender)

}  // namespace smartswitch::memcached
