// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/core.h>

#include <algorithm>

#include "elements/memcached/binary_protocol.h"
#include "elements/memcached/datagram.h"
#include "elements/memcached/refusal.h"
#include "elements/memcached/reply_packet.h"
#include "elements/sdk/element.h"

namespace smartswitch::memcached {

class ErrorResponder final : public Element {
 public:
  static void describe(Describe<ErrorResponder>& d) {
    d.summary("Answers requests that are not passed on with the error that memcached would give.");
    d.details(
        R"(For the output `refused` of a MemcachedClassifier, and of others that refuse requests. The reply is in the request's own protocol. It is short,
whatever the request was. Text commands with `noreply` get none, as from memcached. If one of several commands in a datagram is refused, all of it is, and
the reply is to that one.

Requests for which no server is up come from the output `unavailable` of a KeyHashSwitch. With `unavailable: miss`, gets of these are answered as if
there was no such item: clients then go to where the data comes from, rather than fail.)");
    d.example("refuse: {class: ErrorResponder}");
    d.input<&ErrorResponder::push>("in", "refused requests");
    d.output("out", &ErrorResponder::out_, "the replies, on their way to the client");
    d.parameter("unavailable", &ErrorResponder::unavailable_, {{"error", Unavailable::kError}, {"miss", Unavailable::kMiss}},
                "what is answered to gets for which no server is up");
    d.drop("quiet", &ErrorResponder::quiet_, "requests that want no reply");
    d.drop("unanswerable", &ErrorResponder::unanswerable_, "requests with IP options or extension headers, and what is no UDP request");
  }

  void push(Batch& batch) {
    Batch others;
    batch.split(others, [this](Packet packet) { return answer(packet); });
    out_.push(batch);
    others.release();
  }

 private:
  // False if the packet has been dropped.
  bool answer(Packet packet) {
    const Annotations& a = packet.annotations();
    const auto datagram = read_datagram(packet, locate_headers(packet));
    if (!datagram) return dropped(packet, unanswerable_);
    const Words& words = kWords[static_cast<std::size_t>(refusal_of(packet))];
    const std::string_view request = datagram->text.substr(std::min(refused_at(packet), datagram->text.size()));
    const bool binary = binary::is_request(request);
    const bool miss = unavailable_ == Unavailable::kMiss && refusal_of(packet) == Refusal::kNoServer && is_get(static_cast<Verb>(a.verb));
    if ((!binary || miss) && (a.flags & kQuiet) != 0) return dropped(packet, quiet_);
    fmt::memory_buffer text;
    if (binary) {
      append_binary(text, request, miss ? kBinaryMiss : words);
    } else if (miss) {
      text.append(static_cast<Verb>(a.verb) == Verb::kMetaGet ? std::string_view("EN\r\n") : std::string_view("END\r\n"));
    } else {
      text.append(words.text);
    }
    if (!make_reply(packet, {text.data(), text.size()})) return dropped(packet, unanswerable_);
    packet.annotations().flags |= kLast;
    return true;
  }

  static bool dropped(Packet packet, DropReason& reason) {
    drop(packet, reason);
    return false;
  }

  static bool is_get(Verb verb) {
    return verb == Verb::kGet || verb == Verb::kGets || verb == Verb::kGat || verb == Verb::kGats || verb == Verb::kMetaGet;
  }

  enum class Unavailable : std::uint8_t { kError, kMiss };
  struct Words {
    std::string_view text;
    std::uint16_t status;  // of the binary protocol
    std::string_view explanation;
  };
  // In the order of Refusal. The words are memcached's where it has some for the case.
  static constexpr Words kWords[] = {
      {"ERROR\r\n", binary::kUnknownCommand, "Unknown command"},
      {"CLIENT_ERROR bad command line format\r\n", binary::kInvalid, "Invalid arguments"},
      {"CLIENT_ERROR bad data chunk\r\n", binary::kInvalid, "Invalid arguments"},
      {"CLIENT_ERROR incomplete request\r\n", binary::kInvalid, "Incomplete request"},
      {"SERVER_ERROR no server is available\r\n", binary::kTemporaryFailure, "Temporary failure"},
      {"CLIENT_ERROR too many keys\r\n", binary::kInvalid, "Too many commands"},
      {"CLIENT_ERROR command is not allowed here\r\n", binary::kNotSupported, "Command is not allowed here"},
      {"SERVER_ERROR object too large for cache\r\n", binary::kTooLarge, "Too large."},
      {"SERVER_ERROR too many requests\r\n", binary::kBusy, "Too many requests"},
  };

  static constexpr Words kBinaryMiss{{}, binary::kKeyNotFound, "Not found"};

  static void append_binary(fmt::memory_buffer& text, std::string_view request, const Words& words) {
    binary::Header asked{};
    std::memcpy(&asked, request.data(), std::min(sizeof asked, request.size()));
    binary::Header h{};
    h.magic = binary::kReply;
    h.opcode = asked.opcode;
    h.status = rte_cpu_to_be_16(words.status);
    h.body_length = rte_cpu_to_be_32(static_cast<std::uint32_t>(words.explanation.size()));
    h.opaque = asked.opaque;
    const auto* bytes = reinterpret_cast<const char*>(&h);
    text.append(bytes, bytes + sizeof h);
    text.append(words.explanation);
  }

  Unavailable unavailable_ = Unavailable::kError;
  Output out_;
  DropReason quiet_, unanswerable_;
};

SMARTSWITCH_ELEMENT(ErrorResponder)

}  // namespace smartswitch::memcached
