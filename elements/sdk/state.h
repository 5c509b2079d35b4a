// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// State is what elements share, or what must outlive a reload: declared in the YAML's `state:` section, named by elements.
//
//   class KeyCache final : public State {
//    public:
//     static constexpr std::string_view kClass = "KeyCache";
//     static void describe(Describe<KeyCache>& d);
//     ...
//   };
//   SMARTSWITCH_STATE(KeyCache)
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "elements/sdk/units.h"
#include "elements/sdk/value.h"

namespace smartswitch {

/// Every method of a State is safe from several workers at once, unless it says otherwise.
class State {
 public:
  State() = default;
  virtual ~State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// Looks at parameters that only make sense together. No side effects: `smartswitch check` calls it too.
  virtual void validate(Problems& /*problems*/) const {}
  /// Takes memory and whatever else it needs, once, before any element runs. Faults go to `problems`.
  virtual void start(Problems& /*problems*/) {}

  // A reload that gives it other parameters makes another object of the class that has them. Either that takes its place, or the one there
  // is changes; or the reload is refused as a whole. Elements that use it are made anew.

  /// True: this object, once it is started, takes the place of others. What it should have of them it gets by take_over().
  [[nodiscard]] virtual bool takes_places() const { return false; }
  /// While no worker runs: quick, and cannot fail.
  virtual void take_over(State& /*before*/) {}
  /// `fresh`, validated but not started, has the new parameters and lives until the change is done. Returns what makes the change, to be
  /// called once, or never, while no worker runs: quick, and cannot fail. Or nothing, with the reason in `problems`: as it is here.
  virtual std::function<void()> change_to(State& fresh, Problems& problems);
  /// What a change has left to be done while packets flow, a part of it (some 50 us) each time that it is called: on a worker's thread,
  /// between two of its rounds, while other workers use the object. `now` is monotonic ns. False: that was all.
  virtual bool go_on(std::int64_t /*now*/) { return false; }
  /// Called once go_on() has said so. What is returned is let go when every worker has ended the round it was in, and so none uses it any
  /// more; on the thread that made the change.
  virtual std::shared_ptr<void> left_over() { return nullptr; }
  /// How long others may still refer to what is its own when no element uses it any more: it ends at the first reload after that.
  [[nodiscard]] virtual Duration lingers() const { return {}; }

  [[nodiscard]] const std::string& name() const { return name_; }
  void set_name(std::string name) { name_ = std::move(name); }

 private:
  std::string name_;
};

/// A parameter that names a state object. Set before Element::start() and valid as long as the element lives; owns nothing.
template <class T>
class StateRef {
 public:
  T* operator->() const { return state_; }
  T& operator*() const { return *state_; }
  explicit operator bool() const { return state_ != nullptr; }
  [[nodiscard]] bool is(const StateRef& other) const { return state_ == other.state_; }
  void set(T* state) { state_ = state; }

 private:
  T* state_ = nullptr;
};

}  // namespace smartswitch
