// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/element.h"

namespace smartswitch {

class Paint final : public Element {
 public:
  static void describe(Describe<Paint>& d) {
    d.summary("Marks packets with a colour that PaintSwitch reads further on.");
    d.details("A packet has one colour, and colour 0 if it was never painted. The bytes of the packet stay as they are.");
    d.example("from_clients: {class: Paint, colour: 1}");
    d.input<&Paint::push>("in", "packets to mark");
    d.output("out", &Paint::out_, "the same packets, marked");
    d.parameter("colour", &Paint::colour_, "the mark, 0 to 255").required();
  }

  void push(Batch& batch) {
    for (const Packet packet : batch) packet.annotations().paint = colour_;
    out_.push(batch);
  }

 private:
  std::uint8_t colour_ = 0;
  Output out_;
};
SMARTSWITCH_ELEMENT(Paint)

}  // namespace smartswitch
