// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/annotation_words.h"

#include <iterator>
#include <utility>

#include "elements/memcached/datagram.h"
#include "elements/memcached/protocol.h"

namespace smartswitch::memcached {
namespace {

// In the order of Verb.
constexpr const char* kVerbs[] = {"",        "get", "gets",      "mg",      "me",    "set",       "add",  "replace", "append",
                                  "prepend", "cas", "delete",    "incr",    "decr",  "touch",     "gat",  "gats",    "ms",
                                  "md",      "ma",  "flush_all", "version", "stats", "verbosity", "noop", "quit",    "administration",
                                  "unknown"};
static_assert(std::size(kVerbs) == static_cast<std::size_t>(Verb::kUnknown) + 1);

constexpr std::pair<std::uint8_t, const char*> kFlagWords[] = {
    {kSeveral, "several"}, {kBinary, "binary"},        {kEncodedKey, "encoded key"}, {kQuiet, "quiet"},
    {kOwn, "own"},         {kLast, "last of a reply"}, {kWrites, "writes"},
};

void words_of_memcached(const Annotations& annotations, std::vector<AnnotationWord>& words) {
  if (annotations.verb != 0 && annotations.verb < std::size(kVerbs)) words.push_back({"verb", kVerbs[annotations.verb]});
  std::string flags;
  for (const auto& [flag, name] : kFlagWords) {
    if ((annotations.flags & flag) != 0) flags += (flags.empty() ? "" : ", ") + std::string(name);
  }
  if (!flags.empty()) words.push_back({"flags", flags});
}

}  // namespace

SMARTSWITCH_ANNOTATION_WORDS(words_of_memcached)

}  // namespace smartswitch::memcached
