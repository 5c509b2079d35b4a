// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What an element or a state object declares of itself. From this one declaration come configuration errors, `smartswitch describe`,
// the reference pages, defaults and counters.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "elements/sdk/describe_fields.h"

namespace smartswitch {

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
