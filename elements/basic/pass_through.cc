// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/element.h"

namespace smartswitch {

class PassThrough final : public Element {
 public:
  static void describe(Describe<PassThrough>& d) {
    d.summary("Passes packets on and does nothing else.");
    d.details(
        "A joint with a name: several connections meet in it, or a template ends in it. Benchmarks measure with it what a hop costs.");
    d.example("joint: {class: PassThrough}");
    d.input<&PassThrough::push>("in", "any packets");
    d.output("out", &PassThrough::out_, "the same packets");
  }

  void push(Batch& batch) { out_.push(batch); }

 private:
  Output out_;
};
SMARTSWITCH_ELEMENT(PassThrough)

}  // namespace smartswitch
