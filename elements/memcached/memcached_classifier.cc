// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_ip.h>
#include <rte_udp.h>

#include <algorithm>

#include "elements/memcached/datagram.h"
#include "elements/memcached/refusal.h"
#include "elements/sdk/element.h"
#include "elements/sdk/hash.h"

namespace smartswitch::memcached {

class MemcachedClassifier final : public Element {
 public:
  static void describe(Describe<MemcachedClassifier>& d) {
    d.summary("Finds memcached requests, reads command and key, and sorts them by what they do.");
    d.details(
        R"(Requests are UDP datagrams to one of the `service` addresses (any address if none is given) and to `udp_port`, in memcached's text, meta or
binary protocol. What it learns is in the packet's annotations: verb, place and hash of the key, request id.

`get` and `write` have requests of one command with one key. A datagram with several keys or several commands leaves through `several`; one that would do harm
leaves through `refused`: it is cut off (memcached would take the next client's datagram for the rest), or memcached would find other commands in it than
stand there: data behind a wrong line, or a binary command behind one in text. An ErrorResponder tells the client; unconnected, they are dropped.

Requests to other addresses, and TCP to the port, are not for this switch to direct; but as they may write, they have an output of their own, `direct`,
that belongs to a CacheInvalidate if there is a cache. IP fragments to a service address are dropped: put an IPReassembler before this element.)");
    d.example("classify: {class: MemcachedClassifier, service: [10.11.0.100], udp_port: 11211}");
    d.input<&MemcachedClassifier::push>("in", "packets from clients");
    d.output("get", &MemcachedClassifier::get_, "requests to read one key");
    d.output("write", &MemcachedClassifier::write_, "requests that may change one item: set, delete, incr, touch, gat, ...");
    d.output("several", &MemcachedClassifier::several_, "requests with several keys, and datagrams with several commands");
    d.output("control", &MemcachedClassifier::control_,
             "requests without a key (version, stats, flush_all, ...), and gets that memcached answers with an error");
    d.output("refused", &MemcachedClassifier::refused_, "requests that must not reach a server").optional();
    d.output("direct", &MemcachedClassifier::direct_, "memcached traffic that is not for a service address, and TCP");
    d.output("other", &MemcachedClassifier::other_, "everything else, untouched");
    d.parameter("service", &MemcachedClassifier::service_, "addresses that requests are sent to; none: every address");
    d.parameter("udp_port", &MemcachedClassifier::port_, "port that requests are sent to").at_least(1);
    d.counter("gets", &MemcachedClassifier::gets_, "requests to read one key");
    d.counter("writes", &MemcachedClassifier::writes_, "requests that may change one item");
    d.counter("incomplete", &MemcachedClassifier::incomplete_, "refused: cut off in the command or in the data");
    d.counter("bad_line", &MemcachedClassifier::bad_line_,
              "refused: a key of more than 250 bytes or none, numbers that are none, wrong binary headers, both protocols at once");
    d.counter("bad_data", &MemcachedClassifier::bad_data_, "refused: the data is longer than announced");
    d.drop("fragment", &MemcachedClassifier::fragment_, "IP fragments to a service address");
    d.drop("bad_frame", &MemcachedClassifier::bad_frame_, "too short for the frame header, or not frame 1 of 1");
  }

  void start(Problems& /*problems*/) override {
    wire_port_ = rte_cpu_to_be_16(port_);
    for (const Ipv4Address address : service_) wire_service_.push_back(rte_cpu_to_be_32(address.host_order));
  }

  void push(Batch& batch) {
    // While one packet's text is read, the next ones are on their way into the cache.
    constexpr unsigned kAhead = 6;
    const unsigned size = batch.size();
    for (unsigned i = 0; i < std::min(size, kAhead); ++i) prefetch(batch[i]);
    unsigned plain = 0;
    while (plain < size && plain_get(batch[plain])) {
      ++plain;
      if (plain + kAhead <= size) prefetch(batch[plain + kAhead - 1]);
    }
    if (plain < size) {
      sort(batch, plain);
      return;
    }
    gets_.add(size);
    get_.push(batch);
  }

 private:
  enum class Way : std::uint8_t { kGet, kWrite, kMany, kControl, kRefused, kDirect, kOther, kDropped };

  // The first `gets` packets are gets. Kept out of the way of batches with nothing else in them, which most are.
  [[gnu::noinline]] void sort(Batch& batch, unsigned gets) {
    Batch writes, severals, controls, refusals, directs, others;
    rte_mbuf** mbufs = batch.mbufs();
    const unsigned size = batch.size();
    for (unsigned i = gets; i < size; ++i) prefetch(batch[i]);
    for (unsigned i = gets; i < size; ++i) {
      const Packet packet = batch[i];
      switch (look(packet)) {
        case Way::kGet:
          mbufs[gets++] = packet.mbuf();
          break;
        case Way::kWrite:
          writes.add(packet);
          break;
        case Way::kMany:
          severals.add(packet);
          break;
        case Way::kControl:
          controls.add(packet);
          break;
        case Way::kRefused:
          refusals.add(packet);
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
    several_.push(severals);
    get_.push(batch);
    refused_.push(refusals);
    other_.push(others);
  }

  static void prefetch(Packet packet) {
    packet.prefetch_data();
    packet.prefetch_annotations();
  }

  Way dropped(Packet packet, DropReason& reason) {
    drop(packet, reason);
    return Way::kDropped;
  }

  [[nodiscard]] bool for_service(Packet packet, const Headers& h) const {
    if (wire_service_.empty()) return true;
    if (h.ip_version != 4) return false;
    const rte_be32_t to = reinterpret_cast<const rte_ipv4_hdr*>(packet.data() + h.l3)->dst_addr;
    for (const rte_be32_t address : wire_service_) {  // as a rule there is one; std::find() is unrolled for many
      if (address == to) return true;
    }
    return false;
  }

  // True if the packet is "get <key>" to the service over UDP, and nothing is wrong with it; then it is annotated. Else nothing is done.
  bool plain_get(Packet packet) const {
    Headers& known = packet.annotations().headers;
    if (known.located) return plain_get_behind(known, packet);
    // As a local it need not be read again, and where UDP begins is a constant.
    Headers h;
    if (!find_plain_udp(packet.data(), packet.length(), h)) return false;
    known = h;
    return plain_get_behind(h, packet);
  }

  [[gnu::always_inline]] bool plain_get_behind(const Headers& h, Packet packet) const {
    const auto datagram = read_datagram(packet, h);
    if (!datagram || datagram->frame->total != rte_cpu_to_be_16(1) || !for_port(packet, h) || !for_service(packet, h)) return false;
    const std::string_view text = datagram->text;
    const std::size_t key_length = plain_get_key_length(text);
    if (key_length == 0) return false;
    Annotations& a = packet.annotations();
    a.verb = static_cast<std::uint8_t>(Verb::kGet);
    a.key_length = static_cast<std::uint8_t>(key_length);
    a.key_offset = static_cast<std::uint16_t>(h.payload + sizeof(FrameHeader) + 4);
    a.request_id = rte_be_to_cpu_16(datagram->frame->request_id);
    a.key_hash = hash_key({text.data() + 4, key_length});
    return true;
  }

  // The ports stand at the same place in TCP and UDP.
  [[nodiscard]] bool for_port(Packet packet, const Headers& h) const {
    return reinterpret_cast<const rte_udp_hdr*>(packet.data() + h.l4)->dst_port == wire_port_;
  }

  Way look(Packet packet) {
    if (plain_get(packet)) return Way::kGet;
    const Headers& h = locate_headers(packet);
    if (h.ip_version == 0 || h.malformed) return Way::kOther;
    if (h.l4_protocol == ip_protocol::kUdp) return look_at_udp(packet, h);
    if (h.l4_protocol == ip_protocol::kTcp) return look_at_tcp(packet, h);
    return Way::kOther;
  }

  Way look_at_tcp(Packet packet, const Headers& h) const {
    // A fragment without ports may be anything.
    if (h.l4 == 0) return h.fragment ? Way::kDirect : Way::kOther;
    return for_port(packet, h) && h.payload_length > 0 ? Way::kDirect : Way::kOther;
  }

  Way look_at_udp(Packet packet, const Headers& h) {
    if (h.l4 != 0 && !for_port(packet, h)) return Way::kOther;
    if (h.fragment) {
      if (!wire_service_.empty() && for_service(packet, h)) return dropped(packet, fragment_);
      return h.l4 != 0 ? Way::kDirect : Way::kOther;
    }
    if (!for_service(packet, h)) return Way::kDirect;
    const auto datagram = read_datagram(packet, h);
    if (!datagram || datagram->frame->total != rte_cpu_to_be_16(1)) return dropped(packet, bad_frame_);
    return look_at_request(packet, *datagram);
  }

  Way look_at_request(Packet packet, const Datagram& datagram) {
    const Request first = parse_request(datagram.text);
    annotate(packet, datagram, first);
    if (first.status != Status::kMoreBehind) return way_of(packet, first);
    for (std::string_view text = datagram.text.substr(first.size()); !text.empty();) {
      const Request next = parse_request(text);
      // memcached reads all of a datagram in the protocol that it begins with.
      if (next.protocol != first.protocol) return refused(packet, Refusal::kNoCommand, bad_line_);
      if (next.status != Status::kMoreBehind && way_of(packet, next) == Way::kRefused) return Way::kRefused;
      if (next.status != Status::kMoreBehind) break;
      text = text.substr(next.size());
    }
    packet.annotations().flags |= kSeveral;
    return Way::kMany;
  }

  // Where a datagram with this one command goes.
  Way way_of(Packet packet, const Request& request) {
    switch (request.status) {
      case Status::kIncomplete:
        return refused(packet, Refusal::kIncomplete, incomplete_);
      case Status::kNoCommand:
        return refused(packet, Refusal::kNoCommand, bad_line_);
      case Status::kBadData:
        return refused(packet, Refusal::kBadData, bad_data_);
      case Status::kBadLine:
        // What follows no line of data, memcached may as well answer itself.
        if (request.protocol == Protocol::kText && !request.writes) return Way::kControl;
        return refused(packet, Refusal::kBadLine, bad_line_);
      default:
        break;
    }
    if (request.keys > 1) return Way::kMany;
    if (request.keys == 0 || request.verb >= Verb::kFlushAll) return Way::kControl;
    return request.writes ? Way::kWrite : Way::kGet;
  }

  static Way refused(Packet packet, Refusal why, Counter& counter) {
    counter.add();
    refuse(packet, why);
    return Way::kRefused;
  }

  std::vector<Ipv4Address> service_;
  std::uint16_t port_ = kPort;
  // The same as packets have them.
  std::vector<rte_be32_t> wire_service_;
  rte_be16_t wire_port_ = 0;
  Output get_, write_, several_, control_, refused_, direct_, other_;
  Counter gets_, writes_, incomplete_, bad_line_, bad_data_;
  DropReason fragment_, bad_frame_;
};

SMARTSWITCH_ELEMENT(MemcachedClassifier)

}  // namespace smartswitch::memcached
