// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/core.h>

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
whatever the request was. Text commands with `noreply` get none, as from memcached.)");
    d.example("refuse: {class: ErrorResponder}");
    d.input<&ErrorResponder::push>("in", "refused requests");
    d.output("out", &ErrorResponder::out_, "the replies, on their way to the client");
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
    const bool binary = binary::is_request(datagram->text);
    if (!binary && (a.flags & kQuiet) != 0) return dropped(packet, quiet_);
    fmt::memory_buffer text;
    if (binary) {
      append_binary(text, datagram->text, words);
    } else {
      text.append(words.text);
    }
    return make_reply(packet, {text.data(), text.size()}) || dropped(packet, unanswerable_);
  }

  static bool dropped(Packet packet, DropReason& reason) {
    drop(packet, reason);
    return false;
  }

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
      {"CLIENT_ERROR too many keys\r\n", binary::kInvalid, "Too many commands"},
  };

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

  Output out_;
  DropReason quiet_, unanswerable_;
};

SMARTSWITCH_ELEMENT(ErrorResponder)

}  // namespace smartswitch::memcached
