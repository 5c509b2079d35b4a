// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/core.h>

#include "elements/memcached/binary_protocol.h"
#include "elements/memcached/datagram.h"
#include "elements/memcached/join_table.h"
#include "elements/memcached/refusal.h"
#include "elements/memcached/reply_packet.h"
#include "elements/sdk/element.h"

namespace smartswitch::memcached {

class RequestSplitter final : public Element {
 public:
  static void describe(Describe<RequestSplitter>& d) {
    d.summary("Splits requests with several keys or commands, so that each key is asked of its own server.");
    d.details(
        R"(For the output `several` of a MemcachedClassifier. Each key, and each command, becomes a request of its own, which leaves as a classifier would
sort it. A ReplyJoiner with the same JoinTable makes one reply of theirs, in the order of the request.

Quiet commands (meta's q, binary's getq, ...) are asked in their loud form, and their usual reply is left out. Text commands with `noreply` are
sent and not waited for.)");
    d.example("split: {class: RequestSplitter, joins: joins}");
    d.input<&RequestSplitter::push>("in", "requests with several keys or commands");
    d.output("get", &RequestSplitter::get_, "parts that read one key");
    d.output("write", &RequestSplitter::write_, "parts that may change one item");
    d.output("control", &RequestSplitter::control_, "parts without a key");
    d.output("refused", &RequestSplitter::refused_, "requests with more than `most_parts` parts, or with one that does not fit a packet")
        .optional();
    d.parameter("joins", &RequestSplitter::joins_, "the JoinTable in which the replies wait for each other");
    d.parameter("most_parts", &RequestSplitter::most_parts_,
                "keys and commands that one request may have; a server has to have room for the datagrams of all its keys at once "
                "(docs/memcached.md)")
        .between(2, 65535);
    d.counter("parts", &RequestSplitter::parts_, "requests that were made of others");
    d.drop("no_room", &RequestSplitter::no_room_, "requests for which the JoinTable or the packet pool had no room");
    d.drop("unanswerable", &RequestSplitter::unanswerable_, "requests with IP options or extension headers");
  }

  /// Parts as long as the requests that an IPReassembler lets through.
  [[nodiscard]] std::uint64_t large_packets() const override { return kLargeParts; }

  void push(Batch& batch) {
    for (Packet packet : batch) split(packet);
    batch.release();
    flush();
  }

 private:
  static constexpr std::uint64_t kLargeParts = 32;

  // One command of a request, and the way its text goes into the parts.
  struct Command {
    Request request;
    std::string_view text;
    [[nodiscard]] bool has_keys() const { return request.protocol == Protocol::kText && request.verb <= Verb::kGats && is_get(); }
    [[nodiscard]] bool is_get() const {
      return request.verb == Verb::kGet || request.verb == Verb::kGets || request.verb == Verb::kGat || request.verb == Verb::kGats;
    }
    // A text command with noreply can't be made loud without changing what it does on errors; nobody waits for it.
    [[nodiscard]] bool awaited() const { return !request.quiet || request.protocol == Protocol::kBinary || is_meta(); }
    [[nodiscard]] bool is_meta() const {
      const Verb v = request.verb;
      return v == Verb::kMetaGet || v == Verb::kMetaSet || v == Verb::kMetaDelete || v == Verb::kMetaArithmetic;
    }
    [[nodiscard]] PartRule rule() const {
      if (!request.quiet) return PartRule::kAsItIs;
      return request.verb == Verb::kGet || request.verb == Verb::kGat || request.verb == Verb::kMetaGet ? PartRule::kUnlessMissed
                                                                                                        : PartRule::kUnlessDone;
    }
  };

  template <class Each>
  static void for_each_command(std::string_view text, Each&& each) {
    while (!text.empty()) {
      const Request request = parse_request(text);
      const bool more = request.status == Status::kMoreBehind;
      each(Command{request, more ? text.substr(0, request.size()) : text});
      if (!more) return;
      text.remove_prefix(request.size());
    }
  }

  void split(Packet packet) {
    const Headers& h = locate_headers(packet);
    const auto datagram = read_datagram(packet, h);
    if (!datagram || !can_turn_around(h)) {
      drop(packet, unanswerable_);
      return;
    }
    unsigned parts = 0;
    unsigned awaited = 0;
    for_each_command(datagram->text, [&](const Command& c) {
      const unsigned n = c.has_keys() ? c.request.keys : 1;
      parts += n;
      if (c.awaited()) awaited += n;
    });
    if (parts > most_parts_) {
      refuse(packet, Refusal::kTooMany);
      refused_.push(packet);
      return;
    }
    std::uint32_t number = 0;
    if (awaited > 0) {
      const auto opened = joins_->open(packet, awaited, now(), random());
      if (!opened) {
        drop(packet, no_room_);
        return;
      }
      number = *opened;
    }
    std::uint16_t part = 0;
    for_each_command(datagram->text, [&](const Command& c) { send_parts(c, number, part); });
    consume(packet);
  }

  void send_parts(const Command& c, std::uint32_t join, std::uint16_t& part) {
    if (c.has_keys() && c.request.keys > 0) {
      // Everything before the first key: the word, and gat's expiry.
      const std::string_view before = c.text.substr(0, static_cast<std::size_t>(c.request.key.data() - c.text.data()));
      std::string_view more = c.request.more_keys;
      unsigned left = c.request.keys;
      for (std::string_view key = c.request.key; !key.empty(); key = next_key(more)) {
        text_.clear();
        text_.append(before);
        text_.append(key);
        text_.append(std::string_view("\r\n"));
        send({join, part++, --left == 0 ? PartRule::kAsItIs : PartRule::kWithoutEnd}, Purpose::kPart);
      }
      return;
    }
    loud_form(c);
    if (c.awaited()) {
      send({join, part++, c.rule()}, Purpose::kPart);
    } else {
      send({}, Purpose::kNone);
    }
  }

  // The command's text, so that it gets a reply in any case.
  void loud_form(const Command& c) {
    text_.clear();
    text_.append(c.text);
    if (!c.request.quiet) return;
    if (c.request.protocol == Protocol::kBinary) {
      char& opcode = text_[offsetof(binary::Header, opcode)];
      opcode = static_cast<char>(binary::command(static_cast<std::uint8_t>(opcode)).loud);
    } else if (c.is_meta()) {
      text_.clear();
      std::string_view words = c.text.substr(0, c.request.head);
      const std::string_view line_end = words.ends_with("\r\n") ? "\r\n" : "\n";
      words.remove_suffix(line_end.size());
      unsigned count = 0;
      for (std::string_view word = next_key(words); !word.empty(); word = next_key(words)) {
        if (++count > 2 && word == "q") continue;  // behind command and key
        if (count > 1) text_.push_back(' ');
        text_.append(word);
      }
      text_.append(line_end);
      text_.append(c.text.substr(c.request.head));
    }
  }

  void send(const PartNumber& number, Purpose purpose) {
    parts_.add();
    const Packet packet = allocate(static_cast<std::uint32_t>(kRequestHeaders + text_.size()));
    if (!packet) return;  // the join will time out
    if (!write_request(packet, {text_.data(), text_.size()}, {purpose, number.number()})) {
      drop(packet, no_room_);
      return;
    }
    const auto verb = static_cast<Verb>(packet.annotations().verb);
    Batch& batch = packet.annotations().key_length == 0 || verb >= Verb::kFlushAll ? controls_
                   : (packet.annotations().flags & kWrites) != 0                   ? writes_
                                                                                   : gets_;
    batch.add(packet);
    if (batch.full()) flush();
  }

  void flush() {
    write_.push(writes_);
    control_.push(controls_);
    get_.push(gets_);
  }

  StateRef<JoinTable> joins_;
  std::uint32_t most_parts_ = 250;
  fmt::memory_buffer text_;
  Batch gets_, writes_, controls_;
  Output get_, write_, control_, refused_;
  Counter parts_;
  DropReason no_room_, unanswerable_;
};

SMARTSWITCH_ELEMENT(RequestSplitter)

}  // namespace smartswitch::memcached
