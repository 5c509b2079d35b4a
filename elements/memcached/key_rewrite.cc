// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <cstring>

#include "elements/memcached/binary_protocol.h"
#include "elements/memcached/datagram.h"
#include "elements/memcached/new_text.h"
#include "elements/memcached/refusal.h"
#include "elements/memcached/reply.h"
#include "elements/sdk/element.h"

namespace smartswitch::memcached {

class KeyRewrite final : public Element {
 public:
  static void describe(Describe<KeyRewrite>& d) {
    d.summary("Gives keys another beginning on their way to servers, and replies the old one back.");
    d.details(
        R"(So that several applications can share a pool, or an old one its data with a new one that calls it otherwise. Of a key that starts with `strip`, that is
taken away, and `add` put in front. Replies that name their key (VALUE lines, the k flag of meta commands, binary getk) name the one that the client knows. Keys in base64 are
changed as what they stand for.

Requests of one key are changed; it belongs behind a RequestSplitter, and right in front of the KeyHashSwitch and the RequestSender (replies must come back
through the switch: no direct server return). It gives them the colour `paint`, which a RequestSender remembers and a ReplyReceiver gives
their replies: only those are changed back. Both outputs of the receiver, `client` and `part`, lead to `replies`.

A cache stands between the clients and this element, requests and replies, and knows the keys as clients do. Nothing else may write the items under their new keys past
that cache; otherwise it serves old values, for `max_age` at most.

mcrouter calls this ModifyKeyRoute.)");
    d.example(R"(shop: {class: KeyRewrite, strip: "shop:", add: "v2:shop:"}
# connections: [by_prefix.shop -> shop -> choose -> send, shop.refused -> say_why, shop.other -> choose,
#               receive.client -> shop:replies, receive.part -> shop:replies, shop.reply -> to_clients, shop.part -> gather])");
    d.input<&KeyRewrite::push>("in", "requests of one key, classified");
    d.input<&KeyRewrite::push_replies>("replies", "replies to clients and to parts, from a ReplyReceiver").leads_to({"reply", "part"});
    d.output("out", &KeyRewrite::out_, "requests with their new key");
    d.output("other", &KeyRewrite::other_,
             "requests whose key does not start with `strip`, without a key, or with several keys or commands: unchanged");
    d.output("refused", &KeyRewrite::refused_, "requests whose key would be too long, for an ErrorResponder").optional();
    d.output("reply", &KeyRewrite::reply_, "replies on their way to clients");
    d.output("part", &KeyRewrite::part_, "replies on their way to a ReplyJoiner").optional();
    d.parameter("strip", &KeyRewrite::strip_, "what keys start with that are changed; nothing: all keys are").check(fault_of_prefix);
    d.parameter("add", &KeyRewrite::add_, "what they start with instead").check(fault_of_prefix);
    d.parameter("paint", &KeyRewrite::colour_, "colour of what was changed, one that nothing else uses behind it").between(1, 255);
    d.counter("changed", &KeyRewrite::changed_, "requests with another key");
    d.counter("restored", &KeyRewrite::restored_, "replies that name their key, with the client's");
    d.drop("no_room", &KeyRewrite::no_room_, "packets that the new key does not fit into, or with IPv6 extension headers");
  }

  void validate(Problems& problems) const override {
    if (strip_ == add_) problems.add({}, "`strip` and `add` are the same", "say what keys start with, or what they are to start with");
  }

  void push(Batch& batch) {
    Batch changed, others, refused;
    for (Packet packet : batch) {
      switch (change(packet)) {
        case Result::kChanged:
          changed.add(packet);
          break;
        case Result::kAsItWas:
          others.add(packet);
          break;
        case Result::kTooLong:
          refuse(packet, Refusal::kBadLine);
          refused.add(packet);
          break;
        case Result::kNoRoom:
          drop(packet, no_room_);
          break;
      }
    }
    batch.release();
    changed_.add(changed.size());
    out_.push(changed);
    other_.push(others);
    refused_.push(refused);
  }

  void push_replies(Batch& batch) {
    Batch replies, parts;
    for (Packet packet : batch) {
      if (packet.annotations().paint == colour_ && restore(packet) == Result::kNoRoom) {
        drop(packet, no_room_);
        continue;
      }
      ((packet.annotations().flags & kOwn) != 0 ? parts : replies).add(packet);
    }
    batch.release();
    reply_.push(replies);
    part_.push(parts);
  }

 private:
  enum class Result : std::uint8_t { kChanged, kAsItWas, kTooLong, kNoRoom };

  static std::string fault_of_prefix(const std::string& prefix) {
    return prefix.size() <= kLongestKey && key_length(prefix) == prefix.size()
               ? std::string()
               : fmt::format("`{}` is nothing that a key could start with", prefix);
  }

  Result change(Packet packet) {
    const auto datagram = read_datagram(packet, locate_headers(packet));
    if (!datagram || (packet.annotations().flags & kSeveral) != 0) return Result::kAsItWas;
    const Request request = parse_request(datagram->text);
    if (request.status != Status::kWhole || request.keys != 1) return Result::kAsItWas;
    const Result result = exchange(request.key, request.encoded_key, strip_, add_);
    if (result != Result::kChanged) return result;
    if (!put(packet, datagram->text, request.key, request.protocol)) return Result::kNoRoom;
    Annotations& a = packet.annotations();
    const std::uint8_t kept = a.flags & kOwn;
    const auto written = read_datagram(packet, a.headers);
    annotate(packet, *written, parse_request(written->text));
    a.flags |= kept;
    a.paint = colour_;
    return result;
  }

  Result restore(Packet packet) {
    const auto datagram = read_datagram(packet, locate_headers(packet));
    // Behind the first datagram of a value there is only data.
    if (!datagram || datagram->frame->sequence != 0) return Result::kAsItWas;
    const Reply reply = parse_reply(datagram->text);
    if (reply.kind == ReplyKind::kError) return Result::kAsItWas;
    const bool meta = reply.protocol == Protocol::kText && !datagram->text.starts_with("VALUE ");
    std::string_view flags = reply.flags;
    const std::string_view key = !meta ? reply.key : datagram->text.starts_with("ME ") ? next_key(flags) : meta_flag(flags, 'k');
    if (key.empty()) return Result::kAsItWas;
    const Result result = exchange(key, meta && meta_flag(reply.flags, 'b').data() != nullptr, add_, strip_);
    if (result != Result::kChanged) return result;
    restored_.add();
    return put(packet, datagram->text, key, reply.protocol) ? result : Result::kNoRoom;
  }

  // Makes new_key_ of a key as it stands in a packet.
  Result exchange(std::string_view key, bool encoded, std::string_view from, std::string_view to) {
    KeyBuffer buffer;
    const std::string_view name = encoded ? decode_key(key, buffer) : key;
    if (!name.starts_with(from) || name.empty()) return Result::kAsItWas;
    const std::size_t rest = name.size() - from.size();
    if (to.size() + rest > kLongestKey || to.size() + rest == 0) return Result::kTooLong;
    char* end = std::copy(to.begin(), to.end(), name_.begin());
    std::copy(name.begin() + static_cast<std::ptrdiff_t>(from.size()), name.end(), end);
    new_key_ = {name_.data(), to.size() + rest};
    if (!encoded) return Result::kChanged;
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded_.data()),
                                       reinterpret_cast<const unsigned char*>(name_.data()), static_cast<int>(new_key_.size()));
    new_key_ = {encoded_.data(), static_cast<std::size_t>(length)};
    return new_key_.size() > kLongestKey ? Result::kTooLong : Result::kChanged;
  }

  // new_key_ instead of `key`, which points into the packet's text.
  bool put(Packet packet, std::string_view text, std::string_view key, Protocol protocol) {
    const auto at = static_cast<std::size_t>(key.data() - text.data());
    text_.clear();
    text_.append(text.substr(0, at));
    text_.append(new_key_);
    text_.append(text.substr(at + key.size()));
    if (protocol == Protocol::kBinary) {
      binary::Header h;
      std::memcpy(&h, text_.data(), sizeof h);
      h.key_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(new_key_.size()));
      h.body_length = rte_cpu_to_be_32(static_cast<std::uint32_t>(rte_be_to_cpu_32(h.body_length) - key.size() + new_key_.size()));
      std::memcpy(text_.data(), &h, sizeof h);
    }
    return replace_text(packet, {text_.data(), text_.size()});
  }

  std::string strip_;
  std::string add_;
  std::uint8_t colour_ = 1;
  std::array<char, kLongestKey> name_{};
  std::array<char, 2 * kLongestKey> encoded_{};
  std::string_view new_key_;
  fmt::memory_buffer text_;  // grows once
  Output out_, other_, refused_, reply_, part_;
  Counter changed_, restored_;
  DropReason no_room_;
};

SMARTSWITCH_ELEMENT(KeyRewrite)

}  // namespace smartswitch::memcached
