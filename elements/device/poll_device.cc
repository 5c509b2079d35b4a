// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <rte_ethdev.h>

#include "elements/device/transit.h"
#include "elements/sdk/element.h"

namespace smartswitch {

class PollDevice final : public Element {
 public:
  static void describe(Describe<PollDevice>& d) {
    d.summary("Brings packets from a receive queue of a port into the graph.");
    d.details(
        "Packets leave as the device gave them: nothing is checked, and frames of several segments stay so. What the device itself lost "
        "because nobody polled in time is counted by the port, not here.\n\n"
        "`port: clients` lets the runtime hand out the queues, one for each worker that runs this element; `port: clients.1` takes queue "
        "1.");
    d.example("rx: {class: PollDevice, port: clients}");
    d.source<&PollDevice::poll>();
    d.output("out", &PollDevice::out_, "packets as they came");
    d.parameter("port", &PollDevice::queue_, "port to receive from, or `port.queue`");
    d.parameter("burst", &PollDevice::burst_, "most packets to take at a time").between(1, Batch::kCapacity);
  }

  void start(Problems& problems) override { arrivals_.start(problems); }

  unsigned poll() {
    Batch batch;
    const std::uint16_t n = rte_eth_rx_burst(queue_.port_id, queue_.queue_id, batch.mbufs(), burst_);
    if (n == 0) return 0;
    batch.set_size(n);
    count_received(n);
    for (Packet packet : batch) {
      packet.prefetch_data();
      packet.reset_annotations();
    }
    arrivals_.stamp(batch, now(), [this] { return exact_now(); });
    out_.push(batch);
    return n;
  }

 private:
  RxQueue queue_;
  std::uint16_t burst_ = 32;
  ArrivalStamper arrivals_;
  Output out_;
};
SMARTSWITCH_ELEMENT(PollDevice)

}  // namespace smartswitch
