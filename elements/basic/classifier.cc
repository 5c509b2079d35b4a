// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <string_view>

#include "elements/sdk/element.h"

namespace smartswitch {
namespace {

// Eight bytes of a packet, compared at once.
struct Window {
  std::uint32_t offset = 0;
  std::uint64_t mask = 0;
  std::uint64_t value = 0;
};

// True of packets that have `needs` bytes and fit every window.
struct Condition {
  std::uint32_t needs = 0;
  std::vector<Window> windows;

  template <class Load>
  bool holds(std::uint32_t length, const Load& load) const {
    if (length < needs) return false;
    for (const Window& w : windows) {
      if (((load(w.offset) ^ w.value) & w.mask) != 0) return false;
    }
    return true;
  }
};

struct Pattern {
  std::string text;
  Condition all;                  // of the terms without `!`
  std::vector<Condition> noneof;  // one for each term with `!`

  template <class Load>
  bool fits(std::uint32_t length, const Load& load) const {
    return all.holds(length, load) && std::none_of(noneof.begin(), noneof.end(), [&](const Condition& c) { return c.holds(length, load); });
  }
};

struct MaskedByte {
  std::uint8_t mask = 0;
  std::uint8_t value = 0;
};
using ByteMap = std::map<std::uint32_t, MaskedByte>;

struct Term {
  bool negated = false;
  std::uint32_t end = 0;
  ByteMap bytes;
};

// Windows end at the last byte they look at, so that they never reach beyond the bytes a packet needs to have, but for the first.
Condition compile(const ByteMap& bytes, std::uint32_t needs) {
  Condition condition{.needs = needs, .windows = {}};
  for (auto at = bytes.rbegin(); at != bytes.rend();) {
    Window window{.offset = at->first < 8 ? 0 : at->first - 7};
    std::uint8_t mask[8] = {};
    std::uint8_t value[8] = {};
    for (; at != bytes.rend() && at->first >= window.offset; ++at) {
      mask[at->first - window.offset] = at->second.mask;
      value[at->first - window.offset] = at->second.value;
    }
    std::memcpy(&window.mask, mask, 8);
    std::memcpy(&window.value, value, 8);
    if (window.mask != 0) condition.windows.push_back(window);
  }
  return condition;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Returns what is wrong with the term, or an empty string.
std::string parse_term(std::string_view text, Term& term) {
  std::string_view rest = text;
  if (rest.starts_with('!')) {
    term.negated = true;
    rest.remove_prefix(1);
  }
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return fmt::format("`{}` has no `/` between offset and value", text);
  const std::string_view digits = rest.substr(0, slash);
  std::uint16_t offset = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), offset);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    return fmt::format("`{}` in `{}` is not an offset from 0 to 65535", digits, text);
  }
  const std::string_view both = rest.substr(slash + 1);
  const std::size_t percent = both.find('%');
  const std::string_view value = both.substr(0, percent);
  const bool masked = percent != std::string_view::npos;
  const std::string_view mask = masked ? both.substr(percent + 1) : std::string_view();
  if (value.empty() || value.size() % 2 != 0) return fmt::format("the value of `{}` needs two hexadecimal digits for each byte", text);
  if (masked && mask.size() != value.size()) return fmt::format("value and mask of `{}` differ in length", text);
  for (std::size_t i = 0; i < value.size(); ++i) {
    const int digit = value[i] == '?' ? 0 : hex_digit(value[i]);
    int keep = value[i] == '?' ? 0 : 15;
    if (masked) keep &= hex_digit(mask[i]);
    if (digit < 0 || (masked && hex_digit(mask[i]) < 0)) {
      return fmt::format("`{}` in `{}` is not a hexadecimal digit", digit < 0 ? value[i] : mask[i], text);
    }
    MaskedByte& byte = term.bytes[offset + static_cast<std::uint32_t>(i / 2)];
    byte.mask = static_cast<std::uint8_t>(byte.mask << 4 | keep);
    byte.value = static_cast<std::uint8_t>(byte.value << 4 | (digit & keep));
  }
  term.end = offset + static_cast<std::uint32_t>(value.size() / 2);
  return {};
}

std::string parse_pattern(std::string_view text, Pattern& pattern) {
  pattern.text = text;
  if (text == "-") return {};
  ByteMap all;
  std::uint32_t needs = 0;
  bool any = false;
  for (std::size_t at = text.find_first_not_of(' '); at != std::string_view::npos; at = text.find_first_not_of(' ', at)) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    Term term;
    if (text.substr(at, end - at) == "-") return "`-` matches everything and so stands alone";
    if (std::string fault = parse_term(text.substr(at, end - at), term); !fault.empty()) return fault;
    any = true;
    at = end;
    if (term.negated) {
      pattern.noneof.push_back(compile(term.bytes, term.end));
      continue;
    }
    needs = std::max(needs, term.end);
    for (const auto& [offset, byte] : term.bytes) {
      MaskedByte& merged = all[offset];
      if (((merged.value ^ byte.value) & merged.mask & byte.mask) != 0)
        return fmt::format("byte {} cannot have two values at once", offset);
      merged.mask |= byte.mask;
      merged.value |= byte.value;
    }
  }
  if (!any) return "an empty pattern says nothing; `-` matches everything";
  pattern.all = compile(all, needs);
  return {};
}

}  // namespace

template <>
struct ParameterType<Pattern> {
  static std::string name() { return "pattern"; }
  static bool parse(const Value& value, Pattern& out, Problems& problems) {
    if (!value.is_scalar()) {
      report_type(value, "a pattern (such as `12/0800 23/11`)", problems);
      return false;
    }
    Pattern pattern;
    const std::string fault = parse_pattern(value.text(), pattern);
    if (fault.empty()) {
      out = std::move(pattern);
    } else {
      problems.add(value.where(), fault, "a pattern is `-`, or terms like `12/0800`, `!14/45`, `20/1fff%1fff` with spaces between them");
    }
    return fault.empty();
  }
  static std::string format(const Pattern& v) { return v.text; }
};

class Classifier final : public Element {
 public:
  static void describe(Describe<Classifier>& d) {
    d.summary("Sorts packets by the bytes that they have at given places.");
    d.details(
        "Each pattern has an output of its name; a packet leaves through the first one, in the order of the file, that it matches. A "
        "pattern is a list of terms with spaces between them, and all must match:\n\n"
        "- `12/0800`: the bytes from offset 12 (decimal, from the first byte of the Ethernet header) on are 08 00 (hexadecimal).\n"
        "- `12/08??`: `?` stands for any digit. The byte must be there all the same.\n"
        "- `20/0000%1fff`: only the bits of the mask behind `%` count.\n"
        "- `!12/0800`: the term without `!` does not match.\n"
        "- `-` alone matches every packet.\n\n"
        "A term that reaches beyond the end of the packet does not match (so with `!` it does). Offsets are fixed: behind a VLAN tag all "
        "is 4 bytes further on. YAML wants quotes around `-` and around what starts with `!`. The patterns are those of Click's "
        "Classifier.");
    d.example("by_type: {class: Classifier, patterns: {arp: 12/0806, udp: 12/0800 23/11, rest: \"-\"}}");
    d.input<&Classifier::push>("in", "any packets");
    d.outputs("out", &Classifier::outs_, "packets that match the pattern of this name and none before it").keyed_by("patterns");
    d.parameter("patterns", &Classifier::patterns_, "name of the output: pattern").required().check([](const NamedList<Pattern>& patterns) {
      return patterns.empty() ? std::string("a Classifier needs at least one pattern") : std::string();
    });
    d.drop("no_match", &Classifier::no_match_, "packets that match no pattern");
  }

  void push(Batch& batch) {
    Batch others;
    for (const Packet packet : batch) packet.prefetch_data();
    for (const Packet packet : batch) {
      const unsigned chosen = choose(packet);
      if (chosen < outs_.size()) {
        outs_.add(chosen, packet);
      } else {
        others.add(packet);
      }
    }
    batch.release();
    outs_.flush();
    drop(others, no_match_);
  }

 private:
  [[nodiscard]] unsigned choose(Packet packet) const {
    if (packet.linear() && packet.length() >= 8) {
      return first_fit(packet.length(), [data = packet.data()](std::uint32_t offset) {
        std::uint64_t word;
        std::memcpy(&word, data + offset, 8);
        return word;
      });
    }
    const std::uint32_t length = packet.wire_length();
    return first_fit(length, [packet, length](std::uint32_t offset) {
      std::uint64_t word = 0;
      const std::uint32_t n = std::min(8U, length - offset);
      const void* bytes = rte_pktmbuf_read(packet.mbuf(), offset, n, &word);
      if (bytes != &word) std::memcpy(&word, bytes, n);
      return word;
    });
  }

  template <class Load>
  [[nodiscard]] unsigned first_fit(std::uint32_t length, const Load& load) const {
    unsigned i = 0;
    while (i < patterns_.size() && !patterns_[i].second.fits(length, load)) ++i;
    return i;
  }

  NamedList<Pattern> patterns_;
  OutputArray outs_;
  DropReason no_match_;
};
SMARTSWITCH_ELEMENT(Classifier)

}  // namespace smartswitch
