// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/registry.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace smartswitch {
namespace {

template <class List>
auto find(const List& list, std::string_view name) -> decltype(list.front().get()) {
  const auto at = std::lower_bound(list.begin(), list.end(), name, [](const auto& info, std::string_view n) { return info->name < n; });
  return at != list.end() && (*at)->name == name ? at->get() : nullptr;
}

template <class List, class Info>
void insert(List& list, std::unique_ptr<Info> info) {
  const auto at = std::lower_bound(list.begin(), list.end(), info->name, [](const auto& i, const std::string& n) { return i->name < n; });
  if (at != list.end() && (*at)->name == info->name) {
    std::fprintf(stderr, "smartswitch: two classes are called %s; rename one of them\n", info->name.c_str());
    std::abort();
  }
  list.insert(at, std::move(info));
}

template <class Info>
std::vector<const Info*> all(const std::vector<std::unique_ptr<Info>>& list) {
  std::vector<const Info*> result;
  for (const auto& info : list) result.push_back(info.get());
  return result;
}

}  // namespace

Registry& Registry::instance() {
  static Registry registry;
  return registry;
}

const ElementInfo* Registry::element(std::string_view name) const { return find(elements_, name); }
const StateInfo* Registry::state(std::string_view name) const { return find(states_, name); }
std::vector<const ElementInfo*> Registry::elements() const { return all(elements_); }
std::vector<const StateInfo*> Registry::states() const { return all(states_); }
void Registry::add(std::unique_ptr<ElementInfo> info) { insert(elements_, std::move(info)); }
void Registry::add(std::unique_ptr<StateInfo> info) { insert(states_, std::move(info)); }

std::string detail::room_of(std::string_view source_file) {
  const std::size_t end = source_file.rfind('/');
  if (end == std::string_view::npos) return "own";
  const std::string_view folder = source_file.substr(0, end);
  return std::string(folder.substr(folder.rfind('/') + 1));
}

}  // namespace smartswitch
