// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/element.h"

// In a namespace of its own because smartswitch::Counter is the type of what it counts with.
namespace smartswitch::elements {

class Counter final : public Element {
 public:
  static void describe(Describe<Counter>& d) {
    d.summary("Counts packets and bytes and passes them on.");
    d.details("Bytes are those of the whole frame from the Ethernet header on, without preamble and checksum (FCS).");
    d.example("seen: {class: Counter}");
    d.input<&Counter::push>("in", "packets to count");
    d.output("out", &Counter::out_, "the same packets");
    d.counter("packets", &Counter::packets_, "packets that passed");
    d.counter("bytes", &Counter::bytes_, "bytes of these packets");
  }

  void push(Batch& batch) {
    std::uint64_t bytes = 0;
    for (const Packet packet : batch) bytes += packet.wire_length();
    packets_.add(batch.size());
    bytes_.add(bytes);
    out_.push(batch);
  }

 private:
  Output out_;
  smartswitch::Counter packets_;
  smartswitch::Counter bytes_;
};
SMARTSWITCH_ELEMENT(Counter)

}  // namespace smartswitch::elements
