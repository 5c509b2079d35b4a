// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/element.h"

namespace smartswitch {

class RandomDrop final : public Element {
 public:
  static void describe(Describe<RandomDrop>& d) {
    d.summary("Drops packets by chance.");
    d.details("Each packet is judged by itself. Impair has loss with a seed of its own, and other faults of a network.");
    d.example("lossy: {class: RandomDrop, probability: 0.01}");
    d.input<&RandomDrop::push>("in", "any packets");
    d.output("out", &RandomDrop::out_, "the packets that were lucky");
    d.parameter("probability", &RandomDrop::probability_, "of a packet to be dropped: 0 is never, 1 is always").required().between(0, 1);
    d.drop("unlucky", &RandomDrop::unlucky_, "packets that chance has chosen");
  }

  void push(Batch& batch) {
    Batch unlucky;
    batch.split(unlucky, [this](Packet) { return random().uniform() >= probability_; });
    drop(unlucky, unlucky_);
    out_.push(batch);
  }

 private:
  double probability_ = 0;
  Output out_;
  DropReason unlucky_;
};
SMARTSWITCH_ELEMENT(RandomDrop)

}  // namespace smartswitch
