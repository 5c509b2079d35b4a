// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A set of memcached's commands, as operators name them: by the words of the text protocol, whatever protocol a request is in.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "elements/memcached/request.h"
#include "elements/sdk/parameter.h"

namespace smartswitch::memcached {

struct CommandSet {
  static constexpr unsigned kSasl = 62;     ///< "sasl": binary commands, which have no word
  static constexpr unsigned kUnknown = 63;  ///< "unknown": what memcached 1.6 does not know
  std::uint64_t bits = 0;

  [[nodiscard]] bool has(unsigned command) const { return (bits >> command & 1) != 0; }
  void add(unsigned command) { bits |= std::uint64_t{1} << command; }

  /// The commands of operators go by their words; of the others, those that do the same have one number.
  static unsigned number_of(const CommandWord& command);
  static std::optional<unsigned> number_of(std::string_view word);
  /// What a client has no business with: flush_all, commands of operators, and unknown ones, which may be those of a newer memcached.
  static CommandSet of_operators();
};

/// The numbers of the commands that requests have, quickly.
class CommandNumbers {
 public:
  CommandNumbers();
  /// For all verbs but kAdmin, whose commands are told apart by their words.
  [[nodiscard]] unsigned of(Verb verb) const { return of_verb_[static_cast<std::size_t>(verb)]; }
  /// `text` is what the request was read from.
  [[nodiscard]] unsigned of(const Request& request, std::string_view text) const;

 private:
  std::array<unsigned, 256> of_verb_{};
};

}  // namespace smartswitch::memcached

namespace smartswitch {

template <>
struct ParameterType<memcached::CommandSet> {
  static std::string name() { return "list of commands"; }
  static bool parse(const Value& value, memcached::CommandSet& out, Problems& problems);
  static std::string format(const memcached::CommandSet& set);
};

}  // namespace smartswitch
