// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What an application's annotations mean, in words, for traces. Each application's room registers one function, in a file of its own:
//
//   SMARTSWITCH_ANNOTATION_WORDS(words_of_memcached)
#pragma once

#include <string>
#include <vector>

#include "elements/sdk/packet.h"

namespace smartswitch {

struct AnnotationWord {
  std::string name;  ///< "verb"
  std::string value;
  bool operator==(const AnnotationWord&) const = default;
};

/// Adds what Annotations::verb and ::flags say, if anything.
using AnnotationWords = void (*)(const Annotations& annotations, std::vector<AnnotationWord>& words);

/// What all applications say of a packet. Any thread.
std::vector<AnnotationWord> annotation_words(const Annotations& annotations);

namespace detail {
bool register_annotation_words(AnnotationWords words);
}

}  // namespace smartswitch

/// Once an application, at namespace scope of a .cc file.
#define SMARTSWITCH_ANNOTATION_WORDS(function) \
  [[maybe_unused]] static const bool registered_##function = ::smartswitch::detail::register_annotation_words(&(function));
