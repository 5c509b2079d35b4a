// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <algorithm>

#include "elements/memcached/datagram.h"
#include "elements/memcached/join_table.h"
#include "elements/memcached/reply_packet.h"
#include "elements/sdk/element.h"

namespace smartswitch::memcached {

class ReplyJoiner final : public Element {
 public:
  static void describe(Describe<ReplyJoiner>& d) {
    d.summary("Makes one reply of the replies to the parts that a request was split into.");
    d.details(
        R"(The replies may come from servers (the output `part` of a ReplyReceiver) and from a cache, in any order. When all are there, the client gets one
reply as from one server: in the order of its request, in as many datagrams as it takes, numbered. (memcached's own replies to several keys all say
"1 of 1"; this order of datagrams and numbers suits clients that count as well as those that wait for END.) If a part does not come in time there
is no reply, as from a server that is down.)");
    d.example("gather: {class: ReplyJoiner, joins: joins}");
    d.input<&ReplyJoiner::push>("in", "replies to parts");
    d.output("out", &ReplyJoiner::reply_, "joined replies, on their way to the client");
    d.parameter("joins", &ReplyJoiner::joins_, "the JoinTable in which the replies wait for each other");
    d.drop("late", &ReplyJoiner::late_, "parts of replies that nobody waits for any more");
    d.drop("no_room", &ReplyJoiner::no_room_, "replies that do not fit the packets of the pool");
  }

  void start(Problems&) override {
    expiry_.bind<&ReplyJoiner::expire>(this);
    schedule_in(expiry_, kExpiryInterval);
  }

  void push(Batch& batch) {
    for (Packet packet : batch) join(packet);
    batch.release();
    reply_.push(replies_);
  }

 private:
  static constexpr Duration kExpiryInterval{50'000'000};

  void join(Packet packet) {
    const auto datagram = read_datagram(packet, locate_headers(packet));
    if (!datagram) {
      drop(packet, late_);
      return;
    }
    const Annotations& a = packet.annotations();
    const auto number = PartNumber::from(Errand::from(a.context).number);
    const auto added = joins_->add(number, datagram->text, rte_be_to_cpu_16(datagram->frame->sequence), (a.flags & kLast) != 0);
    if (added == JoinTable::Added::kUnknown) {
      drop(packet, late_);
      return;
    }
    consume(packet);
    if (added == JoinTable::Added::kComplete) answer(number.join);
  }

  void answer(std::uint32_t join) {
    joins_->take(join, whole_);
    if (whole_.text.empty()) return;  // everything was quiet
    cut();
    const auto total = static_cast<std::uint16_t>(ends_.size());
    std::uint32_t from = 0;
    for (std::uint16_t i = 0; i < total; ++i) {
      const Packet packet = allocate();
      if (!packet) return;
      if (packet.resize(static_cast<std::uint32_t>(whole_.headers.size()))) {
        std::copy(whole_.headers.begin(), whole_.headers.end(), packet.data());
        Annotations& a = packet.annotations();
        a.headers = whole_.located;
        a.headers.payload_length = sizeof(FrameHeader);
      }
      if (!make_reply(packet, std::string_view(whole_.text).substr(from, ends_[i] - from), {i, total})) {
        drop(packet, no_room_);
        return;
      }
      from = ends_[i];
      replies_.add(packet);
      if (replies_.full()) reply_.push(replies_);
    }
  }

  // Where the reply's datagrams end: between parts where that is possible.
  void cut() {
    constexpr std::uint32_t kMost = kReplyDatagram - sizeof(FrameHeader);
    ends_.clear();
    std::uint32_t start = 0;
    const auto end_before = [&](std::uint32_t end) {
      while (end - start > kMost) ends_.push_back(start += kMost);
    };
    const auto size = static_cast<std::uint32_t>(whole_.text.size());
    for (std::size_t i = 0; i < whole_.pieces.size(); ++i) {
      const std::uint32_t piece = whole_.pieces[i];
      const std::uint32_t next = i + 1 < whole_.pieces.size() ? whole_.pieces[i + 1] : size;
      if (next - start > kMost && piece > start) ends_.push_back(start = piece);
      end_before(next);
    }
    ends_.push_back(size);
  }

  void expire() {
    joins_->expire(now());
    schedule_in(expiry_, kExpiryInterval);
  }

  StateRef<JoinTable> joins_;
  Timer expiry_;
  JoinTable::Assembled whole_;
  std::vector<std::uint32_t> ends_;
  Batch replies_;
  Output reply_;
  DropReason late_, no_room_;
};

SMARTSWITCH_ELEMENT(ReplyJoiner)

}  // namespace smartswitch::memcached
