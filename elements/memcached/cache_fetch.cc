// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <optional>

#include "elements/memcached/datagram.h"
#include "elements/memcached/fetched_values.h"
#include "elements/memcached/key_cache.h"
#include "elements/sdk/element.h"

namespace smartswitch::memcached {

class CacheFetch final : public Element {
 public:
  static void describe(Describe<CacheFetch>& d) {
    d.summary("Fills the cache with what the switch itself has fetched.");
    d.details(
        R"(Replies to the gets that a CacheResponder sends through `fetch` end here. Long values come in many datagrams; of one fetch all have to come to the
same worker, and they do: they have the same addresses and ports.)");
    d.example("fetched: {class: CacheFetch, cache: hot}");
    d.input<&CacheFetch::push>("in", "replies to the switch's own gets: `fetched` of a ReplyReceiver");
    d.parameter("cache", &CacheFetch::cache_, "the cache to fill");
    d.counter("replies", &CacheFetch::replies_, "datagrams that came");
    d.counter("fills", &CacheFetch::fills_, "values that were put into the cache");
  }

  void start(Problems&) override { values_.emplace(*cache_); }

  void push(Batch& batch) {
    for (Packet packet : batch) {
      take(packet);
      consume(packet);
    }
    batch.release();
  }

 private:
  void take(Packet packet) {
    const Headers& h = locate_headers(packet);
    const auto datagram = read_datagram(packet, h);
    if (!datagram) return;
    replies_.add();
    const FrameHeader& frame = *datagram->frame;
    const FetchedValues::Datagram part{Errand::from(packet.annotations().context).number, ticket_of_reply(packet, h, frame.request_id),
                                       rte_be_to_cpu_16(frame.sequence), rte_be_to_cpu_16(frame.total), datagram->text};
    if (values_->add(part, now())) fills_.add();
  }

  StateRef<KeyCache> cache_;
  std::optional<FetchedValues> values_;
  Counter replies_, fills_;
};

SMARTSWITCH_ELEMENT(CacheFetch)

}  // namespace smartswitch::memcached
