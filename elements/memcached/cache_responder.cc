// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>
#include <rte_memcpy.h>

#include <array>

#include "elements/memcached/cached_reply.h"
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
        R"(A `get`, `gets`, `mg` or binary get of one key that is in the cache becomes its own reply, in place, and leaves through `hit`: addresses and ports swapped, the text as
the server would send it, in several datagrams if it takes them. All else leaves through `out`, and the cache is told, so that the reply can fill it. It has to
come behind a MemcachedClassifier.

A key that clients go on asking for in vain is asked of its server by the switch itself, once for all of them: through `fetch`, which leads to a
KeyHashSwitch and a RequestSender. The ReplyReceiver's `fetched` leads to a CacheFetch.)");
    d.example("cache: {class: CacheResponder, cache: hot}");
    d.input<&CacheResponder::push>("in", "gets");
    d.output("out", &CacheResponder::out_, "gets that a server has to answer");
    d.output("hit", &CacheResponder::hit_, "replies, on their way to the client");
    d.output("fetch", &CacheResponder::fetch_, "gets of the switch's own").optional();
    d.parameter("cache", &CacheResponder::cache_, "where the items are");
    d.counter("hits", &CacheResponder::hits_, "gets answered here");
    d.counter("misses", &CacheResponder::misses_, "gets of one key passed on");
    d.counter("passed", &CacheResponder::passed_, "gets passed on unlooked: several keys, IP options");
    d.drop("given_up", &CacheResponder::given_up_,
           "datagrams of a reply that was not sent: its item was just changed, or the packet pool is empty. A server answers");
    d.drop("no_fetch", &CacheResponder::no_fetch_, "gets of the switch's own that did not fit a packet");
  }

  void push(Batch& batch) {
    for (Packet packet : batch) cache_->prefetch(packet.annotations().key_hash);
    const unsigned size = batch.size();
    sample(batch);
    KeyCache::Place places[Batch::kCapacity];
    for (unsigned i = 0; i < size; ++i) {
      const Annotations& a = batch[i].annotations();
      if (reads_one(a)) places[i] = cache_->look_up(a.key_hash);
    }
    Batch hits;
    rte_mbuf** mbufs = batch.mbufs();
    unsigned passed = 0;
    for (unsigned i = 0; i < size; ++i) {
      if (answer(batch[i], places[i], hits)) {
        if (hits.full()) hit_.push(hits);
        hits.add(batch[i]);
      } else {
        if (passed != i) places[passed] = places[i];
        mbufs[passed++] = batch[i].mbuf();
      }
    }
    batch.set_size(passed);
    hits_.add(size - passed);
    if (passed != 0) tell(batch, places);
    hit_.push(hits);
    out_.push(batch);
    fetch_.push(fetches_);
  }

 private:
  static constexpr std::size_t kLongestGet = 4 + kLongestKey + 2;  // "get " key CR LF

  static constexpr std::size_t kMostText = kReplyDatagram - sizeof(FrameHeader);
  static constexpr std::size_t kMostDatagrams = (ItemRecord::kLongestValue + 1024) / kMostText + 1;

  static bool reads_one(const Annotations& a) {
    const auto verb = static_cast<Verb>(a.verb);
    return (verb == Verb::kGet || verb == Verb::kGets || verb == Verb::kMetaGet) && (a.flags & kSeveral) == 0 && a.key_length != 0 &&
           can_turn_around(a.headers);
  }
  // "get <key>": the reply lies in the cache as it is sent.
  static bool is_plain(const Annotations& a) {
    return a.verb == static_cast<std::uint8_t>(Verb::kGet) && (a.flags & ~kOwn) == 0 &&
           a.headers.payload_length <= sizeof(FrameHeader) + kLongestGet;
  }

  // One get of many is looked at for the list of hot keys.
  void sample(const Batch& batch) {
    if (until_sample_ >= batch.size()) {
      until_sample_ -= batch.size();
      return;
    }
    const Packet packet = batch[until_sample_];
    KeyBuffer buffer;
    cache_->sample(packet.annotations().key_hash, key_of(packet, buffer));
    until_sample_ += KeyCache::kSampledGets - batch.size();
  }

  // True if the packet has become a reply, or its last datagram: others go into `hits` before it. `place` is empty if it reads no one key.
  bool answer(Packet packet, const KeyCache::Place& place, Batch& hits) {
    const Annotations& a = packet.annotations();
    if (is_plain(a)) {
      const std::string_view key(reinterpret_cast<const char*>(packet.data()) + a.key_offset, a.key_length);
      const auto hit = cache_->find(place, key, now());
      if (hit && hit->length - 1 < KeyCache::kLongestReply &&
          (a.headers.ip_version == 4 ? answer_with<rte_ipv4_hdr>(packet, *hit) : answer_with<rte_ipv6_hdr>(packet, *hit))) {
        return true;
      }
      if (hit && answer_in_form(packet, key, *hit, hits)) return true;
    } else if (place.ways != 0 && answer_otherwise(packet, place, hits)) {
      return true;
    }
    return false;
  }

  // What follows is kept out of answer(), whose registers it would take.
  [[gnu::noinline]] bool answer_otherwise(Packet packet, const KeyCache::Place& place, Batch& hits) {
    KeyBuffer buffer;
    const std::string_view key = key_of(packet, buffer);
    const auto hit = cache_->find(place, key, now());
    return hit && answer_in_form(packet, key, *hit, hits);
  }

  [[gnu::noinline]] bool answer_in_form(Packet packet, std::string_view key, const KeyCache::Hit& hit, Batch& hits) {
    const Headers& h = locate_headers(packet);
    const auto datagram = read_datagram(packet, h);
    if (!datagram) return false;
    const auto reply = CachedReply::make(datagram->text, key, hit);
    if (!reply) return false;
    const auto total = static_cast<std::uint16_t>((reply->size() + kMostText - 1) / kMostText);
    char text[kMostText];
    for (std::uint16_t i = 0; i + 1 < total; ++i) {
      parts_[i] = reply->read(*cache_, i * kMostText, kMostText, text) ? part_of(packet, {text, kMostText}, {i, total}) : Packet();
      if (parts_[i]) continue;
      give_up(i);
      return false;
    }
    const std::size_t at = (total - 1) * kMostText;
    const std::size_t rest = reply->size() - at;
    if (!reply->read(*cache_, at, rest, text) || !make_reply(packet, {text, rest}, {static_cast<std::uint16_t>(total - 1), total})) {
      give_up(total - 1U);
      return false;
    }
    packet.annotations().flags |= kLast;
    for (unsigned i = 0; i + 1 < total; ++i) {
      if (hits.full()) hit_.push(hits);
      hits.add(parts_[i]);
    }
    return true;
  }

  void give_up(unsigned parts) {
    for (unsigned i = 0; i < parts; ++i) drop(parts_[i], given_up_);
  }

  // A datagram of a reply to `request`; a null Packet if there is no room for it.
  Packet part_of(Packet request, std::string_view text, Part part) {
    const Annotations& a = request.annotations();
    const std::uint32_t headers = a.headers.payload + sizeof(FrameHeader);
    const Packet packet = allocate(headers + static_cast<std::uint32_t>(text.size()));
    if (!packet) return packet;
    packet.annotations() = a;
    packet.annotations().headers.payload_length = sizeof(FrameHeader);
    if (packet.resize(headers)) {
      rte_memcpy(packet.data(), request.data(), headers);
      if (make_reply(packet, text, part)) return packet;
    }
    drop(packet, given_up_);
    return Packet();
  }

  // The cache learns of all requests that go to servers. In two rounds, so that their tickets' memory is waited for once a batch.
  [[gnu::noinline]] void tell(const Batch& batch, const KeyCache::Place* places) {
    std::optional<Ticket> tickets[Batch::kCapacity];
    for (unsigned i = 0; i < batch.size(); ++i) {
      const Headers& h = locate_headers(batch[i]);
      const auto datagram = read_datagram(batch[i], h);
      if (!datagram) continue;
      tickets[i] = ticket_of_request(batch[i], h, datagram->frame->request_id);
      cache_->prefetch(*tickets[i]);
    }
    for (unsigned i = 0; i < batch.size(); ++i) {
      (places[i].bucket == nullptr ? passed_ : misses_).add();
      if (!tickets[i]) continue;
      if (places[i].bucket == nullptr) {
        cache_->other_sent(*tickets[i], now());
      } else {
        miss(batch[i], places[i], *tickets[i]);
      }
    }
  }
  void miss(Packet packet, const KeyCache::Place& place, Ticket ticket) {
    const std::uint64_t hash = packet.annotations().key_hash;
    cache_->get_sent(ticket, hash, now());
    KeyBuffer buffer;
    const std::string_view key = key_of(packet, buffer);
    if (fetch_.connected() && !has_all(place, key)) fetch(key, hash);
  }

  // Whether a fetch could bring nothing more: the request asks for what only the server knows.
  bool has_all(const KeyCache::Place& place, std::string_view key) const {
    const auto hit = cache_->find(place, key, now());
    if (!hit) return false;
    if (hit->length == 0) return true;
    const auto details = KeyCache::details(*hit);
    return details && details->cas != 0;
  }

  void fetch(std::string_view key, std::uint64_t hash) {
    const auto number = cache_->begin_fetch(hash, key, now(), random());
    if (!number) return;
    constexpr std::string_view kFlags = " v f t c k\r\n";
    char text[3 + kLongestKey + kFlags.size()];
    const char* const end = fmt::format_to(text, "mg {}{}", key, kFlags);
    const Packet packet = allocate();
    if (!packet) return;
    if (!write_request(packet, {text, static_cast<std::size_t>(end - text)}, {Purpose::kFetch, *number})) {
      drop(packet, no_fetch_);
      return;
    }
    const Headers& h = locate_headers(packet);
    cache_->fetch_sent(ticket_of_request(packet, h, read_datagram(packet, h)->frame->request_id), hash, now());
    fetches_.add(packet);
    if (fetches_.full()) fetch_.push(fetches_);
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
  std::array<Packet, kMostDatagrams> parts_;
  Batch fetches_;
  Output out_, hit_, fetch_;
  Counter hits_, misses_, passed_;
  DropReason given_up_, no_fetch_;
};

SMARTSWITCH_ELEMENT(CacheResponder)

}  // namespace smartswitch::memcached
