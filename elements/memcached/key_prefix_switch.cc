// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>

#include "elements/memcached/datagram.h"
#include "elements/memcached/prefix_table.h"
#include "elements/sdk/element.h"

namespace smartswitch::memcached {

/// One prefix, or a list of them.
struct Prefixes {
  std::vector<std::string> list;
};

}  // namespace smartswitch::memcached

namespace smartswitch {

template <>
struct ParameterType<memcached::Prefixes> {
  static std::string name() { return "prefixes"; }
  static bool parse(const Value& value, memcached::Prefixes& out, Problems& problems) {
    const std::size_t before = problems.size();
    const auto take = [&](const Value& item) {
      if (item.text().empty() || item.text().size() > memcached::kLongestKey || memcached::key_length(item.text()) < item.text().size()) {
        problems.add(item.where(), fmt::format("{} is nothing that a key could start with", item.spoken()),
                     "a prefix has 1 to 250 bytes, and neither spaces nor control characters");
      }
      out.list.push_back(item.text());
    };
    if (!value.is_list()) take(value);
    for (const Value& item : value.items()) take(item);
    return problems.size() == before;
  }
  static std::string format(const memcached::Prefixes& v) { return ParameterType<std::vector<std::string>>::format(v.list); }
};

}  // namespace smartswitch

namespace smartswitch::memcached {

class KeyPrefixSwitch final : public Element {
 public:
  static void describe(Describe<KeyPrefixSwitch>& d) {
    d.summary("Sorts requests by what their key starts with.");
    d.details(
        R"(Each name in `prefixes` is an output. A key goes to the one with the longest prefix that fits it: with `user:` and `user:vip:`,
`user:vip:7` goes to the latter. It costs as much with a thousand prefixes as with one.

The key is the one that a MemcachedClassifier has found. A request with several keys would go the way of the first one: a RequestSplitter makes
one of each. mcrouter calls this PrefixSelectorRoute; here a prefix may end anywhere.)");
    d.example(R"(by_prefix: {class: KeyPrefixSwitch, prefixes: {users: ["user:", "profile:"], shop: "shop:"}}
# connections: [by_prefix.users -> choose_user_server, by_prefix.shop -> choose_shop_server, by_prefix.other -> choose])");
    d.input<&KeyPrefixSwitch::push>("in", "requests, classified");
    d.outputs("out", &KeyPrefixSwitch::outs_, "requests whose key starts with a prefix of this name").keyed_by("prefixes");
    d.output("other", &KeyPrefixSwitch::other_, "requests whose key starts with none of them, and those without a key");
    d.parameter("prefixes", &KeyPrefixSwitch::prefixes_, "name of the output: a prefix, or a list of them").required();
  }

  void validate(Problems& problems) const override {
    PrefixTable table;
    for (const auto& [output, prefixes] : prefixes_) {
      if (output == "other") problems.add({}, "no output for prefixes can be called `other`", "it is the one for all other keys");
      for (const std::string& prefix : prefixes.list) {
        if (!table.add(prefix, 0)) problems.add({}, fmt::format("the prefix `{}` is there twice", prefix));
      }
    }
  }

  void start(Problems&) override {
    for (std::uint32_t i = 0; i < prefixes_.size(); ++i) {
      for (const std::string& prefix : prefixes_[i].second.list) table_.add(prefix, i);
    }
  }

  void push(Batch& batch) {
    Batch others;
    KeyBuffer buffer;
    for (const Packet packet : batch) {
      const auto output = table_.find(key_of(packet, buffer));
      if (output) {
        outs_.add(*output, packet);
      } else {
        others.add(packet);
      }
    }
    batch.release();
    outs_.flush();
    other_.push(others);
  }

 private:
  NamedList<Prefixes> prefixes_;
  PrefixTable table_;
  OutputArray outs_;
  Output other_;
};

SMARTSWITCH_ELEMENT(KeyPrefixSwitch)

}  // namespace smartswitch::memcached
