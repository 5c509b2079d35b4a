// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "elements/memcached/datagram.h"
#include "elements/memcached/join_table.h"
#include "elements/memcached/reply.h"
#include "elements/sdk/element.h"

namespace smartswitch::memcached {

class WarmUp final : public Element {
 public:
  static void describe(Describe<WarmUp>& d) {
    d.summary("Fills a new pool from an old one: what the new pool misses is asked of the old one, and put into the new one.");
    d.details(
        R"(A `get` is asked of the new pool first. If it misses, the old one is asked, with `mg`, so that client flags and the rest of the time to live come along;
the client gets that answer, and the new pool gets the item with `add`. Values that do not fit one datagram reach the client, but not the new pool.

Writes go to the new pool. What takes items away (delete, md, touch, gat) goes to the old one as well, so that it is not brought back. Nothing is promised
about a key that is written and warmed at the same moment: a delete may be overtaken by the item that is on its way from the old pool.

**Two levels of cache** (mcrouter's L1L2CacheRoute, without its negative caching): the small pool near the clients is the new one, the large one behind it the old one, for good.
`longest_life` bounds how long an item stays in the near pool before the far one is asked again, and `writes: both` keeps the far one current: it gets each write as well,
in no order with those of other clients. The client is answered by the near pool, so what depends on an item that is only in the far one (append, incr, cas, ...) is not done.

`fresh` and `old` each lead to a KeyHashSwitch with the pool and a RequestSender; the ReplyReceiver's `warm_up` leads back to `replies`.)");
    d.example("warm: {class: WarmUp, joins: joins}");
    d.input<&WarmUp::push>("in", "requests of one key, classified");
    d.input<&WarmUp::push_replies>("replies", "replies of the pools, from a ReplyReceiver").leads_to({"fresh", "old", "reply"});
    d.output("fresh", &WarmUp::fresh_, "requests for the new pool");
    d.output("old", &WarmUp::old_, "requests for the old pool");
    d.output("reply", &WarmUp::reply_, "replies to clients, on their way to a ReplyJoiner");
    d.parameter("joins", &WarmUp::joins_, "the JoinTable in which the clients' requests wait");
    d.parameter("writes", &WarmUp::writes_, {{"fresh", Writes::kFresh}, {"both", Writes::kBoth}},
                "where writes go that do not take an item away: to the new pool, or to the old one as well");
    d.parameter(
         "longest_life", &WarmUp::longest_life_,
         "how long an item stays in the new pool at most once it has been put there, in whole seconds; as long as in the old pool at most")
        .between(Duration{1'000'000'000}, Duration{kLongestLife * 1'000'000'000});
    d.counter("fresh_hits", &WarmUp::fresh_hits_, "gets that the new pool answered");
    d.counter("warmed", &WarmUp::warmed_, "items that were put into the new pool");
    d.counter("misses", &WarmUp::misses_, "gets that neither pool could answer");
    d.drop("no_room", &WarmUp::no_room_, "requests for which the JoinTable or the packet pool had no room");
    d.drop("late", &WarmUp::late_, "replies that nobody waits for any more");
  }

  void push(Batch& batch) {
    for (Packet packet : batch) {
      const Annotations& a = packet.annotations();
      const auto verb = static_cast<Verb>(a.verb);
      if (verb == Verb::kGet && a.flags == 0) {
        ask(packet);
        continue;
      }
      if ((writes_ == Writes::kBoth && (a.flags & kWrites) != 0) || verb == Verb::kDelete || verb == Verb::kMetaDelete ||
          verb == Verb::kTouch || verb == Verb::kGat || verb == Verb::kGats) {
        copy_to_old(packet);
      }
      fresh_batch_.add(packet);
      if (fresh_batch_.full()) fresh_.push(fresh_batch_);
    }
    batch.release();
    flush();
  }

  void push_replies(Batch& batch) {
    for (Packet packet : batch) look(packet);
    batch.release();
    flush();
  }

 private:
  enum Stage : std::uint16_t { kFresh, kOld };
  enum class Writes : std::uint8_t { kFresh, kBoth };
  // Behind the datagrams of a value, which count from 0.
  static constexpr std::uint16_t kBehindAll = UINT16_MAX;
  static constexpr std::int64_t kLongestLife = std::int64_t{30} * 24 * 60 * 60;  // memcached takes more seconds for Unix time

  void flush() {
    fresh_.push(fresh_batch_);
    old_.push(old_batch_);
    reply_.push(reply_batch_);
  }

  // Valid until the next call: no memory is taken for it once the buffer has grown.
  template <class... Arguments>
  std::string_view formatted(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    text_.clear();
    fmt::format_to(std::back_inserter(text_), format, std::forward<Arguments>(arguments)...);
    return {text_.data(), text_.size()};
  }

  // A request of the switch's own. False if there is no room for it.
  bool request(std::string_view text, Errand errand, Batch& batch, Output& output) {
    const Packet packet = allocate(static_cast<std::uint32_t>(kRequestHeaders + text.size()));
    if (!packet) return false;
    if (!write_request(packet, text, errand)) {
      drop(packet, no_room_);
      return false;
    }
    batch.add(packet);
    if (batch.full()) output.push(batch);
    return true;
  }

  void ask(Packet packet) {
    KeyBuffer buffer;
    const auto join = joins_->open(packet, 1, now(), random(), key_of(packet, buffer));
    if (!join) {
      drop(packet, no_room_);
      return;
    }
    const auto datagram = read_datagram(packet, locate_headers(packet));
    request(datagram->text, {Purpose::kWarmUp, PartNumber{*join, kFresh}.number()}, fresh_batch_, fresh_);
    consume(packet);
  }

  void copy_to_old(Packet packet) {
    const auto datagram = read_datagram(packet, locate_headers(packet));
    const bool quiet = (packet.annotations().flags & kQuiet) != 0;
    if (datagram) request(datagram->text, {quiet ? Purpose::kNone : Purpose::kDiscard, 0}, old_batch_, old_);
  }

  void look(Packet packet) {
    const auto datagram = read_datagram(packet, locate_headers(packet));
    const auto number = PartNumber::from(Errand::from(packet.annotations().context).number);
    KeyBuffer buffer;
    const std::string_view key = datagram ? joins_->note_of(number.join, buffer) : std::string_view();
    if (key.empty()) {
      drop(packet, late_);
      return;
    }
    if (number.part == kFresh) {
      look_at_fresh(packet, *datagram, number.join, key);
    } else {
      look_at_old(packet, *datagram, number.join, key);
    }
  }

  void look_at_fresh(Packet packet, const Datagram& datagram, std::uint32_t join, std::string_view key) {
    if (datagram.text != "END\r\n") {
      if ((packet.annotations().flags & kLast) != 0) fresh_hits_.add();
      pass(packet, join);
      return;
    }
    request(formatted("mg {} v f t\r\n", key), {Purpose::kWarmUp, PartNumber{join, kOld}.number()}, old_batch_, old_);
    consume(packet);
  }

  void look_at_old(Packet packet, const Datagram& datagram, std::uint32_t join, std::string_view key) {
    const std::uint16_t sequence = rte_be_to_cpu_16(datagram.frame->sequence);
    const Reply reply = sequence == 0 ? parse_reply(datagram.text) : Reply();
    if (reply.kind == ReplyKind::kNotFound) {
      misses_.add();
      answer(join, 0, "END\r\n", true);
      consume(packet);
      return;
    }
    if (sequence != 0) {
      answer(join, sequence, datagram.text, false);
    } else if (reply.kind == ReplyKind::kValue) {
      answer(join, 0, formatted("VALUE {} {} {}\r\n{}", key, reply.client_flags, reply.body - 2, datagram.text.substr(reply.head)), false);
      if (reply.whole) warm(reply, key);
    } else {
      answer(join, 0, datagram.text, true);
      consume(packet);
      return;
    }
    if ((packet.annotations().flags & kLast) != 0) answer(join, kBehindAll, "END\r\n", true);
    consume(packet);
  }

  void warm(const Reply& reply, std::string_view key) {
    const std::string_view lives = meta_flag(reply.flags, 't');
    if (lives == "0") return;  // it is gone before it is there
    const std::int64_t longest = longest_life_.nanoseconds / 1'000'000'000;
    std::int64_t seconds = longest == kLongestLife ? 0 : longest;  // T0: for ever
    if (std::int64_t left = 0; std::from_chars(lives.data(), lives.data() + lives.size(), left).ec == std::errc{} && left > 0)
      seconds = std::min(left, longest);
    if (request(formatted("ms {} {} F{} T{} ME\r\n{}\r\n", key, reply.data.size(), reply.client_flags, seconds, reply.data),
                {Purpose::kDiscard, 0}, fresh_batch_, fresh_)) {
      warmed_.add();
    }
  }

  // The reply itself is what the client gets.
  void pass(Packet packet, std::uint32_t join) {
    packet.annotations().context = Errand{Purpose::kPart, PartNumber{join}.number()}.context();
    add_reply(packet);
  }

  void answer(std::uint32_t join, std::uint16_t sequence, std::string_view text, bool last) {
    const Packet packet = allocate(static_cast<std::uint32_t>(kRequestHeaders + text.size()));
    if (!packet) return;  // the client will ask again
    if (!write_request(packet, text, {Purpose::kPart, PartNumber{join}.number()})) {
      drop(packet, no_room_);
      return;
    }
    packet.at<FrameHeader>(locate_headers(packet).payload)->sequence = rte_cpu_to_be_16(sequence);
    if (last) packet.annotations().flags |= kLast;
    add_reply(packet);
  }

  void add_reply(Packet packet) {
    reply_batch_.add(packet);
    if (reply_batch_.full()) reply_.push(reply_batch_);
  }

  StateRef<JoinTable> joins_;
  Writes writes_ = Writes::kFresh;
  Duration longest_life_{kLongestLife * 1'000'000'000};
  fmt::memory_buffer text_;
  Batch fresh_batch_, old_batch_, reply_batch_;
  Output fresh_, old_, reply_;
  Counter fresh_hits_, warmed_, misses_;
  DropReason no_room_, late_;
};

SMARTSWITCH_ELEMENT(WarmUp)

}  // namespace smartswitch::memcached
