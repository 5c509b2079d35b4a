// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/element.h"

namespace smartswitch {

class Null final : public Element {
 public:
  static void describe(Describe<Null>& d) {
    d.summary("Passes packets on and does nothing else.");
    d.details(
        "A joint with a name: several connections meet in it, or a template ends in it. Benchmarks measure with it what a hop costs.");
    d.example("joint: {class: Null}");
    d.input<&Null::push>("in", "any packets");
    d.output("out", &Null::out_, "the same packets");
  }

  void push(Batch& batch) { out_.push(batch); }

 private:
  Output out_;
};
SMARTSWITCH_ELEMENT(Null)

}  // namespace smartswitch
