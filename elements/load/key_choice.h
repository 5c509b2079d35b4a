// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "elements/load/zipf.h"
#include "elements/sdk/parameter.h"
#include "elements/sdk/worker.h"

namespace smartswitch::load {

/// How often each key is asked for. Written `uniform`, `zipf:0.99` (with its exponent) or `sequential`.
struct KeyDistribution {
  enum class Kind : std::uint8_t { kUniform, kZipf, kSequential };
  Kind kind = Kind::kUniform;
  double exponent = 0.99;  ///< of Zipf's law
};
std::optional<KeyDistribution> parse_key_distribution(std::string_view text);
std::string to_string(const KeyDistribution& distribution);

/// Chooses one of `keys` keys (at most 2^32 - 1), 0 the most popular.
class KeyChoice {
 public:
  KeyChoice(const KeyDistribution& distribution, std::uint64_t keys);
  std::uint64_t operator()(Random& random) {
    if (zipf_) return (*zipf_)(random.next());
    if (sequential_) return last_ = last_ + 1 == keys_ ? 0 : last_ + 1;
    return (random.next() >> 32) * keys_ >> 32;
  }

 private:
  std::uint64_t keys_;
  std::uint64_t last_;
  bool sequential_;
  std::unique_ptr<Zipf> zipf_;
};

}  // namespace smartswitch::load

template <>
struct smartswitch::ParameterType<smartswitch::load::KeyDistribution> {
  static std::string name() { return "key distribution"; }
  static bool parse(const Value& value, load::KeyDistribution& out, Problems& problems) {
    if (const auto parsed = load::parse_key_distribution(value.text())) {
      out = *parsed;
      return true;
    }
    report_type(value, "a distribution of keys (`uniform`, `zipf:0.99` or `sequential`)", problems);
    return false;
  }
  static std::string format(const load::KeyDistribution& v) { return to_string(v); }
};
