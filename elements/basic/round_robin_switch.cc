// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/element.h"

namespace smartswitch {

class RoundRobinSwitch final : public Element {
 public:
  static void describe(Describe<RoundRobinSwitch>& d) {
    d.summary("Deals packets out to its outputs, one after the other.");
    d.details("Packets of one flow go different ways and may overtake each other; HashSwitch keeps flows together.");
    d.example("deal: {class: RoundRobinSwitch}");
    d.input<&RoundRobinSwitch::push>("in", "packets to deal out");
    d.outputs("out", &RoundRobinSwitch::outs_, "one of every N packets, N being the number of outputs that are connected");
  }

  void start(Problems& problems) override {
    if (outs_.size() == 0) {
      problems.add({}, "no output of this RoundRobinSwitch is connected", "connect them by number: `" + name() + ".0 -> ...`");
    }
  }

  void push(Batch& batch) {
    for (const Packet packet : batch) {
      outs_.add(next_, packet);
      if (++next_ == outs_.size()) next_ = 0;
    }
    batch.release();
    outs_.flush();
  }

 private:
  unsigned next_ = 0;
  OutputArray outs_;
};
SMARTSWITCH_ELEMENT(RoundRobinSwitch)

}  // namespace smartswitch
