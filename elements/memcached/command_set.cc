// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/command_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "elements/sdk/suggest.h"

namespace smartswitch::memcached {
namespace {

constexpr std::string_view kSaslWord = "sasl";
constexpr std::string_view kUnknownWord = "unknown";

}  // namespace

unsigned CommandSet::number_of(const CommandWord& command) {
  const auto words = command_words();
  const auto first = std::find_if(words.begin(), words.end(), [&](const CommandWord& w) {
    return command.verb == Verb::kAdmin ? w.word == command.word : w.verb == command.verb;
  });
  return static_cast<unsigned>(first - words.begin());
}

std::optional<unsigned> CommandSet::number_of(std::string_view word) {
  if (word == kSaslWord) return kSasl;
  if (word == kUnknownWord) return kUnknown;
  for (const CommandWord& command : command_words()) {
    if (command.word == word) return number_of(command);
  }
  return std::nullopt;
}

CommandSet CommandSet::of_operators() {
  CommandSet set;
  for (const CommandWord& command : command_words()) {
    if (command.verb == Verb::kFlushAll || command.verb == Verb::kVerbosity || command.verb == Verb::kAdmin) set.add(number_of(command));
  }
  set.add(kSasl);
  set.add(kUnknown);
  return set;
}

CommandNumbers::CommandNumbers() {
  of_verb_.fill(CommandSet::kUnknown);
  for (const CommandWord& command : command_words()) of_verb_[static_cast<std::size_t>(command.verb)] = CommandSet::number_of(command);
}

unsigned CommandNumbers::of(const Request& request, std::string_view text) const {
  if (request.verb != Verb::kAdmin) return of(request.verb);
  if (request.protocol == Protocol::kBinary) return CommandSet::kSasl;
  text = text.substr(0, text.find_first_of("\r\n"));
  return CommandSet::number_of(next_key(text)).value_or(CommandSet::kUnknown);
}

}  // namespace smartswitch::memcached

namespace smartswitch {

bool ParameterType<memcached::CommandSet>::parse(const Value& value, memcached::CommandSet& out, Problems& problems) {
  if (!value.is_list()) {
    report_type(value, "a list of commands (`[get, set]`)", problems);
    return false;
  }
  memcached::CommandSet set;
  bool good = true;
  for (const Value& item : value.items()) {
    if (const auto number = memcached::CommandSet::number_of(item.text())) {
      set.add(*number);
      continue;
    }
    good = false;
    std::vector<std::string> known = {std::string(memcached::kSaslWord), std::string(memcached::kUnknownWord)};
    for (const memcached::CommandWord& command : memcached::command_words()) known.emplace_back(command.word);
    problems.add(item.where(), fmt::format("{} is no command of memcached's", item.spoken()), did_you_mean(item.text(), known));
  }
  if (good) out = set;
  return good;
}

std::string ParameterType<memcached::CommandSet>::format(const memcached::CommandSet& set) {
  std::vector<std::string> words;
  for (const memcached::CommandWord& command : memcached::command_words()) {
    if (set.has(memcached::CommandSet::number_of(command))) words.emplace_back(command.word);
  }
  if (set.has(memcached::CommandSet::kSasl)) words.emplace_back(memcached::kSaslWord);
  if (set.has(memcached::CommandSet::kUnknown)) words.emplace_back(memcached::kUnknownWord);
  return ParameterType<std::vector<std::string>>::format(words);
}

}  // namespace smartswitch
