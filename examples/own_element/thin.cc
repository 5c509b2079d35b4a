// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/element.h"

namespace smartswitch {

class Thin final : public Element {
 public:
  static void describe(Describe<Thin>& d) {
    d.summary("Passes one packet of every N on and drops the rest.");
    d.example("thin: {class: Thin, keep_one_in: 100}");
    d.input<&Thin::push>("in", "packets to thin out");
    d.output("out", &Thin::out_, "one of every N");
    d.parameter("keep_one_in", &Thin::n_, "N").at_least(1);
    d.drop("thinned", &Thin::thinned_, "the others");
  }

  void push(Batch& batch) {
    Batch others;
    batch.split(others, [this](Packet) { return seen_++ % n_ == 0; });
    drop(others, thinned_);
    out_.push(batch);
  }

 private:
  std::uint64_t n_ = 10;
  std::uint64_t seen_ = 0;
  Output out_;
  DropReason thinned_;
};
SMARTSWITCH_ELEMENT(Thin)

}  // namespace smartswitch
