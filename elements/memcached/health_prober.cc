// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <algorithm>
#include <cmath>

#include "elements/memcached/backend_pool.h"
#include "elements/memcached/datagram.h"
#include "elements/memcached/key_cache.h"
#include "elements/memcached/targets.h"
#include "elements/sdk/element.h"

namespace smartswitch::memcached {

class HealthProber final : public Element {
 public:
  ~HealthProber() override {
    if (backends_) backends_->leave_probing(this);
  }

  static void describe(Describe<HealthProber>& d) {
    d.summary("Asks each server of a pool how it is, takes those that do not answer out of it, and brings them back.");
    d.details(
        R"(Every `interval` each server is sent `version`. A probe without an answer is a failure; so is an interval in which requests through a
RequestSender were lost and none was answered. After `failures` in a row the server is out: its keys go where the pool's `when_down` says. It is
probed again after `back_off`, twice that, and so on up to `longest_back_off`, and is back after `successes` answers. One that fails again soon after
waits on where it left off, so that a server that comes and goes does not take its keys along each time.

At least the share `keep` of the pool's servers stays in, however they do: when the network fails, taking all out would help nobody.

Each change is logged, and a `cache` is emptied by it: replies of the old server may still be under way.

On several workers, the first copy probes; the others hand it the answers that come to them. A pool has one HealthProber.)");
    d.example("health: {class: HealthProber, backends: backends, cache: hot}");
    d.input<&HealthProber::push>("replies", "replies to probes, from a ReplyReceiver").leads_to({});
    d.output("probe", &HealthProber::probe_, "probes, on their way to a RequestSender");
    d.parameter("backends", &HealthProber::backends_, "the pool to look after");
    d.parameter("cache", &HealthProber::cache_, "a cache of these servers' items").optional();
    d.parameter("interval", &HealthProber::interval_, "time between two probes, and for an answer")
        .between(Duration{10'000'000}, Duration{3600'000'000'000});
    d.parameter("failures", &HealthProber::failures_, "failures in a row that take a server out").at_least(1);
    d.parameter("successes", &HealthProber::successes_, "answers in a row that bring it back").at_least(1);
    d.parameter("back_off", &HealthProber::back_off_, "time until a server that is out is probed again")
        .between(Duration{10'000'000}, Duration{3600'000'000'000});
    d.parameter("longest_back_off", &HealthProber::longest_back_off_, "what that time grows to")
        .between(Duration{10'000'000}, Duration{3600'000'000'000});
    d.parameter("keep", &HealthProber::keep_, "share of the servers that stay in, 0 to 1").between(0, 1);
    d.counter("probes", &HealthProber::probes_, "probes sent");
    d.counter("answers", &HealthProber::answers_, "probes answered in time");
    d.counter("ejected", &HealthProber::ejected_, "times that a server was taken out");
    d.counter("returned", &HealthProber::returned_, "times that one came back");
    d.counter("kept", &HealthProber::kept_, "times that one stayed in although it failed, because too few would be left");
  }

  void start(Problems& problems) override {
    targets_.start(*backends_, true, problems);
    states_.resize(backends_->servers().size());
    for (ServerState& state : states_) state.back_off = back_off_;
    tick_.bind<&HealthProber::tick>(this);
    schedule_in(tick_, interval_);
  }

  // Other servers have other values of a key, and perhaps older ones.
  void take_over(Element& before) override {
    auto& old = static_cast<HealthProber&>(before);
    const bool same_servers = old.backends_.is(backends_);
    if (cache_ && !(same_servers && old.cache_.is(cache_))) cache_->unknown_write_sent(now());
    if (!same_servers || !old.probes_here_) return;
    backends_->leave_probing(&old);
    probes_here_ = backends_->claim_probing(this);
    states_ = std::move(old.states_);
    sequence_ = old.sequence_;
  }

  void push(Batch& batch) {
    for (Packet packet : batch) {
      const std::uint64_t number = Errand::from(packet.annotations().context).number;
      const auto datagram = read_datagram(packet, locate_headers(packet));
      const auto server = static_cast<std::uint32_t>(number & 0xFFFF);
      if (datagram && server < backends_->servers().size() && datagram->text.starts_with("VERSION ")) {
        if (!probes_here_) {
          backends_->load(server).note_heard(number);
        } else if (states_[server].probe == number) {
          answered(server);
        }
      }
      consume(packet);
    }
    batch.release();
  }

 private:
  struct ServerState {
    std::uint64_t probe = 0;  // the number of the one that is under way; 0: none
    std::uint32_t failures = 0;
    std::uint32_t successes = 0;
    std::uint64_t lost = 0;  // as of the last look
    std::uint64_t answered = 0;
    std::int64_t due = 0;      // ns; the next probe
    std::int64_t changed = 0;  // ns; when it went out or came back
    Duration back_off;
  };

  void tick() {
    schedule_in(tick_, interval_);
    // One that is new beside others takes over when they are gone.
    if (!probes_here_) probes_here_ = backends_->claim_probing(this);
    if (!probes_here_) return;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      ServerState& s = states_[i];
      if (s.probe != 0 && backends_->load(static_cast<std::uint32_t>(i)).heard.load(std::memory_order_relaxed) == s.probe) answered(i);
      const bool silent = s.probe != 0;
      s.probe = 0;
      if (requests_fail(i) || silent) failed(i);
      if (now() >= s.due) probe(i);
    }
    probe_.push(batch_);
  }

  // Whether requests were lost since the last look and none was answered.
  bool requests_fail(std::size_t server) {
    const ServerLoad& load = backends_->load(static_cast<std::uint32_t>(server));
    ServerState& s = states_[server];
    const std::uint64_t lost = load.lost.load(std::memory_order_relaxed);
    const std::uint64_t answered = load.answered.load(std::memory_order_relaxed);
    const bool fail = lost > s.lost && answered == s.answered;
    s.lost = lost;
    s.answered = answered;
    return fail;
  }

  void probe(std::size_t server) {
    const Packet packet = allocate();
    if (!packet) return;
    ServerState& s = states_[server];
    s.probe = ++sequence_ << 16 | server;
    write_request(packet, "version\r\n", {Purpose::kProbe, s.probe});
    targets_.aim(packet, static_cast<std::uint32_t>(server));
    probes_.add();
    batch_.add(packet);
    if (batch_.full()) probe_.push(batch_);
  }

  void answered(std::size_t server) {
    answers_.add();
    ServerState& s = states_[server];
    s.probe = 0;
    s.failures = 0;
    const auto number = static_cast<std::uint32_t>(server);
    if (backends_->well(number)) {
      // Well for as long as it was last sent away: what it did before is forgotten.
      if (now() - s.changed >= s.back_off.nanoseconds) s.back_off = back_off_;
      return;
    }
    s.due = 0;
    if (++s.successes < successes_) return;
    change(number, true);
    returned_.add();
    log(fmt::format("server `{}` answers again and is back", backends_->servers()[server].name));
  }

  void failed(std::size_t server) {
    ServerState& s = states_[server];
    s.successes = 0;
    const auto number = static_cast<std::uint32_t>(server);
    if (!backends_->well(number)) {
      wait_longer(s);
      return;
    }
    if (++s.failures < failures_) return;
    s.failures = 0;
    if (servers_up() <= static_cast<std::size_t>(std::ceil(keep_ * static_cast<double>(states_.size())))) {
      kept_.add();
      return;
    }
    change(number, false);
    wait_longer(s);
    ejected_.add();
    log(fmt::format("server `{}` does not answer and is out; {} of {} are left", backends_->servers()[server].name, servers_up(),
                    states_.size()));
  }

  void wait_longer(ServerState& s) {
    s.due = now() + s.back_off.nanoseconds;
    s.back_off.nanoseconds = std::min(2 * s.back_off.nanoseconds, longest_back_off_.nanoseconds);
  }

  void change(std::uint32_t server, bool up) {
    backends_->set_well(server, up);
    states_[server].changed = now();
    if (cache_) cache_->unknown_write_sent(now());
  }

  [[nodiscard]] std::size_t servers_up() const {
    std::size_t up = 0;
    for (std::uint32_t i = 0; i < states_.size(); ++i) up += backends_->well(i) ? 1 : 0;
    return up;
  }

  StateRef<BackendPool> backends_;
  StateRef<KeyCache> cache_;
  Targets targets_;
  Duration interval_{1'000'000'000};
  std::uint32_t failures_ = 3;
  std::uint32_t successes_ = 2;
  Duration back_off_{2'000'000'000};
  Duration longest_back_off_{60'000'000'000};
  double keep_ = 0.5;
  bool probes_here_ = false;
  std::vector<ServerState> states_;
  std::uint64_t sequence_ = 0;
  Timer tick_;
  Batch batch_;
  Output probe_;
  Counter probes_, answers_, ejected_, returned_, kept_;
};

SMARTSWITCH_ELEMENT(HealthProber)

}  // namespace smartswitch::memcached
