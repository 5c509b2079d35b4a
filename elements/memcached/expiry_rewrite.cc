// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstring>
#include <optional>

#include "elements/memcached/binary_protocol.h"
#include "elements/memcached/datagram.h"
#include "elements/memcached/new_text.h"
#include "elements/sdk/element.h"

namespace smartswitch::memcached {

class ExpiryRewrite final : public Element {
 public:
  static void describe(Describe<ExpiryRewrite>& d) {
    d.summary("Bounds or sets the expiry times in requests.");
    d.details(
        R"(For clients that never let items expire, or for a pool whose items are all to live as long. With `action: min`, items live `expiry` at most: longer
times, Unix times beyond, and "never" become `expiry`; what ends sooner is left. With `action: set`, all live that long.

It changes set, add, replace, cas, touch, gat, gats, ms (which gets a T flag if it has none), T and N of mg and ma, and in binary set, add, replace, touch, gat, incr
and decr, quiet or not, each command of a datagram. Deletes, flush_all, append and prepend are left: they give no item a longer life.

It belongs behind a MemcachedClassifier and **in front of a CacheInvalidate**: a cache goes by the expiry times that pass it. mcrouter calls this
ModifyExptimeRoute.)");
    d.example("bound: {class: ExpiryRewrite, expiry: 24h}");
    d.input<&ExpiryRewrite::push>("in", "requests, classified");
    d.output("out", &ExpiryRewrite::out_, "the same with other expiry times");
    d.parameter("expiry", &ExpiryRewrite::expiry_, "how long items live, in whole seconds; 0 with `action: set`: for ever")
        .required()
        .between(Duration{0}, Duration{kRelativeSeconds * kSecond})
        .check(
            [](const Duration& v) { return v.nanoseconds % kSecond == 0 ? std::string() : std::string("memcached counts whole seconds"); });
    d.parameter("action", &ExpiryRewrite::action_, {{"min", Action::kMin}, {"set", Action::kSet}},
                "whether that is the longest life, or everybody's");
    d.counter("changed", &ExpiryRewrite::changed_, "requests with another expiry time than they came with");
    d.drop("no_room", &ExpiryRewrite::no_room_, "requests that do not fit their packet then, or have IPv6 extension headers");
  }

  void validate(Problems& problems) const override {
    if (action_ == Action::kMin && expiry_.nanoseconds == 0)
      problems.add({}, "`expiry` is 0, which no item can live", "give it a second at least, or say `action: set`: then they live for ever");
  }

  void start(Problems&) override { seconds_ = expiry_.nanoseconds / kSecond; }

  void push(Batch& batch) {
    Batch gone;
    batch.split(gone, [this](Packet packet) { return rewrite(packet); });
    gone.release();
    out_.push(batch);
  }

 private:
  enum class Action : std::uint8_t { kMin, kSet };
  static constexpr std::int64_t kSecond = 1'000'000'000;
  static constexpr std::int64_t kRelativeSeconds = std::int64_t{30} * 24 * 60 * 60;  // memcached takes more for Unix time
  static constexpr std::uint32_t kNotCreated = UINT32_MAX;                           // a binary incr that creates no item

  // False if the packet has been dropped.
  bool rewrite(Packet packet) {
    if ((packet.annotations().flags & (kWrites | kSeveral)) == 0) return true;
    const auto datagram = read_datagram(packet, locate_headers(packet));
    if (!datagram) return true;
    text_ = datagram->text;
    copied_ = 0;
    rewritten_.clear();
    for (std::size_t at = 0; at < text_.size();) {
      const Request request = parse_request(text_.substr(at));
      const bool whole = request.status == Status::kWhole || request.status == Status::kMoreBehind;
      if (whole && request.writes) edit(request, at);
      if (request.status != Status::kMoreBehind) break;
      at += request.size();
    }
    return copied_ == 0 || finish(packet);
  }

  bool finish(Packet packet) {
    replace(text_.size(), text_.size(), {});
    if (!replace_text(packet, {rewritten_.data(), rewritten_.size()})) {
      drop(packet, no_room_);
      return false;
    }
    changed_.add();
    Annotations& a = packet.annotations();
    const std::uint8_t kept = a.flags & (kSeveral | kOwn);
    const auto datagram = read_datagram(packet, a.headers);
    annotate(packet, *datagram, parse_request(datagram->text));
    a.flags |= kept;
    return true;
  }

  // What stands from one place of the old text to another gives way.
  void replace(std::size_t from, std::size_t to, std::string_view by) {
    rewritten_.append(text_.substr(copied_, from - copied_));
    rewritten_.append(by);
    copied_ = to;
  }

  // The new expiry time for one that has to change.
  [[nodiscard]] std::optional<std::int64_t> other_than(std::int64_t expiry) const {
    if (action_ == Action::kSet) return expiry == seconds_ ? std::nullopt : std::optional(seconds_);
    if (expiry > kRelativeSeconds) {
      const auto now = std::chrono::system_clock::now().time_since_epoch();
      expiry -= std::chrono::duration_cast<std::chrono::seconds>(now).count();
      if (expiry <= 0) return std::nullopt;  // it has expired
    }
    return expiry == 0 || expiry > seconds_ ? std::optional(seconds_) : std::nullopt;
  }

  void edit(const Request& request, std::size_t at) {
    if (request.protocol == Protocol::kBinary) {
      edit_binary(request, at);
      return;
    }
    const std::string_view line = line_of(request, at);
    switch (request.verb) {
      case Verb::kSet:
      case Verb::kAdd:
      case Verb::kReplace:
      case Verb::kCas:
        edit_number(word_of(line, 3));
        break;
      case Verb::kTouch:
        edit_number(word_of(line, 2));
        break;
      case Verb::kGat:
      case Verb::kGats:
        edit_number(word_of(line, 1));
        break;
      case Verb::kMetaGet:
      case Verb::kMetaSet:
      case Verb::kMetaArithmetic:
        edit_flags(request, line);
        break;
      default:
        break;
    }
  }

  void edit_binary(const Request& request, std::size_t at) {
    at += sizeof(binary::Header);
    switch (request.verb) {
      case Verb::kSet:
      case Verb::kAdd:
      case Verb::kReplace:
        at += 4;  // behind the client's flags
        break;
      case Verb::kIncr:
      case Verb::kDecr:
        at += 16;  // behind the difference and the first value
        break;
      case Verb::kTouch:
      case Verb::kGat:
        break;
      default:
        return;
    }
    rte_be32_t expiry = 0;
    std::memcpy(&expiry, text_.data() + at, sizeof expiry);
    if ((request.verb == Verb::kIncr || request.verb == Verb::kDecr) && expiry == kNotCreated) return;
    const auto other = other_than(request.expiry);
    if (!other) return;
    expiry = rte_cpu_to_be_32(static_cast<std::uint32_t>(*other));
    replace(at, at + sizeof expiry, {reinterpret_cast<const char*>(&expiry), sizeof expiry});
  }

  [[nodiscard]] std::string_view line_of(const Request& request, std::size_t at) const {
    const std::string_view line = text_.substr(at, request.head - 1);
    return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
  }

  static std::string_view word_of(std::string_view line, unsigned number) {
    for (; number > 0; --number) next_key(line);
    return next_key(line);
  }

  // `word` points into the text. What is no number, memcached refuses.
  void edit_number(std::string_view word) {
    const std::string_view digits = word.starts_with('+') ? word.substr(1) : word;
    std::int64_t expiry = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), expiry);
    if (error != std::errc{} || end != digits.data() + digits.size()) return;
    if (const auto other = other_than(expiry)) {
      const auto from = static_cast<std::size_t>(word.data() - text_.data());
      replace(from, from + word.size(), fmt::format_int(*other).c_str());
    }
  }

  void edit_flags(const Request& request, std::string_view line) {
    bool lives = request.verb != Verb::kMetaSet;
    std::string_view flags = request.flags;
    for (std::string_view flag = next_key(flags); !flag.empty(); flag = next_key(flags)) {
      if (flag[0] != 'T' && flag[0] != 'N') continue;
      lives = lives || flag[0] == 'T';
      edit_number(flag.substr(1));
    }
    if (lives || !other_than(0)) return;
    const auto end = static_cast<std::size_t>(line.end() - text_.begin());
    replace(end, end, " T");
    replace(end, end, fmt::format_int(seconds_).c_str());
  }

  Duration expiry_;
  Action action_ = Action::kMin;
  std::int64_t seconds_ = 0;
  std::string_view text_;         // of the request that is being looked at
  std::size_t copied_ = 0;        // of it, to the new text
  fmt::memory_buffer rewritten_;  // grows once
  Output out_;
  Counter changed_;
  DropReason no_room_;
};

SMARTSWITCH_ELEMENT(ExpiryRewrite)

}  // namespace smartswitch::memcached
