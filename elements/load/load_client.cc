// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <algorithm>
#include <optional>
#include <random>
#include <utility>

#include "elements/load/answer_parts.h"
#include "elements/load/filling.h"
#include "elements/load/key_names.h"
#include "elements/load/load_report.h"
#include "elements/load/pace.h"
#include "elements/load/workload.h"
#include "elements/sdk/element.h"

namespace smartswitch {

using load::UnderWay;
using load::Verdict;

class LoadClient final : public Element {
 public:
  static void describe(Describe<LoadClient>& d) {
    d.summary("Asks memcached over UDP, as many clients do, and measures and checks the answers.");
    d.details(
        "Requests are gets and sets of one key, in the text protocol. With `rate`, they are sent at times that are fixed beforehand, and a "
        "request's latency counts from the time at which it was due, whenever it really left; none is left out if the client is behind. "
        "Otherwise each client sends as soon as fewer than `window` of its requests are under way.\n\n"
        "Every answer is checked, byte for byte: values follow from key, version and size. A get may bring a version between the newest "
        "that had been acknowledged when it was sent and the newest that had been sent when the answer came; values from before this "
        "client's first set of a key may have any version. A key has at most one set under way; where all that are tried have one, a get "
        "is sent.\n\n"
        "A request without an answer is lost after `timeout`. If it was a set, both outcomes are possible from then on.");
    d.example("client: {class: LoadClient, report: report, destination: 10.0.0.100, window: 8}");
    d.source<&LoadClient::poll>();
    d.input<&LoadClient::replies>("replies", "answers, in Ethernet packets, whole or in several datagrams").leads_to({});
    d.output("out", &LoadClient::out_, "requests");
    d.parameter("report", &LoadClient::report_, "what is measured, and for how long");
    d.parameter("source_mac", &LoadClient::source_mac_, "Ethernet address that requests come from");
    d.parameter("destination_mac", &LoadClient::destination_mac_, "Ethernet address that they go to");
    d.parameter("source", &LoadClient::source_, "IPv4 address that they come from");
    d.parameter("destination", &LoadClient::destination_, "IPv4 address that they go to");
    d.parameter("destination_port", &LoadClient::destination_port_, "UDP port that they go to");
    d.parameter("first_port", &LoadClient::first_port_, "UDP port of the first client; each further one has the next").at_least(1);
    d.parameter("clients", &LoadClient::clients_, "clients").between(1, 16384);
    d.parameter("keys", &LoadClient::keys_, "different keys").between(1, UINT32_MAX);
    d.parameter("first_key", &LoadClient::first_key_, "the first one's number");
    d.parameter("key_size", &LoadClient::key_size_, "bytes of a key: `key` and its number with leading zeros").between(4, 250);
    d.parameter("distribution", &LoadClient::distribution_, "how often each key is asked for: `uniform`, `zipf:0.99` or `sequential`");
    d.parameter("value_size", &LoadClient::sizes_, "bytes of a value, or several sizes with the share of keys that have each");
    d.parameter("get_ratio", &LoadClient::get_ratio_, "share of requests that are gets; the others are sets").between(0, 1);
    d.parameter("window", &LoadClient::window_, "most requests of a client under way, without `rate`").between(1, kMostAtOnce);
    d.parameter("rate", &LoadClient::rate_, "requests a second of all clients; 0: each client as its window allows");
    d.parameter("arrivals", &LoadClient::pattern_, {{"poisson", load::ArrivalPattern::kPoisson}, {"even", load::ArrivalPattern::kEven}},
                "how requests are spread over time, with `rate`");
    d.parameter("timeout", &LoadClient::timeout_, "after that time without an answer a request is lost")
        .between({1'000'000}, {60'000'000'000});
    d.parameter("fill", &LoadClient::fill_, "store every key first");
    d.parameter("verify", &LoadClient::verify_, "check the bytes of values");
    d.parameter("checksums", &LoadClient::checksums_, "put IP's and UDP's checksums into requests: not needed where sockets send them");
    d.parameter("seed", &LoadClient::seed_, "of keys, kinds and arrival times");
    d.counter("no_buffer", &LoadClient::no_buffer_, "times that no packet buffer was free; the request is made later");
    d.counter("no_place", &LoadClient::no_place_, "times that a request was due, and no client could have more under way");
    d.counter("key_busy", &LoadClient::key_busy_, "sets that became gets, because sets of all keys tried were under way");
    d.drop("unexpected", &LoadClient::unexpected_, "packets that answer no request of these clients");
    d.drop("late", &LoadClient::late_, "answers to requests that had been given up, and second answers");
    d.drop("no_part", &LoadClient::no_part_, "datagrams of an answer in several that are there already, or do not belong together");
    d.drop("too_many_parts", &LoadClient::too_many_parts_,
           "datagrams of answers in several for which there is no room until others are whole");
  }

  void validate(Problems& problems) const override {
    if (!load::key_fits(key_size_, first_key_ + keys_ - 1)) {
      problems.add({}, fmt::format("keys of {} bytes have no room for the number {}", key_size_, first_key_ + keys_ - 1),
                   "raise `key_size`");
    }
    if (first_port_ + clients_ > 65536U) {
      problems.add({}, fmt::format("{} clients from port {} on need ports above 65535", clients_, first_port_), "lower `first_port`");
    }
    if (rate_.per_second < 0) problems.add({}, "`rate` is negative");
  }

  void start(Problems& problems) override {
    if (!report_->claim()) {
      problems.add({}, fmt::format("report `{}` belongs to another LoadClient already", report_->name()),
                   "give each a LoadReport of its own");
      return;
    }
    workload_.emplace(load::Workload::Parameters{keys_, first_key_, key_size_, distribution_, sizes_, get_ratio_, verify_, seed_},
                      load::RequestAddresses{source_mac_, destination_mac_, source_, destination_, destination_port_, checksums_},
                      std::random_device{}());
    under_way_.emplace(clients_, at_once());
    parts_.start(most_parts());
    report_->set_fill(fill_ ? keys_ : 0);
    wake_.bind<&LoadClient::on_wake>(this);
    schedule_in(wake_, {0});
  }

  [[nodiscard]] std::uint64_t may_hold() const override { return most_parts(); }
  [[nodiscard]] std::uint64_t held() const override { return parts_.held(); }
  [[nodiscard]] std::uint64_t large_packets() const override { return sizes_.largest() > kLargestOfSmallPacket ? kLargeAtOnce : 0; }

  ~LoadClient() override {
    if (under_way_) under_way_->for_each([this](UnderWay& request) { free_parts(request); });
  }

  unsigned poll() {
    if ((phase_ != LoadPhase::kFilling && !sending()) || pace_->next_due() > now()) return 0;
    const unsigned sent = send();
    if (std::exchange(batch_was_last_, false)) stop_sending(exact_now());
    if (pace_->open()) schedule_wake();
    return sent;
  }

  void replies(Batch& batch) {
    const std::int64_t at = exact_now();
    for (const Packet packet : batch) take(packet, at);
    batch.release();
  }

 private:
  static constexpr std::uint32_t kMostAtOnce = load::RequestsUnderWay::kMostOfAClient / 2;
  // A value for which a packet of the pool of all has room, with what stands before and behind it.
  static constexpr std::uint32_t kLargestOfSmallPacket = 2048 - 350;
  static constexpr std::uint64_t kLargeAtOnce = 256;
  static constexpr std::int64_t kLongestNap = 50'000'000;

  /// Places for requests of a client.
  [[nodiscard]] std::size_t at_once() const {
    const double waiting = rate_.per_second > 0 ? rate_.per_second * static_cast<double>(timeout_.nanoseconds) / 1e9 / clients_ : window_;
    return load::RequestsUnderWay::places_for(std::max<double>(waiting, load::Filling::kMostAtOnce));
  }
  [[nodiscard]] std::uint64_t most_parts() const { return load::AnswerParts::most(sizes_.largest(), clients_ * at_once()); }

  // ---- phases

  void enter(LoadPhase phase, std::int64_t at) {
    phase_ = phase;
    report_->enter(phase, at);
  }

  [[nodiscard]] bool sending() const { return phase_ == LoadPhase::kWarmingUp || phase_ == LoadPhase::kMeasuring; }

  void on_wake() {
    const std::int64_t at = exact_now();
    if (at < housekeeping_) return schedule_at(wake_, housekeeping_);  // a request is due: poll() sees to that
    under_way_->expire(at - timeout_.nanoseconds, [this](std::size_t client, UnderWay& request) { lost(client, request); });
    step(at);
    if (phase_ != LoadPhase::kDone) look_after(at);
  }

  // Goes on to the next phase if this one is over.
  void step(std::int64_t at) {
    switch (phase_) {
      case LoadPhase::kStarting:
        fill_ ? begin_filling(at) : begin_requests(at);
        break;
      case LoadPhase::kFilling:
        step_filling(at);
        break;
      case LoadPhase::kWarmingUp:
        if (report_->end_asked()) return enter(LoadPhase::kDone, at);
        measure_if_due(at);
        break;
      case LoadPhase::kMeasuring:
        if (at >= measure_until_ || report_->end_asked()) stop_sending(at);
        break;
      case LoadPhase::kDraining:
        if (under_way_->waiting() == 0) enter(LoadPhase::kDone, at);
        break;
      case LoadPhase::kDone:
        break;
    }
  }

  void begin_filling(std::int64_t at) {
    filling_.emplace(keys_, at);
    pace_.emplace(clients_, std::max(1U, load::Filling::at_once(sizes_.largest()) / clients_));
    enter(LoadPhase::kFilling, at);
  }

  void step_filling(std::int64_t at) {
    if (under_way_->waiting() == 0 && filling_->all_sent()) {
      begin_requests(at);
    } else if (report_->end_asked()) {
      enter(LoadPhase::kDone, at);
    } else if (filling_->hopeless(at, timeout_.nanoseconds)) {
      report_->give_up();
      enter(LoadPhase::kDone, at);
    }
  }

  void begin_requests(std::int64_t at) {
    if (report_->length().nanoseconds == 0) return enter(LoadPhase::kDone, at);
    measure_from_ = at + report_->warm_up().nanoseconds;
    measure_until_ = measure_from_ + report_->length().nanoseconds;
    if (rate_.per_second > 0) {
      pace_.emplace(clients_, load::Arrivals(pattern_, rate_.per_second, seed_ + 1, at), measure_until_);
    } else {
      pace_.emplace(clients_, window_);
    }
    enter(LoadPhase::kWarmingUp, at);
    measure_if_due(at);
    look_after(at);
  }

  void measure_if_due(std::int64_t at) {
    if (phase_ == LoadPhase::kWarmingUp && at >= measure_from_) enter(LoadPhase::kMeasuring, measure_from_);
  }

  void stop_sending(std::int64_t at) {
    if (!report_->enough()) report_->unsent.add(pace_->behind(at));
    enter(LoadPhase::kDraining, at);
    step(at);
  }

  // When there is something to do that no packet brings.
  [[nodiscard]] std::int64_t next_housekeeping(std::int64_t at) const {
    const std::int64_t next = at + std::min(timeout_.nanoseconds / 8, kLongestNap);
    if (phase_ == LoadPhase::kWarmingUp) return std::min(next, measure_from_);
    if (phase_ == LoadPhase::kMeasuring) return std::min(next, measure_until_);
    return next;
  }

  void look_after(std::int64_t at) {
    housekeeping_ = next_housekeeping(at);
    schedule_wake();
  }

  void schedule_wake() {
    schedule_at(wake_, pace_->open() && sending() && !crowded_ ? std::min(housekeeping_, pace_->next_due()) : housekeeping_);
  }

  // ---- requests

  unsigned send() {
    const std::size_t most = pace_->burst();
    unsigned sent = 0;
    crowded_ = false;
    while (sent < most && !crowded_ && !batch_was_last_) {
      Batch batch;
      const std::int64_t at = exact_now();
      measure_if_due(at);
      while (!batch.full() && sent + batch.size() < most && !batch_was_last_) {
        const std::optional<load::Pace::Turn> turn = pace_->next(at);
        const Packet packet = turn ? make(*turn, at) : Packet();
        if (!packet) break;
        pace_->take();
        batch.add(packet);
      }
      if (batch.empty()) break;
      sent += batch.size();
      out_.push(batch);
    }
    return sent;
  }

  // A null Packet if there is nothing to send, or nothing to send it in.
  Packet make(const load::Pace::Turn& turn, std::int64_t at) {
    const bool filling = phase_ == LoadPhase::kFilling;
    if (filling && filling_->all_sent()) return Packet();
    UnderWay* request = under_way_->begin(turn.client);
    if (request == nullptr) {
      no_place_.add();
      crowded_ = true;
      return Packet();
    }
    if (filling) {
      filling_->choose(*request);
    } else if (!workload_->choose(*request)) {
      key_busy_.add();
    }
    const Packet packet = allocate(workload_->bytes(*request));
    if (!packet) {
      if (filling) filling_->again(*request);
      under_way_->end(turn.client, *request, UnderWay::Status::kFree);
      no_buffer_.add();
      return packet;
    }
    workload_->write(packet, static_cast<std::uint16_t>(first_port_ + turn.client), *request, filling);
    request->due = turn.due;
    request->sent = at;
    request->counted = phase_ == LoadPhase::kMeasuring && turn.due >= measure_from_;
    if (request->counted) {
      report_->count_request(*request, pace_->open());
      batch_was_last_ = report_->enough();
    }
    return packet;
  }

  // ---- answers

  void take(Packet packet, std::int64_t at) {
    const std::optional<load::AnswerDatagram> datagram = load::read_answer_datagram(packet);
    if (!datagram || datagram->from_port != destination_port_) return refuse(packet, unexpected_, report_->unexpected);
    const std::uint32_t client = std::uint32_t{datagram->to_port} - first_port_;
    UnderWay* request = client < clients_ ? under_way_->find(client, datagram->request_id) : nullptr;
    if (request == nullptr) return refuse(packet, unexpected_, report_->unexpected);
    if (request->status != UnderWay::Status::kWaiting) return refuse(packet, late_, report_->late);
    if (datagram->total != 1) return take_part(packet, client, *request, *datagram, at);
    answered(client, *request, datagram->text, at);
    consume(packet);
  }

  void refuse(Packet packet, DropReason& reason, Counter& reported) {
    reported.add();
    drop(packet, reason);
  }

  void take_part(Packet packet, std::uint32_t client, UnderWay& request, const load::AnswerDatagram& datagram, std::int64_t at) {
    using Outcome = load::AnswerParts::Outcome;
    const Outcome outcome = parts_.add(request.parts, packet, datagram);
    if (outcome == Outcome::kNoRoom) return drop(packet, too_many_parts_);
    if (outcome == Outcome::kNoPart) return drop(packet, no_part_);
    if (outcome == Outcome::kMissing) return;
    answered(client, request, parts_.join(request.parts, [this](Packet part) { consume(part); }), at);
  }

  void free_parts(UnderWay& request) {
    parts_.release(request.parts, [this](Packet part) { consume(part); });
  }

  void answered(std::uint32_t client, UnderWay& request, std::string_view text, std::int64_t at) {
    const bool filling = phase_ == LoadPhase::kFilling;
    const Verdict verdict = workload_->answered(request, text);
    report_->count_answer(request, verdict, at);
    if (verdict == Verdict::kWrong || (filling && verdict == Verdict::kError)) report_->complain(workload_->reason(request, text));
    if (filling) {
      filling_->answered(at);
      if (verdict == Verdict::kStored) report_->filled.add();
    }
    under_way_->end(client, request, UnderWay::Status::kAnswered);
    if (!request.parts.empty()) free_parts(request);  // the answer came whole after all
    free_turn(client, at);
  }

  // Called once it has ended.
  void lost(std::size_t client, UnderWay& request) {
    free_parts(request);
    if (request.counted) report_->lost.add();
    workload_->lost(request);
    if (phase_ == LoadPhase::kFilling) filling_->again(request);
    free_turn(static_cast<std::uint32_t>(client), exact_now());
  }

  void free_turn(std::uint32_t client, std::int64_t at) {
    pace_->give_back(client);
    if (under_way_->waiting() == 0 && (phase_ == LoadPhase::kDraining || phase_ == LoadPhase::kFilling)) step(at);
    if (crowded_) {
      crowded_ = false;
      schedule_at(wake_, now());
    }
  }

  StateRef<LoadReport> report_;
  MacAddress source_mac_{{0x02, 0, 0, 0, 0, 0x01}};
  MacAddress destination_mac_{{0x02, 0, 0, 0, 0, 0x02}};
  Ipv4Address source_{0x0A000001};
  Ipv4Address destination_{0x0A000002};
  std::uint16_t destination_port_ = 11211;
  std::uint16_t first_port_ = 32768;
  std::uint32_t clients_ = 1;
  std::uint64_t keys_ = 10000;
  std::uint64_t first_key_ = 0;
  std::size_t key_size_ = 16;
  load::KeyDistribution distribution_;
  load::ValueSizes sizes_;
  double get_ratio_ = 1;
  std::uint32_t window_ = 1;
  Rate rate_;
  load::ArrivalPattern pattern_ = load::ArrivalPattern::kPoisson;
  Duration timeout_{250'000'000};
  bool fill_ = false;
  bool verify_ = true;
  bool checksums_ = true;
  std::uint64_t seed_ = 1;

  std::optional<load::Workload> workload_;
  std::optional<load::RequestsUnderWay> under_way_;
  std::optional<load::Filling> filling_;
  std::optional<load::Pace> pace_;
  load::AnswerParts parts_;
  Timer wake_;
  LoadPhase phase_ = LoadPhase::kStarting;
  std::int64_t measure_from_ = 0;
  std::int64_t measure_until_ = 0;
  std::int64_t housekeeping_ = 0;
  bool crowded_ = false;         // no place for a request that is due
  bool batch_was_last_ = false;  // the limit of requests was reached with it
  Output out_;
  Counter no_buffer_;
  Counter no_place_;
  Counter key_busy_;
  DropReason unexpected_;
  DropReason late_;
  DropReason no_part_;
  DropReason too_many_parts_;
};

SMARTSWITCH_ELEMENT(LoadClient)

}  // namespace smartswitch
