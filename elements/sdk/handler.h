// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Handlers: how people and programs reach into an object that runs. A class declares methods, and the control API serves them:
//
//   d.handler("table", &EtherSwitch::table, "the stations that it knows");
//   d.handler("purge", &KeyCache::purge, "forgets a key");              // void purge(const std::string& key)
#pragma once

#include <functional>
#include <string>
#include <tuple>
#include <type_traits>

#include "elements/sdk/parameter.h"
#include "elements/sdk/value.h"

namespace smartswitch {

/// What can be asked of an object, or done to it, while it runs. An element's are called on its worker's thread, between two rounds; a
/// state object's on any thread, while workers use it.
struct HandlerInfo {
  std::string name;
  std::string help;
  std::string argument;  ///< its type; empty: there is none
  std::string result;    ///< its type; empty: there is none
  bool changes = false;  ///< it does something; otherwise it only tells something
  /// What is wrong with the argument, or why it cannot be done, goes to `problems`.
  std::function<Value(void* object, const Value& argument, Problems& problems)> call;
};

namespace detail {

template <class T>
std::string result_type() {
  if constexpr (std::is_void_v<T>) {
    return {};
  } else if constexpr (std::is_same_v<T, Value>) {
    return "map or list";
  } else {
    return ParameterType<T>::name();
  }
}

template <class... A>
std::string argument_type() {
  if constexpr (sizeof...(A) == 0) {
    return {};
  } else {
    return ParameterType<std::decay_t<std::tuple_element_t<0, std::tuple<A...>>>>::name();
  }
}

/// Calls `method` on `object` with what `argument` says, and makes a Value of what it returns.
template <class... A, class T, class Method>
Value call_handler(T& object, Method method, const Value& argument, Problems& problems) {
  using R = std::invoke_result_t<Method, T&, A...>;
  const auto returned = [&](auto&&... arguments) {
    if constexpr (std::is_void_v<R>) {
      (object.*method)(arguments...);
      return Value();
    } else if constexpr (std::is_same_v<R, Value>) {
      return (object.*method)(arguments...);
    } else {
      return Value(ParameterType<R>::format((object.*method)(arguments...)));
    }
  };
  if constexpr (sizeof...(A) == 0) {
    return returned();
  } else {
    using First = std::decay_t<std::tuple_element_t<0, std::tuple<A...>>>;
    First first{};
    if (!ParameterType<First>::parse(argument, first, problems)) return {};
    if constexpr (sizeof...(A) == 1) {
      return returned(first);
    } else {
      return returned(first, problems);
    }
  }
}

}  // namespace detail
}  // namespace smartswitch
