// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "elements/load/answer_judge.h"
#include "elements/load/arrivals.h"
#include "elements/load/key_choice.h"
#include "elements/load/key_names.h"
#include "elements/load/load_report.h"
#include "elements/load/request_writer.h"
#include "elements/load/turns.h"
#include "elements/load/value_sizes.h"
#include "elements/load/values.h"
#include "elements/sdk/element.h"
#include "elements/sdk/headers.h"

namespace smartswitch {

using load::AnswerJudge;
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
        "that "
        "had been acknowledged when it was sent and the newest that had been sent when the answer came; values from before this client's "
        "first set of a key may have any version. A key has at most one set under way; where all that are tried have one, a get is "
        "sent.\n\n"
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
    writer_.emplace(load::RequestAddresses{source_mac_, destination_mac_, source_, destination_, destination_port_, checksums_}, key_size_);
    judge_.emplace(std::random_device{}(), first_key_, key_size_, verify_);
    history_.emplace(keys_);
    choose_.emplace(distribution_, keys_);
    under_way_.emplace(clients_, at_once());
    random_ = Random(seed_);
    next_key_ = (*choose_)(random_);
    gathered_.resize(kLargestAnswer);
    report_->set_fill(fill_ ? keys_ : 0);
    wake_.bind<&LoadClient::on_wake>(this);
    schedule_in(wake_, {0});
  }

  [[nodiscard]] std::uint64_t may_hold() const override { return most_parts(); }
  [[nodiscard]] std::uint64_t held() const override { return parts_held_.value() - parts_left_.value(); }
  [[nodiscard]] std::uint64_t large_packets() const override {
    return sizes_.largest() + kSmallPacketRest > kSmallPacket ? kLargeAtOnce : 0;
  }

  ~LoadClient() override {
    if (!under_way_) return;
    for (std::uint32_t client = 0; client < clients_; ++client) {
      for (unsigned id = 0; id <= UINT16_MAX; ++id) {
        if (UnderWay* request = under_way_->find(client, static_cast<std::uint16_t>(id))) free_parts(*request);
      }
    }
  }

  unsigned poll() {
    switch (phase_) {
      case LoadPhase::kFilling:
        return send_in_turn();
      case LoadPhase::kWarmingUp:
      case LoadPhase::kMeasuring:
        return arrivals_ ? send_what_is_due() : send_in_turn();
      default:
        return 0;
    }
  }

  void replies(Batch& batch) {
    const std::int64_t at = exact_now();
    for (const Packet packet : batch) take(packet, at);
    batch.release();
  }

 private:
  static constexpr std::uint32_t kMostAtOnce = load::RequestsUnderWay::kMostOfAClient / 2;
  static constexpr unsigned kBusyTries = 16;
  static constexpr std::size_t kLargestAnswer = load::kLargestValue + 1024;
  static constexpr std::uint64_t kFewestParts = 256;
  static constexpr std::uint64_t kMostParts = 8192;
  // Packets that the pool of all packets has room for, less what stands before and behind a value.
  static constexpr std::uint32_t kSmallPacket = 2048;
  static constexpr std::uint32_t kSmallPacketRest = 350;
  static constexpr std::uint64_t kLargeAtOnce = 256;
  // While filling, bytes of values under way: what a server's socket takes without loss by default (net.core.rmem_default), with overheads.
  static constexpr std::uint32_t kFillBytes = 48 * 1024;
  static constexpr std::uint32_t kFillWindow = 32;
  static constexpr std::int64_t kFillPatience = 3'000'000'000;
  static constexpr std::int64_t kLongestNap = 50'000'000;

  [[nodiscard]] bool counting() const { return phase_ == LoadPhase::kMeasuring; }

  /// Places for requests of a client; twice what may wait, so that a free one is found at once.
  [[nodiscard]] std::size_t at_once() const {
    const double waiting = rate_.per_second > 0 ? rate_.per_second * static_cast<double>(timeout_.nanoseconds) / 1e9 / clients_ : window_;
    return static_cast<std::size_t>(
        std::clamp<double>(2 * std::max<double>(waiting, kFillWindow), 64, load::RequestsUnderWay::kMostOfAClient));
  }

  // Datagrams of answers that are not whole yet, if all that may be under way come in several.
  [[nodiscard]] std::uint64_t most_parts() const {
    const std::uint64_t parts = sizes_.largest() / load::kMostText * clients_ * at_once();
    return std::clamp(parts, kFewestParts, kMostParts);
  }

  // ---- phases

  void enter(LoadPhase phase, std::int64_t at) {
    phase_ = phase;
    report_->enter(phase, at);
  }

  void on_wake() {
    const std::int64_t at = exact_now();
    if (at < housekeeping_) return schedule_at(wake_, housekeeping_);  // a request is due: poll() sees to that
    under_way_->expire(at - timeout_.nanoseconds, [this](std::size_t client, UnderWay& request) { lost(client, request); });
    step(at);
    schedule_wake(at);
  }

  // Goes on to the next phase if this one is over.
  void step(std::int64_t at) {
    switch (phase_) {
      case LoadPhase::kStarting:
        if (fill_) {
          begin_filling(at);
        } else {
          begin_requests(at);
        }
        break;
      case LoadPhase::kFilling:
        step_filling(at);
        break;
      case LoadPhase::kWarmingUp:
        if (report_->end_asked()) return finish(at);
        if (at >= measure_from_) enter(LoadPhase::kMeasuring, measure_from_);
        break;
      case LoadPhase::kMeasuring:
        if (at >= measure_until_ || report_->end_asked()) stop_sending(at);
        break;
      case LoadPhase::kDraining:
        if (under_way_->waiting() == 0) finish(at);
        break;
      case LoadPhase::kDone:
        break;
    }
  }

  void begin_filling(std::int64_t at) {
    const std::uint32_t window = std::clamp(kFillBytes / (sizes_.largest() + 256), 1U, kFillWindow);
    turns_.emplace(clients_, std::max(1U, window / clients_));
    last_progress_ = at;
    enter(LoadPhase::kFilling, at);
  }

  void step_filling(std::int64_t at) {
    if (under_way_->waiting() == 0 && next_to_fill_ == keys_ && fill_again_.empty()) {
      begin_requests(at);
    } else if (report_->end_asked()) {
      finish(at);
    } else if (at - last_progress_ > std::max(kFillPatience, 4 * timeout_.nanoseconds)) {
      report_->give_up();
      finish(at);
    }
  }

  void begin_requests(std::int64_t at) {
    if (report_->length().nanoseconds == 0) return finish(at);
    measure_from_ = at + report_->warm_up().nanoseconds;
    measure_until_ = measure_from_ + report_->length().nanoseconds;
    if (rate_.per_second > 0) {
      arrivals_.emplace(pattern_, rate_.per_second, seed_ + 1);
      arrivals_from_ = at;
      next_arrival_ = at + arrivals_->next();
      turns_.reset();
    } else {
      turns_.emplace(clients_, window_);
    }
    enter(LoadPhase::kWarmingUp, at);
    if (at >= measure_from_) enter(LoadPhase::kMeasuring, measure_from_);
  }

  void stop_sending(std::int64_t at) {
    if (arrivals_ && report_->requests.value() < report_->most_requests()) {
      const double until = static_cast<double>(std::min(at, measure_until_) - next_arrival_);
      if (until > 0) report_->unsent.add(1 + static_cast<std::uint64_t>(until / 1e9 * rate_.per_second));
    }
    enter(LoadPhase::kDraining, at);
    step(at);
  }

  void finish(std::int64_t at) { enter(LoadPhase::kDone, at); }

  // When there is something to do that no packet brings.
  void schedule_wake(std::int64_t at) {
    if (phase_ == LoadPhase::kDone) return;
    std::int64_t next = at + std::min(timeout_.nanoseconds / 8, kLongestNap);
    if (phase_ == LoadPhase::kWarmingUp) next = std::min(next, measure_from_);
    if (phase_ == LoadPhase::kMeasuring) next = std::min(next, measure_until_);
    housekeeping_ = next;
    schedule_at(wake_, arrivals_ && !crowded_ && phase_ != LoadPhase::kDraining ? std::min(next, next_arrival_) : next);
  }

  // ---- requests

  // Only as many turns as there are now: where answers come within the call, more would never end. There may be fewer by then, or none at
  // all, if filling ends within one.
  unsigned send_in_turn() {
    unsigned sent = 0;
    const std::size_t most = turns_->count();
    while (sent < most) {
      Batch batch;
      const std::int64_t at = exact_now();
      if (phase_ == LoadPhase::kWarmingUp && at >= measure_from_) enter(LoadPhase::kMeasuring, measure_from_);
      while (!batch.full() && sent + batch.size() < most && !batch_was_last_ && turns_ && !turns_->none()) {
        const Packet packet = make(turns_->next(), at, at);
        if (!packet) break;
        turns_->take();
        batch.add(packet);
      }
      if (batch.empty()) break;
      sent += batch.size();
      out_.push(batch);
      if (batch_was_last_) return end_at_limit(sent);
    }
    return sent;
  }

  unsigned send_what_is_due() {
    if (next_arrival_ > now()) return 0;
    unsigned sent = 0;
    crowded_ = false;
    while (sent < kBurst && !crowded_ && !batch_was_last_) {
      Batch batch;
      const std::int64_t at = exact_now();
      if (phase_ == LoadPhase::kWarmingUp && at >= measure_from_) enter(LoadPhase::kMeasuring, measure_from_);
      while (!batch.full() && !batch_was_last_ && next_arrival_ <= at && next_arrival_ < measure_until_) {
        const Packet packet = make(choose_client(), next_arrival_, at);
        if (!packet) break;
        next_arrival_ = arrivals_from_ + arrivals_->next();
        batch.add(packet);
      }
      if (batch.empty()) break;
      sent += batch.size();
      out_.push(batch);
    }
    if (batch_was_last_) return end_at_limit(sent);
    schedule_at(wake_, crowded_ ? housekeeping_ : std::min(housekeeping_, next_arrival_));
    return sent;
  }

  unsigned end_at_limit(unsigned sent) {
    batch_was_last_ = false;
    stop_sending(exact_now());
    return sent;
  }

  std::uint32_t choose_client() {
    const std::uint32_t client = next_client_;
    next_client_ = next_client_ + 1 == clients_ ? 0 : next_client_ + 1;
    return client;
  }

  // A null Packet if there is nothing to send, or nothing to send it in.
  Packet make(std::uint32_t client, std::int64_t due, std::int64_t at) {
    const bool filling = phase_ == LoadPhase::kFilling;
    if (filling && next_to_fill_ == keys_ && fill_again_.empty()) return Packet();
    UnderWay* request = under_way_->begin(client);
    if (request == nullptr) {
      no_place_.add();
      crowded_ = true;
      return Packet();
    }
    request->set = filling || (get_ratio_ < 1 && random_.uniform() >= get_ratio_);
    bool again = false;
    request->key = filling ? key_to_fill(again) : choose_key(request->set);
    const Packet packet = write(client, *request, again);
    if (!packet) {
      if (filling) fill_again_.push_back(request->key);
      under_way_->end(client, *request, UnderWay::Status::kFree);
      no_buffer_.add();
      return packet;
    }
    request->due = due;
    request->sent = at;
    request->counted = counting() && due >= measure_from_;
    if (request->counted) {
      report_->requests.add();
      if (arrivals_) report_->lateness.record(at - due);
      batch_was_last_ = report_->requests.value() == report_->most_requests();
    }
    return packet;
  }

  Packet write(std::uint32_t client, UnderWay& request, bool again) {
    const load::RequestWriter::Request what{static_cast<std::uint16_t>(first_port_ + client), request.id(), first_key_ + request.key};
    if (!request.set) {
      const Packet packet = allocate(static_cast<std::uint32_t>(writer_->get_bytes()));
      if (!packet) return packet;
      request.oldest = history_->oldest(request.key);
      writer_->write_get(packet, what);
      return packet;
    }
    const std::uint32_t size = sizes_.of(first_key_ + request.key);
    const Packet packet = allocate(static_cast<std::uint32_t>(writer_->set_bytes(size)));
    if (!packet) return packet;
    request.version = history_->begin_set(request.key, again);
    writer_->write_set(packet, what, judge_->stamp(request.version), size);
    return packet;
  }

  std::uint64_t key_to_fill(bool& again) {
    if (fill_again_.empty()) return next_to_fill_++;
    const std::uint64_t key = fill_again_.back();
    fill_again_.pop_back();
    again = true;
    return key;
  }

  // One request ahead, so that what is known of the key is at hand when its turn comes.
  std::uint64_t choose_key(bool& set) {
    std::uint64_t key = std::exchange(next_key_, (*choose_)(random_));
    history_->prefetch(next_key_);
    if (!set) return key;
    for (unsigned tries = 0; history_->set_under_way(key); ++tries) {
      if (tries == kBusyTries) {
        key_busy_.add();
        set = false;
        break;
      }
      key = (*choose_)(random_);
    }
    return key;
  }

  // ---- answers

  void take(Packet packet, std::int64_t at) {
    const Headers& headers = locate_headers(packet);
    if (headers.l4_protocol != ip_protocol::kUdp || headers.payload == 0 || headers.payload_length < sizeof(load::DatagramFrame)) {
      return refuse(packet, unexpected_, report_->unexpected);
    }
    const auto* udp = reinterpret_cast<const rte_udp_hdr*>(packet.data() + headers.l4);
    const std::uint32_t client = std::uint32_t{rte_be_to_cpu_16(udp->dst_port)} - first_port_;
    if (client >= clients_ || udp->src_port != rte_cpu_to_be_16(destination_port_)) return refuse(packet, unexpected_, report_->unexpected);
    const auto* frame = reinterpret_cast<const load::DatagramFrame*>(packet.data() + headers.payload);
    UnderWay* request = under_way_->find(client, rte_be_to_cpu_16(frame->request_id));
    if (request == nullptr) return refuse(packet, unexpected_, report_->unexpected);
    if (request->status != UnderWay::Status::kWaiting) return refuse(packet, late_, report_->late);
    if (frame->total != rte_cpu_to_be_16(1)) return take_part(packet, client, *request, *frame, at);
    answered(client, *request, text_of(packet), at);
    consume(packet);
  }

  void refuse(Packet packet, DropReason& reason, Counter& reported) {
    reported.add();
    drop(packet, reason);
  }

  static std::string_view text_of(Packet packet) {
    const Headers& headers = locate_headers(packet);
    return {reinterpret_cast<const char*>(packet.data()) + headers.payload + sizeof(load::DatagramFrame),
            headers.payload_length - sizeof(load::DatagramFrame)};
  }

  void take_part(Packet packet, std::uint32_t client, UnderWay& request, const load::DatagramFrame& frame, std::int64_t at) {
    if (held() == most_parts()) return drop(packet, too_many_parts_);
    if (!request.parts.add(packet, rte_be_to_cpu_16(frame.sequence), rte_be_to_cpu_16(frame.total))) return drop(packet, no_part_);
    parts_held_.add();
    if (!request.parts.whole()) return;
    std::size_t size = 0;
    request.parts.take_all([&](Packet part) {
      const std::string_view text = text_of(part);
      const std::size_t bytes = std::min(text.size(), gathered_.size() - size);
      std::copy_n(text.data(), bytes, gathered_.data() + size);
      size += bytes;
      parts_left_.add();
      consume(part);
    });
    answered(client, request, {gathered_.data(), size}, at);
  }

  void free_parts(UnderWay& request) {
    request.parts.take_all([this](Packet part) {
      parts_left_.add();
      consume(part);
    });
  }

  void answered(std::uint32_t client, UnderWay& request, std::string_view text, std::int64_t at) {
    report_->answers_ever.add();
    const Verdict verdict = judge_->judge(request, load::parse_answer(text), *history_);
    if (verdict == Verdict::kWrong) {
      report_->wrong.add();
      report_->complain(judge_->reason(request, text, *history_));
    }
    if (request.counted) count(request, verdict, at);
    under_way_->end(client, request, UnderWay::Status::kAnswered);
    if (!request.parts.empty()) free_parts(request);  // the answer came whole after all
    if (request.set) {
      if (verdict == Verdict::kStored) {
        history_->acknowledged(request.key);
      } else {
        history_->unknown(request.key);
      }
    }
    if (phase_ == LoadPhase::kFilling) {
      last_progress_ = at;
      if (verdict == Verdict::kStored) report_->filled.add();
      if (verdict == Verdict::kError) report_->complain(judge_->reason(request, text, *history_));
    }
    free_turn(client, at);
  }

  void count(const UnderWay& request, Verdict verdict, std::int64_t at) {
    report_->answers.add();
    report_->answered_at(at);
    (request.set ? report_->sets : report_->gets).record(at - request.due);
    switch (verdict) {
      case Verdict::kHit:
        report_->hits.add();
        break;
      case Verdict::kMiss:
        report_->misses.add();
        break;
      case Verdict::kStored:
        report_->stored.add();
        break;
      case Verdict::kError:
        report_->errors.add();
        break;
      case Verdict::kWrong:
        break;
    }
  }

  // Called once it has ended.
  void lost(std::size_t client, UnderWay& request) {
    free_parts(request);
    if (request.counted) report_->lost.add();
    if (request.set) history_->unknown(request.key);
    if (phase_ == LoadPhase::kFilling) fill_again_.push_back(request.key);
    free_turn(static_cast<std::uint32_t>(client), exact_now());
  }

  void free_turn(std::uint32_t client, std::int64_t at) {
    if (turns_) turns_->give_back(client);
    const bool last = under_way_->waiting() == 0;
    if (last && (phase_ == LoadPhase::kDraining || phase_ == LoadPhase::kFilling)) step(at);
    if (crowded_) {
      crowded_ = false;
      schedule_at(wake_, now());
    }
  }

  static constexpr unsigned kBurst = 4 * Batch::kCapacity;

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

  std::optional<load::RequestWriter> writer_;
  std::optional<AnswerJudge> judge_;
  std::optional<load::KeyHistory> history_;
  std::optional<load::KeyChoice> choose_;
  std::optional<load::RequestsUnderWay> under_way_;
  std::optional<load::Turns> turns_;        // of a closed loop
  std::optional<load::Arrivals> arrivals_;  // of an open loop
  Random random_{1};
  Timer wake_;
  LoadPhase phase_ = LoadPhase::kStarting;
  std::int64_t measure_from_ = 0;
  std::int64_t measure_until_ = 0;
  std::int64_t arrivals_from_ = 0;
  std::int64_t next_arrival_ = 0;
  std::int64_t housekeeping_ = 0;
  std::int64_t last_progress_ = 0;
  std::uint64_t next_key_ = 0;
  std::uint64_t next_to_fill_ = 0;
  std::vector<std::uint64_t> fill_again_;
  std::uint32_t next_client_ = 0;
  bool crowded_ = false;         // no place for a request that is due
  bool batch_was_last_ = false;  // the limit of requests was reached with it
  std::vector<char> gathered_;   // an answer that came in several datagrams
  Counter parts_held_;
  Counter parts_left_;
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
