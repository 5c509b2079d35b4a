// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <algorithm>
#include <optional>

#include "elements/memcached/client_networks.h"
#include "elements/memcached/command_set.h"
#include "elements/memcached/datagram.h"
#include "elements/memcached/refusal.h"
#include "elements/sdk/element.h"

namespace smartswitch::memcached {

/// What clients of some networks may do.
struct ClientRule {
  ClientNetworks from;
  std::optional<CommandSet> allow;
  std::optional<CommandSet> refuse;

  static void describe(DescribeFields<ClientRule>& d) {
    d.parameter("from", &ClientRule::from, "networks of clients").required();
    d.parameter("allow", &ClientRule::allow, "commands that may pass, and no others");
    d.parameter("refuse", &ClientRule::refuse, "commands that may not pass, but all others; `[]`: all may");
  }
};

class CommandFilter final : public Element {
 public:
  static void describe(Describe<CommandFilter>& d) {
    d.summary("Lets only those memcached requests pass whose commands, keys and values are allowed.");
    d.details(
        R"(Every command of a datagram is looked at, in text, meta and binary protocol, quiet or not. If one may not pass, the whole datagram leaves
through `refused`: an ErrorResponder answers as memcached would. It belongs behind a MemcachedClassifier, in front of a CacheInvalidate: the classifier
refuses what memcached would read otherwise than it looks. What is no UDP request passes; TCP is not looked into.

`allow` and `refuse` have commands by the words of the text protocol (`get`, `gets`, `set`, `mg`, `flush_all`, `stats`, ...); a binary command goes
by the word of the text command that does the same (a binary noop is `mn`). `sasl` is what the binary protocol has for that, `unknown` all that
memcached 1.6 does not know, to which it says `ERROR`. Without both lists, what operators do is refused: `flush_all`, `verbosity`,
`shutdown`, `lru`, `lru_crawler`, `slabs`, `watch`, `cache_memlimit`, `extstore`, `refresh_certs`, `sasl`, and `unknown`.

Of `rules`, the first one whose networks have the client's address counts instead. UDP's source addresses can be forged: give rights by address only
where the network drops packets whose address does not belong where they come from (RFC 2827).

memcached deletes the old item when a set is too large for it. Here it stays.)");
    d.example(R"(filter:
  class: CommandFilter
  largest_value: 100kB
  rules:
    - {from: [10.0.9.0/24], refuse: []})");
    d.input<&CommandFilter::push>("in", "requests, classified");
    d.output("out", &CommandFilter::out_, "those that are allowed, untouched");
    d.output("refused", &CommandFilter::refused_, "those that are not, for an ErrorResponder").optional();
    d.parameter("allow", &CommandFilter::allow_, "commands that may pass, and no others");
    d.parameter("refuse", &CommandFilter::refuse_, "commands that may not pass, but all others; `[]`: all may");
    d.parameter("rules", &CommandFilter::rules_, "other lists for clients of some networks");
    d.parameter("longest_key", &CommandFilter::longest_key_, "bytes of a key").between(1, kLongestKey);
    d.parameter("largest_value", &CommandFilter::largest_value_, "bytes of a value; memcached's own limit is its option -I");
    d.counter("forbidden", &CommandFilter::forbidden_, "refused for a command that is not allowed");
    d.counter("long_key", &CommandFilter::long_key_, "refused for a key over `longest_key`");
    d.counter("large_value", &CommandFilter::large_value_, "refused for a value over `largest_value`");
  }

  void validate(Problems& problems) const override {
    bool both = allow_ && refuse_;
    for (const ClientRule& rule : rules_) both = both || (rule.allow && rule.refuse);
    if (both)
      problems.add({}, "`allow` and `refuse` are both given",
                   "give one of them: what is not in `allow` is refused, and the other way round");
  }

  void start(Problems&) override {
    others_ = forbidden_by(allow_, refuse_);
    for (const ClientRule& rule : rules_) by_rule_.push_back(forbidden_by(rule.allow, rule.refuse));
  }

  void push(Batch& batch) {
    Batch others;
    batch.split(others, [this](Packet packet) { return passes(packet); });
    out_.push(batch);
    refused_.push(others);
  }

 private:
  static CommandSet forbidden_by(const std::optional<CommandSet>& allow, const std::optional<CommandSet>& refuse) {
    if (allow) return {~allow->bits};
    return refuse ? *refuse : CommandSet::of_operators();
  }

  [[nodiscard]] const CommandSet& forbidden_to(Packet packet, const Headers& h) const {
    if (by_rule_.empty() || h.ip_version == 0) return others_;
    const ClientAddress client = source_of(packet, h);
    for (std::size_t i = 0; i < by_rule_.size(); ++i) {
      if (rules_[i].from.contain(client)) return by_rule_[i];
    }
    return others_;
  }

  // False if it has been refused.
  bool passes(Packet packet) {
    const Headers& h = locate_headers(packet);
    const CommandSet& forbidden = forbidden_to(packet, h);
    if (is_one_get(packet.annotations(), forbidden)) return true;
    const auto datagram = read_datagram(packet, h);
    if (!datagram) return true;
    const std::string_view text = datagram->text;
    for (std::size_t at = 0; at < text.size();) {
      const Request request = parse_request(text.substr(at));
      if (const auto why = fault_of(request, text.substr(at), forbidden)) {
        refuse_for(packet, *why, at, request);
        return false;
      }
      if (request.status != Status::kMoreBehind) break;
      at += request.size();
    }
    return true;
  }

  // What nearly every packet is: the classifier has seen all that is to be seen. (A key in base64 is longer than what it stands for.)
  [[nodiscard]] bool is_one_get(const Annotations& a, const CommandSet& forbidden) const {
    const auto verb = static_cast<Verb>(a.verb);
    return verb >= Verb::kGet && verb <= Verb::kMetaDebug && a.key_length != 0 && a.key_length <= longest_key_ &&
           (a.flags & kSeveral) == 0 && !forbidden.has(numbers_.of(verb));
  }

  std::optional<Refusal> fault_of(const Request& request, std::string_view text, const CommandSet& forbidden) {
    const unsigned command = numbers_.of(request, text);
    if (forbidden.has(command)) {
      forbidden_.add();
      return command == CommandSet::kUnknown ? Refusal::kNoCommand : Refusal::kForbidden;
    }
    // Of keys that are too long for memcached itself, it tells the client itself.
    if (longest_key_ < kLongestKey && longest_of(request) > longest_key_) {
      long_key_.add();
      return Refusal::kBadLine;
    }
    if (request.value_size() > largest_value_.bytes) {
      large_value_.add();
      return Refusal::kTooLarge;
    }
    return std::nullopt;
  }

  static std::size_t longest_of(const Request& request) {
    KeyBuffer buffer;
    std::size_t longest = item_key(request, buffer).size();
    std::string_view more = request.more_keys;
    for (std::string_view key = next_key(more); !key.empty(); key = next_key(more)) longest = std::max(longest, key.size());
    return longest;
  }

  static void refuse_for(Packet packet, Refusal why, std::size_t at, const Request& request) {
    refuse(packet, why, at);
    // Errors are told to quiet commands of the meta protocol too.
    const Verb v = request.verb;
    const bool meta = v == Verb::kMetaGet || v == Verb::kMetaSet || v == Verb::kMetaDelete || v == Verb::kMetaArithmetic;
    std::uint8_t& flags = packet.annotations().flags;
    flags = static_cast<std::uint8_t>((flags & ~kQuiet) | (request.quiet && !meta ? kQuiet : 0));
  }

  std::optional<CommandSet> allow_, refuse_;
  std::vector<ClientRule> rules_;
  std::size_t longest_key_ = kLongestKey;
  ByteSize largest_value_{1 << 20};
  CommandSet others_;
  std::vector<CommandSet> by_rule_;
  CommandNumbers numbers_;
  Output out_, refused_;
  Counter forbidden_, long_key_, large_value_;
};

SMARTSWITCH_ELEMENT(CommandFilter)

}  // namespace smartswitch::memcached
