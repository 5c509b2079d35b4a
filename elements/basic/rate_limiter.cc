// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <algorithm>

#include "elements/sdk/element.h"

namespace smartswitch {

class RateLimiter final : public Element {
 public:
  static void describe(Describe<RateLimiter>& d) {
    d.summary("Lets through no more than a given rate (token bucket).");
    d.details(
        "Either `rate` (packets a second) or `bandwidth` (bits a second) has to be given. Nothing is delayed: a packet passes if the "
        "bucket "
        "holds enough for it, and is over the rate otherwise. The bucket is full at the start and holds one burst. A packet that is "
        "larger than the whole burst passes when the bucket is full, and the next ones wait until its debt is paid, so the rate holds in "
        "the long run for packets of any size. Bits are those of the frame, without preamble, checksum (FCS) and gap.\n\n"
        "In a pipeline that runs on several workers each copy of the element has a bucket of its own.");
    d.example("limit: {class: RateLimiter, rate: 10k, burst: 100}");
    d.input<&RateLimiter::push>("in", "any packets");
    d.output("out", &RateLimiter::out_, "packets within the rate");
    d.output("over", &RateLimiter::over_, "packets over the rate; unconnected, they are dropped as `over_rate`").optional();
    d.parameter("rate", &RateLimiter::rate_, "packets a second");
    d.parameter("bandwidth", &RateLimiter::bandwidth_, "bits a second");
    d.parameter("burst", &RateLimiter::burst_, "packets that may pass at once, with `rate`; 0: those of 10 ms, but at least 32");
    d.parameter("burst_bytes", &RateLimiter::burst_bytes_,
                "bytes that may pass at once, with `bandwidth`; 0: those of 10 ms, but at least 16KiB");
    d.drop("over_rate", &RateLimiter::over_rate_, "packets over the rate, if `over` is not connected");
  }

  void validate(Problems& problems) const override {
    const bool packets = rate_.per_second > 0;
    const bool bits = bandwidth_.per_second > 0;
    if (packets == bits) {
      problems.add({}, packets ? "`rate` and `bandwidth` are both given" : "neither `rate` nor `bandwidth` is given, or it is 0",
                   "give one of them; for both limits put two RateLimiters in a row");
    } else if (packets && burst_bytes_.bytes > 0) {
      problems.add({}, "`burst_bytes` goes with `bandwidth`", "with `rate` the burst is counted in packets: `burst`");
    } else if (bits && burst_ > 0) {
      problems.add({}, "`burst` counts packets and goes with `rate`", "with `bandwidth` write `burst_bytes`, such as 64KiB");
    }
  }

  void start(Problems& /*problems*/) override {
    const bool packets = rate_.per_second > 0;
    const double per_second = packets ? rate_.per_second : bandwidth_.per_second / 8;
    const double given = packets ? static_cast<double>(burst_) : static_cast<double>(burst_bytes_.bytes);
    per_nanosecond_ = per_second / 1e9;
    depth_ = given > 0 ? given : std::max(per_second / 100, packets ? 32.0 : 16384.0);
    tokens_ = depth_;
    filled_at_ = now();
  }

  void push(Batch& batch) {
    tokens_ = std::min(depth_, tokens_ + static_cast<double>(now() - filled_at_) * per_nanosecond_);
    filled_at_ = now();
    const bool bits = bandwidth_.per_second > 0;
    Batch over;
    batch.split(over, [this, bits](Packet packet) {
      const double cost = bits ? packet.wire_length() : 1;
      if (tokens_ < std::min(cost, depth_)) return false;
      tokens_ -= cost;
      return true;
    });
    out_.push(batch);
    if (over_.connected()) {
      over_.push(over);
    } else {
      drop(over, over_rate_);
    }
  }

 private:
  Rate rate_;
  Rate bandwidth_;
  std::uint64_t burst_ = 0;
  ByteSize burst_bytes_;
  double per_nanosecond_ = 0;
  double depth_ = 0;
  double tokens_ = 0;  // packets or bytes; below 0 after a packet larger than the bucket
  std::int64_t filled_at_ = 0;
  Output out_;
  Output over_;
  DropReason over_rate_;
};
SMARTSWITCH_ELEMENT(RateLimiter)

}  // namespace smartswitch
