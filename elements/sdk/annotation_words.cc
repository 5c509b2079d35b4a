// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/annotation_words.h"

namespace smartswitch {
namespace {

std::vector<AnnotationWords>& applications() {
  static std::vector<AnnotationWords> all;
  return all;
}

}  // namespace

std::vector<AnnotationWord> annotation_words(const Annotations& annotations) {
  std::vector<AnnotationWord> words;
  for (const AnnotationWords application : applications()) application(annotations, words);
  return words;
}

bool detail::register_annotation_words(AnnotationWords words) {
  applications().push_back(words);
  return true;
}

}  // namespace smartswitch
