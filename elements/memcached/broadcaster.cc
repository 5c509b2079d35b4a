// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/fan_out.h"

namespace smartswitch::memcached {

class Broadcaster final : public FanOut {
 public:
  static void describe(Describe<Broadcaster>& d) {
    d.summary("Sends commands that are meant for all servers to each of them: flush_all and verbosity.");
    d.details(
        R"(For the output `control` of a MemcachedClassifier. A ReplyJoiner makes one reply of theirs: an error if one of them gave one, otherwise what the
others said. Servers that are down are left out. Other commands leave through `one`.)");
    d.example("all: {class: Broadcaster, backends: backends, joins: joins}");
    d.input<&Broadcaster::push>("in", "requests without a key");
    describe_parameters(d);
    d.output("one", &Broadcaster::one_, "requests that any one server can answer");
  }

  void push(Batch& batch) {
    std::vector<std::uint32_t>& servers = servers_;
    servers.clear();
    for (std::uint32_t i = 0; i < backends_->servers().size(); ++i) {
      if (backends_->up(i)) servers.push_back(i);
    }
    Batch others;
    batch.split(others, [](Packet packet) {
      const auto verb = static_cast<Verb>(packet.annotations().verb);
      return verb != Verb::kFlushAll && verb != Verb::kVerbosity;
    });
    for (Packet packet : others) {
      if (servers.empty()) {
        one_.push(packet);
      } else {
        send_to_all(packet, servers);
      }
    }
    others.release();
    flush();
    one_.push(batch);
  }

 private:
  std::vector<std::uint32_t> servers_;
  Output one_;
};

SMARTSWITCH_ELEMENT(Broadcaster)

}  // namespace smartswitch::memcached
