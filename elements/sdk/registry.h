// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// All element and state classes of the program, by name. A class registers itself with one line in its .cc file; a shared library that
// is loaded before the registry is first asked registers its classes the same way.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "elements/sdk/describe.h"

namespace smartswitch {

class Registry {
 public:
  static Registry& instance();

  /// nullptr if there is none of that name. The pointer is valid as long as the program runs.
  [[nodiscard]] const ElementInfo* element(std::string_view name) const;
  [[nodiscard]] const StateInfo* state(std::string_view name) const;
  /// Sorted by name.
  [[nodiscard]] std::vector<const ElementInfo*> elements() const;
  [[nodiscard]] std::vector<const StateInfo*> states() const;

  /// Two classes of one name end the program with a message: nothing sensible could be run.
  void add(std::unique_ptr<ElementInfo> info);
  void add(std::unique_ptr<StateInfo> info);

 private:
  std::vector<std::unique_ptr<ElementInfo>> elements_;
  std::vector<std::unique_ptr<StateInfo>> states_;
};

namespace detail {

/// The folder a source file is in: "elements/memcached/x.cc" -> "memcached".
std::string room_of(std::string_view source_file);

template <class T>
bool register_element(std::string name, std::string_view source_file) {
  auto info = std::make_unique<ElementInfo>();
  info->name = std::move(name);
  info->room = room_of(source_file);
  info->create = [] { return std::make_unique<T>(); };
  Describe<T> d(*info);
  T::describe(d);
  Registry::instance().add(std::move(info));
  return true;
}

template <class T>
bool register_state(std::string_view source_file) {
  auto info = std::make_unique<StateInfo>();
  info->name = T::kClass;
  info->room = room_of(source_file);
  info->create = [] { return std::make_unique<T>(); };
  Describe<T> d(*info);
  T::describe(d);
  Registry::instance().add(std::move(info));
  return true;
}

}  // namespace detail
}  // namespace smartswitch

/// Registers an element class under its own name. Once, at namespace scope of its .cc file, inside namespace smartswitch.
#define SMARTSWITCH_ELEMENT(Class) \
  [[maybe_unused]] static const bool registered_##Class = ::smartswitch::detail::register_element<Class>(#Class, __FILE__);
/// Registers a state class under Class::kClass.
#define SMARTSWITCH_STATE(Class) \
  [[maybe_unused]] static const bool registered_##Class = ::smartswitch::detail::register_state<Class>(__FILE__);
