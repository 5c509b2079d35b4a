// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/datagram.h"
#include "elements/sdk/element.h"

namespace smartswitch::memcached {

class Shadow final : public Element {
 public:
  static void describe(Describe<Shadow>& d) {
    d.summary("Sends copies of requests to a second pool, whose replies nobody sees.");
    d.details(
        R"(To try new servers with real traffic. The request itself goes on through `out` and is not changed or delayed. The copies are the switch's own
requests: `copy` leads to a KeyHashSwitch with the second pool and a RequestSender.

Which requests are copied is decided by the key: all of a key's or none, so that what is written is there when it is read. Without a key, none.)");
    d.example("shadow: {class: Shadow, share: 0.1}");
    d.input<&Shadow::push>("in", "requests, classified");
    d.output("out", &Shadow::out_, "the same");
    d.output("copy", &Shadow::copy_, "copies, on their way to the second pool");
    d.parameter("share", &Shadow::share_, "share of the keys, 0 to 1").between(0, 1);
    d.counter("copies", &Shadow::copies_, "requests copied");
    d.counter("not_copied", &Shadow::not_copied_, "requests that should have been: the packet pool was empty, or they did not fit");
  }

  void start(Problems&) override { below_ = share_ >= 1 ? UINT32_MAX : static_cast<std::uint32_t>(share_ * 0x1p32); }
  [[nodiscard]] std::uint64_t large_packets() const override { return kLargeCopies; }

  void push(Batch& batch) {
    Batch copies;
    for (Packet packet : batch) {
      if (chosen(packet.annotations())) copy(packet, copies);
    }
    copies_.add(copies.size());
    copy_.push(copies);
    out_.push(batch);
  }

 private:
  static constexpr std::uint64_t kLargeCopies = 32;

  // The middle of the hash: its ends choose a cache's bucket and a server.
  [[nodiscard]] bool chosen(const Annotations& a) const {
    return a.key_length != 0 && share_ > 0 && static_cast<std::uint32_t>(a.key_hash >> 16) <= below_;
  }

  void copy(Packet packet, Batch& copies) {
    const auto datagram = read_datagram(packet, locate_headers(packet));
    const Packet twin = datagram ? allocate(static_cast<std::uint32_t>(kRequestHeaders + datagram->text.size())) : Packet();
    const bool quiet = (packet.annotations().flags & kQuiet) != 0;
    if (twin && write_request(twin, datagram->text, {quiet ? Purpose::kNone : Purpose::kDiscard, 0})) {
      copies.add(twin);
      return;
    }
    not_copied_.add();
    if (twin) consume(twin);
  }

  double share_ = 1;
  std::uint32_t below_ = 0;
  Output out_, copy_;
  Counter copies_, not_copied_;
};

SMARTSWITCH_ELEMENT(Shadow)

}  // namespace smartswitch::memcached
