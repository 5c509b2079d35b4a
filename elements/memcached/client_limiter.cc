// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/client_budgets.h"
#include "elements/memcached/datagram.h"
#include "elements/memcached/refusal.h"
#include "elements/sdk/element.h"
#include "elements/sdk/hash.h"

namespace smartswitch::memcached {

class ClientLimiter final : public Element {
 public:
  static void describe(Describe<ClientLimiter>& d) {
    d.summary("Holds each client to a rate of requests.");
    d.details(
        R"(A request costs one of the client's budget; one with several keys or commands costs one for each of them. Rate, burst, and what makes a client are the
ClientBudgets' to say. What is no memcached request over UDP passes.

With `by: key_prefix` there is a budget for each prefix of keys instead of each client: what stands before the `delimiter` (of `user:42`, that is `user`), nothing
if the key has none. `by: both` gives each client a budget for each prefix. Of several keys the first one says the prefix. For other rates for certain
prefixes, put a KeyPrefixSwitch in front, with a ClientLimiter behind each of its outputs.

What is over the rate leaves through `over`: an ErrorResponder there says `SERVER_ERROR too many requests`. If source addresses may be forged, leave it
unconnected, so that nobody gets answers who has not asked.)");
    d.example("limit: {class: ClientLimiter, budgets: requests_of}");
    d.input<&ClientLimiter::push>("in", "requests, classified");
    d.output("out", &ClientLimiter::out_, "those within the rate");
    d.output("over", &ClientLimiter::over_, "those over it; unconnected, they are dropped as `over_rate`").optional();
    d.parameter("budgets", &ClientLimiter::budgets_, "the ClientBudgets, of requests a second");
    d.parameter("by", &ClientLimiter::by_, {{"client", By::kClient}, {"key_prefix", By::kKeyPrefix}, {"both", By::kBoth}},
                "what has a budget: a client, a prefix of keys, or each pair of them");
    d.parameter("delimiter", &ClientLimiter::delimiter_, "what ends the prefix of a key").check([](const std::string& text) {
      return text.empty() ? std::string("`delimiter` is empty") : std::string();
    });
    d.drop("over_rate", &ClientLimiter::over_rate_, "requests over the rate, if `over` is not connected");
  }

  void push(Batch& batch) {
    Batch others;
    batch.split(others, [this](Packet packet) { return is_within(packet); });
    out_.push(batch);
    if (!over_.connected()) {
      drop(others, over_rate_);
      return;
    }
    for (const Packet packet : others) refuse(packet, Refusal::kTooOften);
    over_.push(others);
  }

 private:
  enum class By : std::uint8_t { kClient, kKeyPrefix, kBoth };

  bool is_within(Packet packet) {
    const Headers& h = locate_headers(packet);
    const auto datagram = read_datagram(packet, h);
    if (!datagram) return true;
    const ClientAddress client = by_ == By::kKeyPrefix ? ClientAddress() : source_of(packet, h);
    const std::uint64_t subject = by_ == By::kClient ? 0 : prefix_of(packet);
    const unsigned cost = (packet.annotations().flags & kSeveral) != 0 ? count(datagram->text) : 1;
    return budgets_->take(client, subject, cost, now());
  }

  [[nodiscard]] std::uint64_t prefix_of(Packet packet) const {
    if (packet.annotations().key_length == 0) return 0;
    KeyBuffer buffer;
    const std::string_view key = key_of(packet, buffer);
    const std::size_t end = key.find(delimiter_);
    return end == std::string_view::npos ? 0 : hash_key(key.substr(0, end));
  }

  // Keys and commands without a key.
  static unsigned count(std::string_view text) {
    unsigned n = 0;
    while (!text.empty()) {
      const Request request = parse_request(text);
      n += std::max(request.keys, 1U);
      if (request.status != Status::kMoreBehind) break;
      text.remove_prefix(request.size());
    }
    return n;
  }

  StateRef<ClientBudgets> budgets_;
  By by_ = By::kClient;
  std::string delimiter_ = ":";
  Output out_, over_;
  DropReason over_rate_;
};

SMARTSWITCH_ELEMENT(ClientLimiter)

}  // namespace smartswitch::memcached
