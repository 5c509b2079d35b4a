// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/listener.h"

#include <algorithm>

namespace smartswitch::runtime::control {

bool Listener::make_room() {
  if (sessions_.size() < hall_.limits.connections) return true;
  std::shared_ptr<Session> longest;
  for (const auto& session : sessions_) {
    if (session->idle() && (!longest || session->idle_since() < longest->idle_since())) longest = session;
  }
  if (longest) {
    longest->close();
    return true;
  }
  ++hall_.counts.too_many_connections;
  return false;
}

void Listener::begin(std::unique_ptr<Channel> channel, std::function<bool(std::string_view)> admits) {
  const auto held = std::make_shared<std::weak_ptr<Session>>();
  const auto on_end = [this, held] {
    --hall_.counts.connections;
    sessions_.erase(held->lock());
  };
  const auto session = std::make_shared<Session>(hall_, std::move(channel), std::move(admits), on_end);
  *held = session;
  sessions_.insert(session);
  ++hall_.counts.connections;
  session->start();
}

void Listener::end_sessions() {
  const auto all = sessions_;  // which end while they are looked at
  for (const auto& session : all) session->end_soon();
}

void Listener::close_all() {
  const auto all = sessions_;
  for (const auto& session : all) session->close();
}

}  // namespace smartswitch::runtime::control
