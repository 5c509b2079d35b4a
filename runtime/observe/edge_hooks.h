// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Looking at what passes edges of a running graph. An Output is a function pointer, an object and a number; to look at an edge, its output
// is connected to a hook, which calls what was connected before. So an edge that nobody looks at costs nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "runtime/observe/wiring.h"

namespace smartswitch::observe {

class EdgeUser;

/// The rest of an edge's way: the next user, or the element behind it.
class Onward {
 public:
  /// Passes the packets on, as Output::push() would: `batch` is empty then.
  void push(Batch& batch) const;

 private:
  friend class EdgeHooks;
  Onward(const Edge& edge, EdgeUser* const* next, Output::Target target) : edge_(edge), next_(next), target_(target) {}
  const Edge& edge_;
  EdgeUser* const* next_;  // ends with a null pointer
  Output::Target target_;
};

/// Somebody who looks at edges.
class EdgeUser {
 public:
  EdgeUser() = default;
  virtual ~EdgeUser() = default;
  EdgeUser(const EdgeUser&) = delete;
  EdgeUser& operator=(const EdgeUser&) = delete;

  /// No worker is at work. From now on the numbers of this wiring count; called again after a reload with that of the new graph.
  virtual void attach(std::shared_ptr<const Wiring> wiring) = 0;
  /// Which edges it wants to see. After attach().
  [[nodiscard]] virtual bool wants(const Edge& edge) const = 0;
  /// Packets pass `edge`, on the worker of `edge.from`: has to push all of them on, in their order, and may look at them before and after.
  virtual void pass(const Edge& edge, Batch& batch, Onward onward) = 0;
};

/// The hooks of a graph. All calls: while no worker is at work, from one thread at a time.
class EdgeHooks {
 public:
  EdgeHooks();
  /// Takes off what is still on.
  ~EdgeHooks();
  EdgeHooks(const EdgeHooks&) = delete;
  EdgeHooks& operator=(const EdgeHooks&) = delete;

  /// After the elements are connected: the graph that is looked at from now on; all users see it. After a reload that of the new graph.
  void put_on(std::shared_ptr<const Wiring> wiring);
  /// Before outputs are connected otherwise or elements end: all outputs are as they were. Users stay and wait for the next put_on().
  void take_off();

  /// `user` must live until it is removed. The one that comes first sees packets first.
  void add(EdgeUser& user);
  void remove(EdgeUser& user);

  [[nodiscard]] bool in_use() const { return !users_.empty(); }
  /// Null before put_on() and after take_off().
  [[nodiscard]] const std::shared_ptr<const Wiring>& wiring() const { return wiring_; }

 private:
  struct Hook;
  static void enter(void* hook, unsigned index, Batch& batch);
  void hook_edges();
  void unhook_edges();

  std::shared_ptr<const Wiring> wiring_;
  std::vector<EdgeUser*> users_;
  std::vector<std::unique_ptr<Hook>> hooks_;
};

}  // namespace smartswitch::observe
