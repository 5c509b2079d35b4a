// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A point where all workers stand still between two rounds, so that what they share can be changed as if there was one thread:
//
//   Meeting meeting(workers.size(), [&] { swap(old, made); });
//   for (const auto& worker : workers) worker->call_to(meeting);
//   meeting.await_end();
//
// The last worker to come runs the task: none waits for a thread that may have no core.
#pragma once

#include <atomic>
#include <functional>

namespace smartswitch::runtime {

class Meeting {
 public:
  Meeting(unsigned workers, std::function<void()> task);
  Meeting(const Meeting&) = delete;
  Meeting& operator=(const Meeting&) = delete;

  /// By each worker. Returns when the task has been run.
  void attend();
  /// By whoever has called it, which has to outlive it: returns when all workers have gone on.
  void await_end() const;

 private:
  const unsigned workers_;
  const std::function<void()> task_;
  std::atomic<unsigned> came_{0};
  std::atomic<bool> over_{false};
  std::atomic<unsigned> left_{0};
};

}  // namespace smartswitch::runtime
