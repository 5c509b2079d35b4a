// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_ip.h>
#include <rte_udp.h>

#include <algorithm>

#include "elements/memcached/datagram.h"
#include "elements/sdk/element.h"
#include "elements/sdk/hash.h"

namespace smartswitch::memcached {

class MemcachedClassifier final : public Element {
 public:
  static void describe(Describe<MemcachedClassifier>& d) {
    d.summary("Finds memcached requests, reads command and key, and sorts them by what they do.");
    d.details(
        R"(Requests are UDP datagrams to one of the `service` addresses (any address if none is given) and to `udp_port`. What it learns is in the
packet's annotations: verb, place and hash of the key, request id.

Dropped are requests that would do harm or go nowhere: those that are cut off (memcached would take the next client's datagram for the rest), IP
fragments to a service address, several frames in one request (memcached drops them in silence), and forms that are not understood yet
(binary protocol, keys in base64).

Requests to other addresses, and TCP to the port, are not for this switch to direct; but as they may write, they have an output of their own, `direct`,
that belongs to a CacheInvalidate if there is a cache.)");
    d.example("classify: {class: MemcachedClassifier, service: [10.11.0.100], udp_port: 11211}");
    d.input<&MemcachedClassifier::push>("in", "packets from clients");
    d.output("get", &MemcachedClassifier::get_, "gets, of one or several keys");
    d.output("write", &MemcachedClassifier::write_, "whatever may change an item: set, delete, incr, touch, gat, ...");
    d.output("control", &MemcachedClassifier::control_,
             "requests without a key (version, stats, flush_all, ...), and those that memcached refuses");
    d.output("direct", &MemcachedClassifier::direct_, "memcached traffic that is not for a service address, and TCP");
    d.output("other", &MemcachedClassifier::other_, "everything else, untouched");
    d.parameter("service", &MemcachedClassifier::service_, "addresses that requests are sent to; none: every address");
    d.parameter("udp_port", &MemcachedClassifier::port_, "port that requests are sent to").at_least(1);
    d.counter("gets", &MemcachedClassifier::gets_, "requests to read, of one or several keys");
    d.counter("writes", &MemcachedClassifier::writes_, "requests that may change an item");
    d.drop("incomplete", &MemcachedClassifier::incomplete_, "cut off in the command line or in the data");
    d.drop("fragment", &MemcachedClassifier::fragment_, "IP fragments to a service address");
    d.drop("bad_frame", &MemcachedClassifier::bad_frame_, "too short for the frame header, or not frame 1 of 1");
    d.drop("bad_key", &MemcachedClassifier::bad_key_, "writes whose key is missing, longer than 250 bytes or has control characters");
    d.drop("unsupported", &MemcachedClassifier::unsupported_, "forms that are not understood");
  }

  void push(Batch& batch) {
    Batch writes, controls, directs, others;
    // Two rounds: while one packet's text is read, the next ones are on their way into the cache.
    constexpr unsigned kAhead = 6;
    unsigned gets = 0;
    const unsigned size = batch.size();
    rte_mbuf** mbufs = batch.mbufs();
    for (unsigned i = 0; i < std::min(size, kAhead); ++i) prefetch(batch[i]);
    for (unsigned i = 0; i < size; ++i) {
      if (i + kAhead < size) prefetch(batch[i + kAhead]);
      const Packet packet = batch[i];
      switch (look(packet)) {
        case Way::kGet:
          mbufs[gets++] = packet.mbuf();
          break;
        case Way::kWrite:
          writes.add(packet);
          break;
        case Way::kControl:
          controls.add(packet);
          break;
        case Way::kDirect:
          directs.add(packet);
          break;
        case Way::kOther:
          others.add(packet);
          break;
        case Way::kDropped:
          break;
      }
    }
    batch.set_size(gets);
    gets_.add(gets);
    writes_.add(writes.size());
    // Writes first: a get behind a write in the same batch must not overtake it in the cache.
    write_.push(writes);
    direct_.push(directs);
    control_.push(controls);
    get_.push(batch);
    other_.push(others);
  }

 private:
  enum class Way : std::uint8_t { kGet, kWrite, kControl, kDirect, kOther, kDropped };

  static void prefetch(Packet packet) {
    packet.prefetch_data();
    packet.prefetch_annotations();
  }

  Way dropped(Packet packet, DropReason& reason) {
    drop(packet, reason);
    return Way::kDropped;
  }

  [[nodiscard]] bool for_service(Packet packet, const Headers& h) const {
    if (service_.empty()) return true;
    if (h.ip_version != 4) return false;
    const auto* ip = reinterpret_cast<const rte_ipv4_hdr*>(packet.data() + h.l3);
    const Ipv4Address to{rte_be_to_cpu_32(ip->dst_addr)};
    for (const Ipv4Address address : service_) {  // as a rule there is one; std::find() is unrolled for many
      if (address == to) return true;
    }
    return false;
  }

  Way look(Packet packet) {
    const Headers& h = locate_headers(packet);
    if (h.ip_version == 0 || h.malformed) return Way::kOther;
    if (h.l4_protocol == ip_protocol::kUdp) return look_at_udp(packet, h);
    if (h.l4_protocol == ip_protocol::kTcp) return look_at_tcp(packet, h);
    return Way::kOther;
  }

  Way look_at_tcp(Packet packet, const Headers& h) const {
    // The ports stand at the same place in TCP and UDP. A fragment without them may be anything.
    if (h.l4 == 0) return h.fragment ? Way::kDirect : Way::kOther;
    const auto* ports = reinterpret_cast<const rte_udp_hdr*>(packet.data() + h.l4);
    return ports->dst_port == rte_cpu_to_be_16(port_) && h.payload_length > 0 ? Way::kDirect : Way::kOther;
  }

  Way look_at_udp(Packet packet, const Headers& h) {
    if (h.fragment) {
      if (h.l4 != 0) {
        const auto* udp = reinterpret_cast<const rte_udp_hdr*>(packet.data() + h.l4);
        if (udp->dst_port != rte_cpu_to_be_16(port_)) return Way::kOther;
      }
      if (!service_.empty() && for_service(packet, h)) return dropped(packet, fragment_);
      return h.l4 != 0 ? Way::kDirect : Way::kOther;
    }
    const auto* udp = reinterpret_cast<const rte_udp_hdr*>(packet.data() + h.l4);
    if (udp->dst_port != rte_cpu_to_be_16(port_)) return Way::kOther;
    if (!for_service(packet, h)) return Way::kDirect;
    const auto datagram = read_datagram(packet, h);
    if (!datagram || datagram->frame->total != rte_cpu_to_be_16(1)) return dropped(packet, bad_frame_);
    const std::string_view text = datagram->text;
    const std::size_t key_length = plain_get_key_length(text);
    if (key_length == 0) return look_at_request(packet, h);
    Annotations& a = packet.annotations();
    a.verb = static_cast<std::uint8_t>(Verb::kGet);
    a.key_length = static_cast<std::uint8_t>(key_length);
    a.key_offset = static_cast<std::uint16_t>(h.payload + sizeof(FrameHeader) + 4);
    a.request_id = rte_be_to_cpu_16(datagram->frame->request_id);
    a.key_hash = hash_key({text.data() + 4, key_length});
    return Way::kGet;
  }

  // All requests but plain gets. Kept out of the way of those, and given nothing that they would have to put into memory for it.
  [[gnu::noinline]] Way look_at_request(Packet packet, const Headers& h) {
    const auto datagram = read_datagram(packet, h);
    const Request request = parse_request(datagram->text);
    if (request.status != Status::kWhole) return look_at_odd_request(packet, request, *datagram);
    note(packet, h, *datagram, request);
    return way_of(request.verb);
  }

  static Way way_of(Verb verb) {
    if (verb == Verb::kGet || verb == Verb::kGets) return Way::kGet;
    if (verb == Verb::kFlushAll || verb == Verb::kControl || verb == Verb::kUnknown) return Way::kControl;
    return Way::kWrite;
  }

  Way look_at_odd_request(Packet packet, const Request& first, const Datagram& datagram) {
    Annotations& a = packet.annotations();
    a.verb = static_cast<std::uint8_t>(first.verb);
    switch (first.status) {
      case Status::kIncomplete:
        return dropped(packet, incomplete_);
      case Status::kUnsupported:
        return dropped(packet, unsupported_);
      case Status::kBadKey:
        return way_of(first.verb) == Way::kGet ? Way::kControl : dropped(packet, bad_key_);
      default:
        break;
    }
    // Several commands in one datagram: all go where the first one's key belongs, as writes if one of them is.
    bool writes = may_write(first.verb);
    for (std::string_view text = datagram.text.substr(first.rest); !text.empty();) {
      const Request next = parse_request(text);
      if (next.status == Status::kIncomplete) return dropped(packet, incomplete_);
      if (next.status == Status::kUnsupported) return dropped(packet, unsupported_);
      writes = writes || may_write(next.verb);
      if (next.status != Status::kMoreBehind) break;
      text = text.substr(next.rest);
    }
    note(packet, packet.annotations().headers, datagram, first);
    a.flags |= kSeveral;
    if (writes) return Way::kWrite;
    return first.keys == 0 ? Way::kControl : Way::kGet;
  }

  static void note(Packet packet, const Headers& h, const Datagram& datagram, const Request& request) {
    Annotations& a = packet.annotations();
    a.verb = static_cast<std::uint8_t>(request.verb);
    a.request_id = rte_be_to_cpu_16(datagram.frame->request_id);
    a.flags = request.keys > 1 ? kSeveral : 0;
    a.key_length = static_cast<std::uint8_t>(request.key.size());
    if (request.key.empty()) return;
    a.key_offset =
        static_cast<std::uint16_t>(h.payload + sizeof(FrameHeader) + static_cast<std::size_t>(request.key.data() - datagram.text.data()));
    a.key_hash = hash_key(request.key);
  }

  std::vector<Ipv4Address> service_;
  std::uint16_t port_ = kPort;
  Output get_, write_, control_, direct_, other_;
  Counter gets_, writes_;
  DropReason incomplete_, fragment_, bad_frame_, bad_key_, unsupported_;
};

SMARTSWITCH_ELEMENT(MemcachedClassifier)

}  // namespace smartswitch::memcached
