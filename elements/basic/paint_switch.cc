// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/element.h"

namespace smartswitch {

class PaintSwitch final : public Element {
 public:
  static void describe(Describe<PaintSwitch>& d) {
    d.summary("Sends each packet to the output whose number is its colour.");
    d.details("Paint sets the colour; a packet that was never painted has colour 0.");
    d.example("by_origin: {class: PaintSwitch}");
    d.input<&PaintSwitch::push>("in", "packets that came through a Paint");
    d.outputs("out", &PaintSwitch::outs_, "packets of the colour that is the output's number");
    d.drop("no_such_colour", &PaintSwitch::no_such_colour_, "packets of a colour that has no output");
  }

  void push(Batch& batch) {
    Batch others;
    for (const Packet packet : batch) {
      const std::uint8_t colour = packet.annotations().paint;
      if (colour < outs_.size()) {
        outs_.add(colour, packet);
      } else {
        others.add(packet);
      }
    }
    batch.release();
    outs_.flush();
    drop(others, no_such_colour_);
  }

 private:
  OutputArray outs_;
  DropReason no_such_colour_;
};
SMARTSWITCH_ELEMENT(PaintSwitch)

}  // namespace smartswitch
