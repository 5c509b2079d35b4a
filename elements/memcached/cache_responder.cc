// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_memcpy.h>

#include "elements/memcached/datagram.h"
#include "elements/memcached/key_cache.h"
#include "elements/memcached/reply_packet.h"
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
    sample(batch);
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

  static bool answerable(const Annotations& a) {
    return a.verb == static_cast<std::uint8_t>(Verb::kGet) && (a.flags & ~kOwn) == 0 && a.key_length != 0 && can_turn_around(a.headers) &&
           a.headers.payload_length <= sizeof(FrameHeader) + kLongestGet;
  }

  // One get of many is looked at for the list of hot keys.
  void sample(const Batch& batch) {
    if (until_sample_ >= batch.size()) {
      until_sample_ -= batch.size();
      return;
    }
    const Packet packet = batch[until_sample_];
    const Annotations& a = packet.annotations();
    cache_->sample(a.key_hash, {reinterpret_cast<const char*>(packet.data()) + a.key_offset, a.key_length});
    until_sample_ += KeyCache::kSampledGets - batch.size();
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
    if (a.verb == static_cast<std::uint8_t>(Verb::kGets) && (a.flags & ~kOwn) == 0) {
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
    packet.annotations().flags |= kLast;
    return packet.resize(text_at + hit.length);
  }

  StateRef<KeyCache> cache_;
  unsigned until_sample_ = 0;
  Output out_, hit_;
  Counter hits_, misses_, passed_;
};

SMARTSWITCH_ELEMENT(CacheResponder)

}  // namespace smartswitch::memcached
