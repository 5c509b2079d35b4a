// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// How a struct declares its members as parameters: a class of elements, or what a map in a file is read into.
//
//   struct Backend {
//     std::string name;
//     std::uint32_t weight = 1;
//     static void describe(DescribeFields<Backend>& d) {
//       d.parameter("name", &Backend::name, "what it is called").required();
//       d.parameter("weight", &Backend::weight, "its share").at_least(1);
//     }
//   };
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "elements/sdk/class_info.h"
#include "elements/sdk/suggest.h"

namespace smartswitch {

template <class T>
class DescribeFields;

/// A struct with a static describe(DescribeFields<T>&) can be a parameter: a map with those keys.
template <class T>
concept DescribedStruct = requires(DescribeFields<T>& d) {
  T::describe(d);
};

namespace detail {

template <class M>
struct StateParameter : std::false_type {};
template <class T>
struct StateParameter<StateRef<T>> : std::true_type {
  using State = T;
};

template <class M>
concept HasMagnitude = requires(const M& m) {
  { ParameterType<M>::magnitude(m) } -> std::convertible_to<double>;
};

template <class M>
std::vector<ParameterInfo> described_fields();

template <class M>
struct FieldsOf {
  static std::vector<ParameterInfo> get() { return {}; }
};
template <DescribedStruct M>
struct FieldsOf<M> {
  static std::vector<ParameterInfo> get() { return described_fields<M>(); }
};
template <class M>
struct FieldsOf<std::vector<M>> : FieldsOf<M> {};
template <class M>
struct FieldsOf<NamedList<M>> : FieldsOf<M> {};

}  // namespace detail

/// Refines a parameter that was just declared.
template <class T, class M>
class ParameterBuilder {
 public:
  ParameterBuilder(ParameterInfo& info, M T::*member) : info_(&info), member_(member) {}

  /// It has no default: leaving it out is an error.
  ParameterBuilder& required() {
    info_->required = true;
    info_->default_text.clear();
    return *this;
  }
  /// A state object that may be left out: then the StateRef is empty.
  ParameterBuilder& optional() requires detail::StateParameter<M>::value {
    info_->required = false;
    return *this;
  }
  ParameterBuilder& between(M low, M high) requires detail::HasMagnitude<M> {
    return bounded(low, high, ParameterType<M>::format(low) + " to " + ParameterType<M>::format(high));
  }
  ParameterBuilder& at_least(M low) requires detail::HasMagnitude<M> {
    return bounded(low, std::nullopt, "at least " + ParameterType<M>::format(low));
  }
  /// A rule of its own: `rule(value)` returns what is wrong, or an empty string. It is applied after type and bounds.
  template <class Rule>
  ParameterBuilder& check(Rule rule) {
    info_->assign = [inner = info_->assign, member = member_, rule](void* object, const Value& value, Problems& problems) {
      if (!inner(object, value, problems)) return false;
      const std::string fault = rule(static_cast<T*>(object)->*member);
      if (!fault.empty()) problems.add(value.where(), fault);
      return fault.empty();
    };
    return *this;
  }

 private:
  ParameterBuilder& bounded(M low, std::optional<M> high, std::string text) {
    info_->bounds = text;
    return check([low, high, text](const M& v) -> std::string {
      const double m = ParameterType<M>::magnitude(v);
      if (m >= ParameterType<M>::magnitude(low) && (!high || m <= ParameterType<M>::magnitude(*high))) return {};
      return fmt::format("`{}` is out of bounds: {}", ParameterType<M>::format(v), text);
    });
  }
  ParameterInfo* info_;
  M T::*member_;
};

/// Declares parameters that are members of T. Defaults are read off a T as its constructor leaves it.
template <class T>
class DescribeFields {
 public:
  explicit DescribeFields(std::vector<ParameterInfo>& parameters) : parameters_(&parameters) {}

  template <class M>
  ParameterBuilder<T, M> parameter(std::string name, M T::*member, std::string help) {
    ParameterInfo& info = parameters_->emplace_back();
    info.name = std::move(name);
    info.help = std::move(help);
    if constexpr (detail::StateParameter<M>::value) {
      using S = typename detail::StateParameter<M>::State;
      info.refers = Refers::kState;
      info.state_class = S::kClass;
      info.type = "state " + info.state_class;
      info.required = true;
      info.assign = &expect_name;
      info.bind = [member](void* object, const Value& value, Environment& environment) {
        (static_cast<T*>(object)->*member).set(&static_cast<S&>(environment.state(value.text())));
      };
    } else if constexpr (std::is_same_v<M, RxQueue> || std::is_same_v<M, TxQueue>) {
      constexpr bool kRx = std::is_same_v<M, RxQueue>;
      info.refers = kRx ? Refers::kRxPort : Refers::kTxPort;
      info.type = "port";
      info.required = true;
      info.assign = &expect_name;
      info.bind = [member](void* object, const Value& value, Environment& environment) {
        const auto [port, queue] = detail::port_and_queue(value.text());
        if constexpr (kRx) {
          static_cast<T*>(object)->*member = environment.rx_queue(port, queue);
        } else {
          static_cast<T*>(object)->*member = environment.tx_queue(port);
        }
      };
    } else {
      info.type = ParameterType<M>::name();
      info.default_text = ParameterType<M>::format(T().*member);
      info.fields = detail::FieldsOf<M>::get();
      info.assign = [member](void* object, const Value& value, Problems& problems) {
        return ParameterType<M>::parse(value, static_cast<T*>(object)->*member, problems);
      };
    }
    return {info, member};
  }

  /// A parameter of an enumeration: `choices` are {text, value} pairs.
  template <class M>
  requires std::is_enum_v<M> ParameterBuilder<T, M> parameter(std::string name, M T::*member,
                                                              std::vector<std::pair<std::string, M>> choices, std::string help) {
    ParameterInfo& info = parameters_->emplace_back();
    info.name = std::move(name);
    info.help = std::move(help);
    for (const auto& [text, value] : choices) {
      info.type += (info.type.empty() ? "" : " | ") + text;
      if (value == T().*member) info.default_text = text;
    }
    info.assign = [member, choices, type = info.type](void* object, const Value& value, Problems& problems) {
      std::vector<std::string> known;
      for (const auto& [text, choice] : choices) {
        if (value.text() == text) {
          static_cast<T*>(object)->*member = choice;
          return true;
        }
        known.push_back(text);
      }
      problems.add(value.where(), fmt::format("{} is not one of {}", value.spoken(), type), did_you_mean(value.text(), known));
      return false;
    };
    return {info, member};
  }

 private:
  static bool expect_name(void*, const Value& value, Problems& problems) {
    if (value.is_scalar() && !value.text().empty()) return true;
    report_type(value, "a name", problems);
    return false;
  }
  std::vector<ParameterInfo>* parameters_;
};

template <class M>
std::vector<ParameterInfo> detail::described_fields() {
  std::vector<ParameterInfo> fields;
  DescribeFields<M> d(fields);
  M::describe(d);
  return fields;
}

template <DescribedStruct T>
struct ParameterType<T> {
  static std::string name() { return "map"; }
  static bool parse(const Value& value, T& out, Problems& problems) {
    if (!value.is_map()) {
      report_type(value, "a map (`{name: value, ...}`)", problems);
      return false;
    }
    static const std::vector<ParameterInfo> fields = detail::FieldsOf<T>::get();
    return assign_parameters(&out, fields, value, "this map", {}, problems);
  }
  static std::string format(const T&) { return "{}"; }
};

}  // namespace smartswitch
