// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/datagram.h"
#include "elements/memcached/readdress.h"
#include "elements/memcached/request_table.h"
#include "elements/sdk/element.h"

namespace smartswitch::memcached {

class ReplyReceiver final : public Element {
 public:
  static void describe(Describe<ReplyReceiver>& d) {
    d.summary("Takes the replies to what a RequestSender has sent, and gives each to whom it is for.");
    d.details(
        R"(A reply to a client's request gets the addresses, port and request id back that the client knows, and leaves through `client`. Replies to the
switch's own requests leave through the output of their purpose. All that is no UDP to the switch's own address and ports passes unchanged.)");
    d.example("receive: {class: ReplyReceiver, requests: own}");
    d.input<&ReplyReceiver::push>("in", "packets from servers");
    d.output("client", &ReplyReceiver::client_, "replies on their way to clients");
    d.output("part", &ReplyReceiver::part_, "parts of replies that a ReplyJoiner joins").optional();
    d.output("fetched", &ReplyReceiver::fetched_, "items for a cache").optional();
    d.output("probe", &ReplyReceiver::probe_, "signs of life for a HealthProber").optional();
    d.output("warm_up", &ReplyReceiver::warm_up_, "replies that a WarmUp has asked for").optional();
    d.output("other", &ReplyReceiver::other_, "everything else, untouched");
    d.parameter("requests", &ReplyReceiver::table_, "the RequestTable that remembers who asked");
    d.counter("replies", &ReplyReceiver::replies_, "datagrams that belong to a request");
    d.drop("stray", &ReplyReceiver::stray_, "replies that came too late, twice, or to nothing that was asked");
  }

  void push(Batch& batch) {
    Batch ways[kWays];
    for (Packet packet : batch) {
      const Way way = look(packet);
      if (way != kGone) ways[way].add(packet);
    }
    batch.release();
    Output* outputs[kWays] = {&client_, &part_, &fetched_, &probe_, &warm_up_, &other_};
    for (unsigned i = 0; i < kWays; ++i) outputs[i]->push(ways[i]);
  }

 private:
  enum Way : std::uint8_t { kToClient, kToPart, kToFetched, kToProbe, kToWarmUp, kToOther, kWays, kGone = kWays };

  Way look(Packet packet) {
    const Headers& h = locate_headers(packet);
    const auto datagram = read_datagram(packet, h);
    if (!datagram || h.ip_version != 4 || h.l4 != h.l3 + sizeof(rte_ipv4_hdr)) return kToOther;
    auto* message = reinterpret_cast<Ipv4Message*>(packet.data() + h.l3);
    const Endpoint to = destination_of(*message);
    if (to.address != table_->address().host_order || !table_->is_own_port(to.port)) return kToOther;
    const RequestTable::Name name{to.port, rte_be_to_cpu_16(message->frame.request_id)};
    bool finished = false;
    const auto request = table_->close(name, source_of(*message), progress_of(*datagram), finished);
    if (!request) {
      drop(packet, stray_);
      return kGone;
    }
    replies_.add();
    Annotations& a = packet.annotations();
    a.next.server = request->server_number;
    a.context = request->errand.context();
    if (request->paint != 0) a.paint = request->paint;
    a.flags = finished ? kOwn | kLast : kOwn;
    switch (request->errand.purpose) {
      case Purpose::kClient:
        a.flags = 0;
        restore(packet, *message, *request);
        return kToClient;
      case Purpose::kPart:
        return kToPart;
      case Purpose::kFetch:
        return kToFetched;
      case Purpose::kProbe:
        return kToProbe;
      case Purpose::kWarmUp:
        return kToWarmUp;
      case Purpose::kDiscard:
      case Purpose::kNone:
        break;
    }
    consume(packet);
    return kGone;
  }

  static void restore(Packet packet, Ipv4Message& message, const RequestTable::Request& request) {
    auto* ether = reinterpret_cast<rte_ether_hdr*>(packet.data());
    set_mac(ether->dst_addr, request.client_mac);
    set_mac(ether->src_addr, request.service_mac);
    readdress(message, request.service, request.client, request.client_id);
  }

  StateRef<RequestTable> table_;
  Output client_, part_, fetched_, probe_, warm_up_, other_;
  Counter replies_;
  DropReason stray_;
};

SMARTSWITCH_ELEMENT(ReplyReceiver)

}  // namespace smartswitch::memcached
