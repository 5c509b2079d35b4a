// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace smartswitch::command {

/// What other threads want the main thread to do.
class Orders {
 public:
  using Order = std::function<void()>;

  /// From any thread. `wake` makes the main thread look.
  explicit Orders(std::function<void()> wake) : wake_(std::move(wake)) {}
  void give(Order order) {
    {
      const std::lock_guard alone(mutex_);
      orders_.push_back(std::move(order));
    }
    wake_();
  }
  /// Does all that has been ordered, in order.
  void obey() {
    std::vector<Order> orders;
    {
      const std::lock_guard alone(mutex_);
      orders.swap(orders_);
    }
    for (const Order& order : orders) order();
  }

 private:
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<Order> orders_;
};

}  // namespace smartswitch::command
