// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "elements/sdk/units.h"
#include "runtime/control/message.h"

namespace smartswitch::runtime::control {

/// A streamed body that a thread of its own writes. Holds a bounded amount; whoever writes waits for the client.
class Pipe {
 public:
  // For the thread that writes.

  /// False if the client has left: nobody will read any more.
  bool write(std::string_view bytes);
  /// Nothing more will come.
  void close();
  /// Waits until the client leaves, or `at_most` has gone by. True if it has left.
  bool wait_left(Duration at_most);

  /// What a Response is given; its end is the client's leaving.
  static std::shared_ptr<BodySource> reader(std::shared_ptr<Pipe> pipe);
  /// As if the client had left.
  void leave();

 private:
  class Reader;
  std::optional<std::string> read(std::size_t at_most);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string bytes_;
  std::size_t read_ = 0;  // of `bytes_`
  bool closed_ = false;
  bool left_ = false;
};

}  // namespace smartswitch::runtime::control
