// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What the verbs share that ask a running switch.
#pragma once

#include <memory>

#include "runtime/command/command.h"
#include "runtime/control/client.h"

namespace smartswitch::command {

/// Options: which switch, and how to get in.
struct RemoteOptions {
  runtime::control::Address address;
  void add_to(CLI::App& verb);
  /// Null, and an exit code, if nobody answers; said on stderr.
  [[nodiscard]] std::unique_ptr<runtime::control::Client> open(int& exit_code) const;
};

/// The exit code of an answer; one that is no success is told on stderr.
int settle(const runtime::control::Client::Answer& answer);

/// Asks, and returns the answer if it is a success. Otherwise says what is wrong on stderr and sets the exit code.
std::optional<runtime::control::Client::Answer> ask(runtime::control::Client& client, const runtime::control::Client::Question& question,
                                                    int& exit_code, const std::function<bool(std::string_view)>& take = {});

}  // namespace smartswitch::command
