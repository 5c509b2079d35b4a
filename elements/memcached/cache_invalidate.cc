// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/binary_protocol.h"
#include "elements/memcached/datagram.h"
#include "elements/memcached/key_cache.h"
#include "elements/sdk/element.h"
#include "elements/sdk/hash.h"

namespace smartswitch::memcached {

class CacheInvalidate final : public Element {
 public:
  static void describe(Describe<CacheInvalidate>& d) {
    d.summary("Tells the cache of every write before it is passed on.");
    d.details(
        R"(Everything that may write has to come through here on its way to a server: the outputs `write`, `several`, `control` and `direct` of a
MemcachedClassifier. Each command of each datagram is looked at. Bytes that can't be understood, and TCP, may be a write of any key: the cache is emptied then and stays empty
for its `reply_lifetime`. Nothing is dropped or changed.)");
    d.example("invalidate: {class: CacheInvalidate, cache: hot}");
    d.input<&CacheInvalidate::push>("in", "requests on their way to servers");
    d.output("out", &CacheInvalidate::out_, "the same");
    d.parameter("cache", &CacheInvalidate::cache_, "the cache to tell");
    d.counter("unknown", &CacheInvalidate::unknown_, "packets that may have written any key");
  }

  void push(Batch& batch) {
    Ticket tickets[Batch::kCapacity];
    for (unsigned i = 0; i < batch.size(); ++i) {
      const Packet packet = batch[i];
      cache_->prefetch_to_write(packet.annotations().key_hash);
      const Headers& h = locate_headers(packet);
      const auto datagram = read_datagram(packet, h);
      if (!datagram) continue;
      tickets[i] = ticket_of_request(packet, h, datagram->frame->request_id);
      cache_->prefetch(tickets[i]);
    }
    for (unsigned i = 0; i < batch.size(); ++i) look(batch[i], tickets[i]);
    out_.push(batch);
  }

 private:
  void look(Packet packet, Ticket ticket) {
    const Headers& h = locate_headers(packet);
    const auto datagram = read_datagram(packet, h);
    if (!datagram) {
      note_unknown();
      return;
    }
    bool wrote = false;
    const bool binary = binary::is_request(datagram->text);
    for (std::string_view text = datagram->text; !text.empty();) {
      const Request request = parse_request(text);
      if (binary != (request.protocol == Protocol::kBinary)) {
        note_unknown();  // memcached reads all of a datagram in the protocol that it begins with
        break;
      }
      wrote = note(request, ticket) || wrote;
      if (request.status != Status::kMoreBehind) break;
      text = text.substr(request.size());
    }
    if (!wrote) cache_->other_sent(ticket, now());
  }

  // True if the request has taken the ticket.
  bool note(const Request& request, Ticket ticket) {
    const bool followed = request.status == Status::kWhole || request.status == Status::kMoreBehind;
    if (!followed && (request.writes || request.protocol == Protocol::kBinary)) {
      note_unknown();
      return false;
    }
    if (!request.writes || !followed) return false;
    if (request.verb == Verb::kFlushAll) {
      cache_->unknown_write_sent(now(), request.expiry);
      return false;
    }
    const KeyCache::Write write{request.quiet, request.expiry, renewal_of(request)};
    KeyBuffer buffer;
    cache_->write_sent(ticket, hash_key(item_key(request, buffer)), write, now());
    std::string_view more = request.more_keys;
    for (std::string_view key = next_key(more); !key.empty(); key = next_key(more)) cache_->write_sent(ticket, hash_key(key), write, now());
    return true;
  }

  static KeyCache::Renewal renewal_of(const Request& request) {
    if (request.stale) return KeyCache::Renewal::kMarked;
    const bool renews =
        request.verb == Verb::kSet || request.verb == Verb::kMetaSet || request.verb == Verb::kDelete || request.verb == Verb::kMetaDelete;
    return renews ? KeyCache::Renewal::kDone : KeyCache::Renewal::kAsBefore;
  }

  void note_unknown() {
    unknown_.add();
    cache_->unknown_write_sent(now());
  }

  StateRef<KeyCache> cache_;
  Output out_;
  Counter unknown_;
};

SMARTSWITCH_ELEMENT(CacheInvalidate)

}  // namespace smartswitch::memcached
