// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_memcpy.h>
#include <rte_udp.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "elements/memcached/datagram.h"
#include "elements/memcached/key_cache.h"
#include "elements/sdk/element.h"

namespace smartswitch::memcached {

class CacheResponder final : public Element {
 public:
  static void describe(Describe<CacheResponder>& d) {
    d.summary("Answers gets from the cache, and lets the others pass.");
    d.details(
        R"(A request for one key that is in the cache becomes its own reply, in place, and leaves through `hit`: addresses and ports swapped, the text as the
server sent it. All else leaves through `out`, and the cache is told, so that the reply can fill it. It has to come behind a MemcachedClassifier.)");
    d.example("cache: {class: CacheResponder, cache: hot}");
    d.input<&CacheResponder::push>("in", "gets");
    d.output("out", &CacheResponder::out_, "gets that a server has to answer");
    d.output("hit", &CacheResponder::hit_, "replies, on their way to the client");
    d.parameter("cache", &CacheResponder::cache_, "where the items are");
    d.counter("hits", &CacheResponder::hits_, "gets answered here");
    d.counter("misses", &CacheResponder::misses_, "gets of one key passed on");
    d.counter("passed", &CacheResponder::passed_, "gets passed on unlooked: several keys, gets (with cas), IP options");
  }

  void push(Batch& batch) {
    for (Packet packet : batch) cache_->prefetch(packet.annotations().key_hash);
    const unsigned size = batch.size();
    KeyCache::Place places[Batch::kCapacity];
    for (unsigned i = 0; i < size; ++i) {
      const Annotations& a = batch[i].annotations();
      places[i] = answerable(a) ? cache_->look_up(a.key_hash) : KeyCache::Place{};
    }
    Batch hits;
    rte_mbuf** mbufs = batch.mbufs();
    unsigned passed = 0;
    for (unsigned i = 0; i < size; ++i) {
      if (answer(batch[i], places[i])) {
        hits.add(batch[i]);
      } else {
        mbufs[passed++] = batch[i].mbuf();
      }
    }
    batch.set_size(passed);
    hits_.add(hits.size());
    hit_.push(hits);
    out_.push(batch);
  }

 private:
  static constexpr std::size_t kLongestGet = 4 + kLongestKey + 2;  // "get " key CR LF
  static constexpr std::uint8_t kTimeToLive = 64;

  // What is behind Ethernet and its tags in a request, and in the reply that it becomes.
  template <class Ip>
  struct Message {
    Ip ip;
    rte_udp_hdr udp;
    FrameHeader frame;
    std::uint8_t text[1];
  } __attribute__((packed));

  // Behind a classifier, a key means a whole UDP datagram with a frame header. Options and extension headers would have to be answered in
  // kind: a server does that.
  static bool answerable(const Annotations& a) {
    const std::size_t ip_length = a.headers.l4 - a.headers.l3;
    const auto request_length = static_cast<std::uint16_t>(a.headers.payload_length - sizeof(FrameHeader));
    return a.verb == static_cast<std::uint8_t>(Verb::kGet) && a.flags == 0 && a.key_length != 0 &&
           a.headers.l4_protocol == ip_protocol::kUdp && request_length <= kLongestGet &&
           ip_length == (a.headers.ip_version == 4 ? sizeof(rte_ipv4_hdr) : sizeof(rte_ipv6_hdr));
  }

  // True if the packet has become a reply. `place` is empty if it can't be answered.
  bool answer(Packet packet, const KeyCache::Place& place) {
    const Annotations& a = packet.annotations();
    const std::string_view key(reinterpret_cast<const char*>(packet.data()) + a.key_offset, a.key_length);
    const auto hit = cache_->find(place, key, now());
    if (hit && (a.headers.ip_version == 4 ? answer_with<rte_ipv4_hdr>(packet, *hit) : answer_with<rte_ipv6_hdr>(packet, *hit))) return true;
    if (place.bucket == nullptr) {
      pass(packet);
    } else {
      miss(packet);
    }
    return false;
  }

  // What follows is kept out of answer(), whose registers it would take.
  [[gnu::noinline]] void pass(Packet packet) {
    passed_.add();
    const Headers& h = locate_headers(packet);
    const auto datagram = read_datagram(packet, h);
    if (!datagram) return;
    const Ticket ticket = ticket_of_request(packet, h, datagram->frame->request_id);
    const Annotations& a = packet.annotations();
    if (a.verb == static_cast<std::uint8_t>(Verb::kGets) && a.flags == 0) {
      cache_->get_sent(ticket, a.key_hash, now());  // it does not fill, but may tell that the item is gone
    } else {
      cache_->other_sent(ticket, now());
    }
  }
  [[gnu::noinline]] void miss(Packet packet) {
    misses_.add();
    const Headers& h = locate_headers(packet);
    if (const auto datagram = read_datagram(packet, h)) {
      cache_->get_sent(ticket_of_request(packet, h, datagram->frame->request_id), packet.annotations().key_hash, now());
    }
  }

  // The reply's text takes the place of the request's. False, and nothing changed, if it does not fit or is not there any more.
  template <class Ip>
  static bool answer_with(Packet packet, const KeyCache::Hit& hit) {
    Headers& h = packet.annotations().headers;
    auto* message = reinterpret_cast<Message<Ip>*>(packet.data() + h.l3);
    const std::uint32_t text_at = h.l3 + offsetof(Message<Ip>, text);
    const std::size_t request_length = h.payload_length - sizeof(FrameHeader);
    if (packet.capacity() < text_at + hit.length + KeyCache::kOverrun) return false;
    std::uint8_t request[kLongestGet];
    rte_memcpy(request, message->text, request_length);
    if (!KeyCache::copy(hit, message->text)) {
      rte_memcpy(message->text, request, request_length);
      return false;
    }
    const auto udp_length = static_cast<std::uint16_t>(sizeof(rte_udp_hdr) + sizeof(FrameHeader) + hit.length);
    auto* ether = reinterpret_cast<rte_ether_hdr*>(packet.data());
    std::swap(ether->src_addr, ether->dst_addr);
    turn_around(*message, udp_length, hit.sum);
    h.payload_length = static_cast<std::uint16_t>(udp_length - sizeof(rte_udp_hdr));
    packet.annotations().key_length = 0;
    return packet.resize(text_at + hit.length);
  }

  // Makes headers for the text that is in place: sender and receiver swapped, lengths and checksums new.
  template <class Ip>
  static void turn_around(Message<Ip>& m, std::uint16_t udp_length, std::uint16_t text_sum) {
    const rte_be16_t client = m.udp.src_port;
    const rte_be16_t server = m.udp.dst_port;
    const rte_be16_t length = rte_cpu_to_be_16(udp_length);
    m.frame.sequence = 0;
    m.frame.total = rte_cpu_to_be_16(1);
    m.frame.reserved = 0;
    m.udp.src_port = server;
    m.udp.dst_port = client;
    m.udp.dgram_len = length;
    const std::uint16_t checksum = complement(turn_ip(m.ip, udp_length) + rte_cpu_to_be_16(ip_protocol::kUdp) + length + server + client +
                                              length + m.frame.request_id + rte_cpu_to_be_16(1) + text_sum);
    m.udp.dgram_cksum = checksum == 0 ? 0xFFFF : checksum;  // RFC 768: zero would say that there is none
  }

  // Internet checksums (RFC 1071) of fields that are at hand: reading them back from the packet in other sizes than they were just written
  // in would wait for the writes.
  static std::uint16_t complement(std::uint64_t sum) {
    while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
  }

  // Both return the sum of the addresses, which UDP's checksum covers too.
  static std::uint64_t turn_ip(rte_ipv4_hdr& ip, std::uint16_t udp_length) {
    const rte_be32_t client = ip.src_addr;
    const rte_be32_t server = ip.dst_addr;
    const rte_be16_t first_word = rte_cpu_to_be_16(static_cast<std::uint16_t>(RTE_IPV4_VHL_DEF << 8 | ip.type_of_service));
    const rte_be16_t length = rte_cpu_to_be_16(static_cast<std::uint16_t>(sizeof ip + udp_length));
    const std::uint64_t addresses = std::uint64_t{client} + server;
    ip.src_addr = server;
    ip.dst_addr = client;
    ip.total_length = length;
    ip.packet_id = 0;  // RFC 6864 section 4.1: free for a datagram that is not to be fragmented
    ip.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
    ip.time_to_live = kTimeToLive;
    ip.hdr_checksum = complement(addresses + first_word + length + rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG) +
                                 rte_cpu_to_be_16(kTimeToLive << 8 | ip_protocol::kUdp));
    return addresses;
  }
  static std::uint64_t turn_ip(rte_ipv6_hdr& ip, std::uint16_t udp_length) {
    std::uint32_t words[8];
    std::memcpy(words, ip.src_addr, sizeof words);
    std::memcpy(ip.src_addr, words + 4, sizeof ip.src_addr);
    std::memcpy(ip.dst_addr, words, sizeof ip.dst_addr);
    ip.payload_len = rte_cpu_to_be_16(udp_length);
    ip.hop_limits = kTimeToLive;
    return std::accumulate(std::begin(words), std::end(words), std::uint64_t{0});
  }

  StateRef<KeyCache> cache_;
  Output out_, hit_;
  Counter hits_, misses_, passed_;
};

SMARTSWITCH_ELEMENT(CacheResponder)

}  // namespace smartswitch::memcached
