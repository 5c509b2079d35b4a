// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>

#include "runtime/command/service_manager.h"
#include "runtime/snapshot.h"

namespace smartswitch::command {

/// Keeps the service manager informed: a sign of life while all workers are alive, and none when one is stuck, so that it restarts us.
class Supervision {
 public:
  /// `manager` has to outlive it. `start`: the counts when the workers began.
  Supervision(const ServiceManager& manager, runtime::Snapshot start);
  /// How often look() is to be called, in nanoseconds; 0: never.
  [[nodiscard]] std::int64_t interval() const;
  void look(const runtime::Snapshot& now);

 private:
  const ServiceManager& manager_;
  runtime::Snapshot before_;
  bool told_ = false;
};

}  // namespace smartswitch::command
