// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/element.h"

namespace smartswitch {

class Discard final : public Element {
 public:
  static void describe(Describe<Discard>& d) {
    d.summary("Drops every packet.");
    d.details("Says in the file, and in the counters, that packets are dropped on purpose.");
    d.example("unwanted: {class: Discard}");
    d.input<&Discard::push>("in", "packets to drop");
    d.drop("discarded", &Discard::discarded_, "packets that came here");
  }

  void push(Batch& batch) { drop(batch, discarded_); }

 private:
  DropReason discarded_;
};
SMARTSWITCH_ELEMENT(Discard)

}  // namespace smartswitch
