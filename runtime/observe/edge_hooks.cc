// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/observe/edge_hooks.h"

#include <algorithm>

namespace smartswitch::observe {

struct EdgeHooks::Hook {
  const Edge* edge;
  Output::Target before;
  std::vector<EdgeUser*> users;  // and a null pointer
};

void Onward::push(Batch& batch) const {
  if (batch.empty()) return;
  if (*next_ != nullptr) {
    (*next_)->pass(edge_, batch, Onward(edge_, next_ + 1, target_));
  } else {
    target_.entry(target_.element, target_.index, batch);
  }
}

EdgeHooks::EdgeHooks() = default;

EdgeHooks::~EdgeHooks() { take_off(); }

void EdgeHooks::put_on(std::shared_ptr<const Wiring> wiring) {
  take_off();
  wiring_ = std::move(wiring);
  for (EdgeUser* user : users_) user->attach(wiring_);
  hook_edges();
}

void EdgeHooks::take_off() {
  unhook_edges();
  wiring_.reset();
}

void EdgeHooks::add(EdgeUser& user) {
  unhook_edges();
  users_.push_back(&user);
  if (wiring_) user.attach(wiring_);
  hook_edges();
}

void EdgeHooks::remove(EdgeUser& user) {
  unhook_edges();
  std::erase(users_, &user);
  hook_edges();
}

void EdgeHooks::enter(void* hook, unsigned, Batch& batch) {
  const Hook& h = *static_cast<Hook*>(hook);
  Onward(*h.edge, h.users.data(), h.before).push(batch);
}

void EdgeHooks::hook_edges() {
  if (!wiring_) return;
  for (const Edge& edge : wiring_->edges()) {
    std::vector<EdgeUser*> users;
    std::copy_if(users_.begin(), users_.end(), std::back_inserter(users), [&](const EdgeUser* user) { return user->wants(edge); });
    if (users.empty()) continue;
    users.push_back(nullptr);
    hooks_.push_back(std::make_unique<Hook>(Hook{&edge, edge.output->target(), std::move(users)}));
    edge.output->connect(&EdgeHooks::enter, hooks_.back().get(), 0);
  }
}

void EdgeHooks::unhook_edges() {
  for (const auto& hook : hooks_) hook->edge->output->connect(hook->before.entry, hook->before.element, hook->before.index);
  hooks_.clear();
}

}  // namespace smartswitch::observe
