// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/element.h"

namespace smartswitch {

class Tee final : public Element {
 public:
  static void describe(Describe<Tee>& d) {
    d.summary("Gives every packet to each of its outputs.");
    d.details(
        "The highest output gets the packet itself, the others get copies with bytes and annotations of their own, before it. If the "
        "packet pool is exhausted, copies are left out and counted as `no_buffer`; the packet itself always goes on.");
    d.example("twice: {class: Tee}");
    d.input<&Tee::push>("in", "packets to multiply");
    d.outputs("out", &Tee::outs_, "each has every packet");
    d.counter("no_buffer", &Tee::no_buffer_, "copies that could not be made because the packet pool was exhausted");
  }

  void start(Problems& problems) override {
    if (outs_.size() == 0) problems.add({}, "no output of this Tee is connected", "connect them by number: `" + name() + ".0 -> ...`");
  }

  void push(Batch& batch) {
    const unsigned last = outs_.size() - 1;
    for (unsigned i = 0; i < last; ++i) {
      Batch copies;
      for (const Packet packet : batch) {
        if (const Packet twin = copy_of(packet)) {
          copies.add(twin);
        } else {
          no_buffer_.add();
        }
      }
      outs_[i].push(copies);
    }
    outs_[last].push(batch);
  }

 private:
  OutputArray outs_;
  Counter no_buffer_;
};
SMARTSWITCH_ELEMENT(Tee)

}  // namespace smartswitch
