// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What an element or a state object declares of itself. From this one declaration come configuration errors, `smartswitch describe`,
// the reference pages, defaults and counters. Authors use Describe<T>; the graph and the runtime read ClassInfo.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "elements/sdk/handler.h"
#include "elements/sdk/histogram.h"
#include "elements/sdk/output.h"
#include "elements/sdk/parameter.h"
#include "elements/sdk/suggest.h"

namespace smartswitch {

class Element;

/// Gives parameters what only the runtime has. Called on the thread that builds the graph, before any worker runs.
class Environment {
 public:
  virtual ~Environment() = default;
  /// The state object called `name`: the graph has checked that it exists and has the right class.
  virtual State& state(const std::string& name) = 0;
  virtual RxQueue rx_queue(const std::string& port, std::optional<std::uint16_t> queue) = 0;
  virtual TxQueue tx_queue(const std::string& port) = 0;
};

/// What a parameter refers to, so that the graph can check the name.
enum class Refers : std::uint8_t { kNothing, kState, kRxPort, kTxPort };

struct ParameterInfo {
  std::string name;
  std::string type;
  std::string help;
  std::string default_text;  ///< as it would be written; empty if required, or if there is none
  std::string bounds;        ///< such as "1 to 64"; empty if none
  bool required = false;
  Refers refers = Refers::kNothing;
  std::string state_class;            ///< for kState
  std::vector<ParameterInfo> fields;  ///< for a map, or a list of maps, with fixed keys
  /// Checks `value` and stores it in `object`. False, with the reasons in `problems`, if it does not fit.
  std::function<bool(void* object, const Value& value, Problems& problems)> assign;
  /// For parameters that refer to something: resolves the name in `value`.
  std::function<void(void* object, const Value& value, Environment& environment)> bind;
};

/// One port, or a group of ports of one name.
enum class PortGroup : std::uint8_t {
  kSingle,
  kNumbered,  ///< 0, 1, ...: as many as are connected
  kKeyed,     ///< named after the keys of a map parameter, or the items of a list parameter
};

struct InputInfo {
  std::string name;
  std::string help;
  PortGroup group = PortGroup::kSingle;
  std::string keys;  ///< for kKeyed: the parameter's name
  /// Outputs that its packets, or others because of them, leave through within the call; not set: any.
  std::optional<std::vector<std::string>> leads_to;
  Entry entry = nullptr;
};

struct OutputInfo {
  std::string name;
  std::string help;
  PortGroup group = PortGroup::kSingle;
  std::string keys;
  bool optional = false;  ///< may stay unconnected: then its packets are dropped and counted
  std::function<Output&(Element&)> single;
  std::function<OutputArray&(Element&)> array;
};

struct CounterInfo {
  std::string name;
  std::string help;
  bool drop = false;  ///< a reason for dropping packets
  std::function<std::uint64_t(const void* object)> get;
};

struct HistogramInfo {
  std::string name;
  std::string help;
  std::function<const DurationHistogram&(const Element&)> get;
};

/// Everything a class says of itself; `create` makes one with its defaults.
struct ClassInfo {
  std::string name;
  std::string room;  ///< where it lives: "basic", "memcached", ...
  std::string summary;
  std::string details;
  std::string example;
  std::vector<ParameterInfo> parameters;
  std::vector<CounterInfo> counters;
  std::vector<HandlerInfo> handlers;

  [[nodiscard]] const HandlerInfo* handler(std::string_view handler_name) const {
    for (const HandlerInfo& h : handlers) {
      if (h.name == handler_name) return &h;
    }
    return nullptr;
  }
  [[nodiscard]] const ParameterInfo* parameter(std::string_view parameter_name) const {
    for (const ParameterInfo& p : parameters) {
      if (p.name == parameter_name) return &p;
    }
    return nullptr;
  }
};

struct ElementInfo : ClassInfo {
  std::vector<InputInfo> inputs;
  std::vector<OutputInfo> outputs;
  std::vector<HistogramInfo> histograms;
  /// Brings packets into the pipeline; returns how many it handled in this round. Null if the element is no source.
  unsigned (*poll)(Element&) = nullptr;
  bool border = false;   ///< its inputs and its poll() may belong to different workers (Queue)
  bool outside = false;  ///< it opens files or sockets, apart from the ports of the file
  std::function<std::unique_ptr<Element>()> create;
};

/// Who is foremost in something: keys that are asked for most, say.
struct Ranked {
  std::string name;
  double share = 0;  ///< 0 to 1
};
struct RankingInfo {
  std::string name;
  std::string help;
  std::function<std::vector<Ranked>(const void* object)> get;  ///< best first
};

struct StateInfo : ClassInfo {
  std::vector<RankingInfo> rankings;
  std::function<std::unique_ptr<State>()> create;
};

/// Assigns every member of the map `values` to the parameter of that name and reports all faults: unknown names (with the nearest known
/// one), wrong types and bounds, names given twice, required ones that are missing. `what` is spoken of in messages, such as
/// "element class `Queue`". Names in `ignore` (such as "class") are passed over. True if there was no fault.
bool assign_parameters(void* object, const std::vector<ParameterInfo>& parameters, const Value& values, std::string_view what,
                       const std::vector<std::string>& ignore, Problems& problems);

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

/// Splits "clients.1" into the port's name and the queue's number.
std::pair<std::string, std::optional<std::uint16_t>> port_and_queue(std::string_view text);

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

/// What elements and state objects declare alike.
template <class T, class Info>
class DescribeClass : public DescribeFields<T> {
 public:
  explicit DescribeClass(Info& info) : DescribeFields<T>(info.parameters), info_(&info) {}

  /// One sentence: what it does.
  void summary(std::string text) { info_->summary = std::move(text); }
  /// What a user must know beyond the summary. Markdown.
  void details(std::string text) { info_->details = std::move(text); }
  /// YAML that shows it at work: lines of an `elements:` or `state:` section.
  void example(std::string text) { info_->example = std::move(text); }

  /// A method without an argument or with one, whose type is that of a parameter; behind it may stand a Problems&. It returns nothing, a
  /// Value, or what a parameter can be. A method that is const only tells something; any other one may change the object.
  template <class R, class... A>
  void handler(std::string name, R (T::*method)(A...), std::string help) {
    add_handler<R, A...>(std::move(name), std::move(help), true, [method](void* object, const Value& argument, Problems& problems) {
      return detail::call_handler<A...>(*static_cast<T*>(object), method, argument, problems);
    });
  }
  template <class R, class... A>
  void handler(std::string name, R (T::*method)(A...) const, std::string help) {
    add_handler<R, A...>(std::move(name), std::move(help), false, [method](void* object, const Value& argument, Problems& problems) {
      return detail::call_handler<A...>(*static_cast<const T*>(object), method, argument, problems);
    });
  }
  void counter(std::string name, Counter T::*member, std::string help) { add(std::move(name), member, std::move(help), false); }
  void counter(std::string name, SharedCounter T::*member, std::string help) { add(std::move(name), member, std::move(help), false); }
  void drop(std::string name, DropReason T::*member, std::string help) { add(std::move(name), member, std::move(help), true); }

 protected:
  Info& info() { return *info_; }

 private:
  template <class R, class... A>
  void add_handler(std::string name, std::string help, bool changes, std::function<Value(void*, const Value&, Problems&)> call) {
    info_->handlers.push_back(
        {std::move(name), std::move(help), detail::argument_type<A...>(), detail::result_type<R>(), changes, std::move(call)});
  }
  template <class C>
  void add(std::string name, C T::*member, std::string help, bool is_drop) {
    info_->counters.push_back({std::move(name), std::move(help), is_drop,
                               [member](const void* object) { return (static_cast<const T*>(object)->*member).value(); }});
  }
  Info* info_;
};

/// An output that was just declared.
class OutputBuilder {
 public:
  explicit OutputBuilder(OutputInfo& info) : info_(&info) {}
  /// It may stay unconnected; its packets are dropped and counted then.
  OutputBuilder& optional() {
    info_->optional = true;
    return *this;
  }
  /// For an OutputArray: ports are named after the keys (or list items) of this parameter, not numbered.
  OutputBuilder& keyed_by(std::string parameter) {
    info_->group = PortGroup::kKeyed;
    info_->keys = std::move(parameter);
    return *this;
  }

 private:
  OutputInfo* info_;
};

class InputBuilder {
 public:
  explicit InputBuilder(InputInfo& info) : info_(&info) {}
  InputBuilder& keyed_by(std::string parameter) {
    info_->group = PortGroup::kKeyed;
    info_->keys = std::move(parameter);
    return *this;
  }
  /// Within a call of this input, nothing leaves but through these outputs: a way from another output back to this input is no loop.
  InputBuilder& leads_to(std::vector<std::string> outputs) {
    info_->leads_to = std::move(outputs);
    return *this;
  }

 private:
  InputInfo* info_;
};

/// T derives from Element.
template <class T>
class DescribeElement : public DescribeClass<T, ElementInfo> {
 public:
  using DescribeClass<T, ElementInfo>::DescribeClass;

  /// Declares an input served by `void T::Method(Batch&)`, or by `void T::Method(unsigned index, Batch&)` for a group of inputs.
  template <auto Method>
  InputBuilder input(std::string name, std::string help) {
    InputInfo& in = this->info().inputs.emplace_back();
    in.name = std::move(name);
    in.help = std::move(help);
    if constexpr (std::is_invocable_v<decltype(Method), T&, unsigned, Batch&>) {
      in.group = PortGroup::kNumbered;
      in.entry = [](void* element, unsigned index, Batch& batch) {
        (static_cast<T*>(static_cast<Element*>(element))->*Method)(index, batch);
      };
    } else {
      in.entry = [](void* element, unsigned, Batch& batch) { (static_cast<T*>(static_cast<Element*>(element))->*Method)(batch); };
    }
    return InputBuilder(in);
  }

  OutputBuilder output(std::string name, Output T::*member, std::string help) {
    OutputInfo& out = add_output(std::move(name), std::move(help));
    out.single = [member](Element& element) -> Output& { return static_cast<T&>(element).*member; };
    return OutputBuilder(out);
  }
  OutputBuilder outputs(std::string name, OutputArray T::*member, std::string help) {
    OutputInfo& out = add_output(std::move(name), std::move(help));
    out.group = PortGroup::kNumbered;
    out.array = [member](Element& element) -> OutputArray& { return static_cast<T&>(element).*member; };
    return OutputBuilder(out);
  }

  /// How long something takes, as the element measures it.
  void histogram(std::string name, DurationHistogram T::*member, std::string help) {
    this->info().histograms.push_back({std::move(name), std::move(help), [member](const Element& element) -> const DurationHistogram& {
                                         return static_cast<const T&>(element).*member;
                                       }});
  }

  /// Declares a source: `unsigned T::Method()` brings in packets and returns how many it handled (0: nothing to do).
  template <auto Method>
  void source() {
    this->info().poll = [](Element& element) { return (static_cast<T&>(element).*Method)(); };
  }
  /// Its inputs may be called by other workers than the one that polls it; it must be safe then.
  void border() { this->info().border = true; }
  /// It opens files or sockets: who only tries a graph out puts something in its place.
  void outside() { this->info().outside = true; }

 private:
  OutputInfo& add_output(std::string name, std::string help) {
    OutputInfo& out = this->info().outputs.emplace_back();
    out.name = std::move(name);
    out.help = std::move(help);
    return out;
  }
};

/// T derives from State.
template <class T>
class DescribeState : public DescribeClass<T, StateInfo> {
 public:
  using DescribeClass<T, StateInfo>::DescribeClass;

  /// `list` is called by threads other than workers', while they run.
  void ranking(std::string name, std::vector<Ranked> (T::*list)() const, std::string help) {
    this->info().rankings.push_back(
        {std::move(name), std::move(help), [list](const void* object) { return (static_cast<const T*>(object)->*list)(); }});
  }
};

/// What describe() is given: for an element its ports, source, histograms, parameters and counters; for a state object the last two.
template <class T>
class Describe : public DescribeElement<T> {
 public:
  using DescribeElement<T>::DescribeElement;
};
template <class T>
requires std::is_base_of_v<State, T>
class Describe<T> : public DescribeState<T> {
 public:
  using DescribeState<T>::DescribeState;
};

}  // namespace smartswitch
