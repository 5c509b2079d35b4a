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
    for (Packet packet : batch) cache_->prefetch_index(packet.annotations().key_hash);
    for (Packet packet : batch) {
      if (answerable(packet)) cache_->prefetch_item(packet.annotations().key_hash);
    }
    Batch hits;
    rte_mbuf** mbufs = batch.mbufs();
    unsigned passed = 0;
    for (Packet packet : batch) {
      if (answer(packet)) {
        hits.add(packet);
      } else {
        mbufs[passed++] = packet.mbuf();
      }
    }
    batch.set_size(passed);
    hits_.add(hits.size());
    hit_.push(hits);
    out_.push(batch);
  }

 private:
  static bool answerable(Packet packet) {
    const Annotations& a = packet.annotations();
    return a.verb == static_cast<std::uint8_t>(Verb::kGet) && a.flags == 0 && a.key_length != 0;
  }

  // True if the packet has become a reply.
  bool answer(Packet packet) {
    const Headers h = locate_headers(packet);  // a copy: answering writes to the packet, which the compiler would take for a change
    const auto datagram = read_datagram(packet, h);
    if (!datagram) {
      passed_.add();
      return false;
    }
    // Options and extension headers would have to be answered in kind: a server does that.
    const std::size_t ip_length = h.l4 - h.l3;
    const bool plain = ip_length == (h.ip_version == 4 ? sizeof(rte_ipv4_hdr) : sizeof(rte_ipv6_hdr));
    const rte_be16_t id = datagram->frame->request_id;
    if (!answerable(packet) || !plain) {
      passed_.add();
      cache_->other_sent(ticket_of_request(packet, h, id), now());
      return false;
    }
    const Annotations& a = packet.annotations();
    const std::string_view key(reinterpret_cast<const char*>(packet.data()) + a.key_offset, a.key_length);
    const auto hit = cache_->find(a.key_hash, key, now());
    if (!hit || !answer(packet, h, *hit)) {
      misses_.add();
      cache_->get_sent(ticket_of_request(packet, h, id), a.key_hash, now());
      return false;
    }
    return true;
  }

  // The reply's text takes the place of the request's. False, and nothing changed, if it does not fit or is not there any more.
  static bool answer(Packet packet, const Headers& h, const KeyCache::Hit& hit) {
    constexpr std::size_t kLongestGet = 4 + kLongestKey + 2;  // "get " key CR LF
    const std::uint32_t text_at = h.payload + sizeof(FrameHeader);
    const std::size_t request_length = h.payload_length - sizeof(FrameHeader);
    if (request_length > kLongestGet || packet.capacity() < text_at + hit.length + KeyCache::kOverrun) return false;
    std::uint8_t* text = packet.data() + text_at;
    std::uint8_t request[kLongestGet];
    rte_memcpy(request, text, request_length);
    if (!KeyCache::copy(hit, text)) {
      rte_memcpy(text, request, request_length);
      return false;
    }
    turn_around(packet, h, hit);
    return packet.resize(text_at + hit.length);
  }

  // Makes headers for the text that is in place: sender and receiver swapped, lengths and checksums new.
  static void turn_around(Packet packet, const Headers& h, const KeyCache::Hit& hit) {
    std::uint8_t* data = packet.data();
    auto* ether = reinterpret_cast<rte_ether_hdr*>(data);
    std::swap(ether->src_addr, ether->dst_addr);

    auto* frame = reinterpret_cast<FrameHeader*>(data + h.payload);
    frame->sequence = 0;
    frame->total = rte_cpu_to_be_16(1);
    frame->reserved = 0;

    auto* udp = reinterpret_cast<rte_udp_hdr*>(data + h.l4);
    const auto udp_length = static_cast<std::uint16_t>(sizeof(rte_udp_hdr) + sizeof(FrameHeader) + hit.length);
    const rte_be16_t client_port = udp->src_port;
    udp->src_port = udp->dst_port;
    udp->dst_port = client_port;
    udp->dgram_len = rte_cpu_to_be_16(udp_length);

    std::uint64_t sum = h.ip_version == 4 ? turn_ipv4(data + h.l3, udp_length) : turn_ipv6(data + h.l3, udp_length);
    sum += udp->src_port + udp->dst_port + udp->dgram_len + frame->request_id + frame->total + hit.sum;
    const std::uint16_t checksum = complement(sum);
    udp->dgram_cksum = checksum == 0 ? 0xFFFF : checksum;  // RFC 768: zero would say that there is none

    packet.annotations().headers.payload_length = static_cast<std::uint16_t>(udp_length - sizeof(rte_udp_hdr));
    packet.annotations().key_length = 0;
  }

  // Internet checksums (RFC 1071) of fields that are at hand: reading them back from the packet in other sizes than they were just written
  // in would wait for the writes.
  static std::uint16_t complement(std::uint64_t sum) {
    while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
  }
  static std::uint64_t pseudo_header(std::uint64_t addresses, std::uint16_t udp_length) {  // RFC 768, RFC 8200 section 8.1
    return addresses + rte_cpu_to_be_16(ip_protocol::kUdp) + rte_cpu_to_be_16(udp_length);
  }

  // Both return the sum of the pseudo header.
  static std::uint64_t turn_ipv4(std::uint8_t* at, std::uint16_t udp_length) {
    auto* ip = reinterpret_cast<rte_ipv4_hdr*>(at);
    const rte_be32_t client = ip->src_addr;
    const rte_be32_t server = ip->dst_addr;
    ip->src_addr = server;
    ip->dst_addr = client;
    const rte_be16_t first_word = rte_cpu_to_be_16(static_cast<std::uint16_t>(RTE_IPV4_VHL_DEF << 8 | ip->type_of_service));
    const rte_be16_t length = rte_cpu_to_be_16(static_cast<std::uint16_t>(sizeof(rte_ipv4_hdr) + udp_length));
    ip->total_length = length;
    ip->packet_id = 0;  // RFC 6864 section 4.1: free for a datagram that is not to be fragmented
    ip->fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
    ip->time_to_live = kTimeToLive;
    const std::uint64_t addresses = std::uint64_t{client} + server;
    ip->hdr_checksum = complement(addresses + first_word + length + rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG) +
                                  rte_cpu_to_be_16(kTimeToLive << 8 | ip_protocol::kUdp));
    return pseudo_header(addresses, udp_length);
  }
  static std::uint64_t turn_ipv6(std::uint8_t* at, std::uint16_t udp_length) {
    auto* ip = reinterpret_cast<rte_ipv6_hdr*>(at);
    std::uint32_t words[8];
    std::memcpy(words, ip->src_addr, sizeof words);
    std::memcpy(ip->src_addr, words + 4, sizeof ip->src_addr);
    std::memcpy(ip->dst_addr, words, sizeof ip->dst_addr);
    ip->payload_len = rte_cpu_to_be_16(udp_length);
    ip->hop_limits = kTimeToLive;
    return pseudo_header(std::accumulate(std::begin(words), std::end(words), std::uint64_t{0}), udp_length);
  }

  static constexpr std::uint8_t kTimeToLive = 64;
  StateRef<KeyCache> cache_;
  Output out_, hit_;
  Counter hits_, misses_, passed_;
};

SMARTSWITCH_ELEMENT(CacheResponder)

}  // namespace smartswitch::memcached
