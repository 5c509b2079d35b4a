// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace smartswitch::command {

/// A script for bash that completes the verbs and options of `app`, the values that options can have, files, classes, and the variables of
/// the configuration named. What a word stands for is read off its type name: FILE, LIBRARY, CLASS, NAME=VALUE, `a|b` or a set of CLI11's.
std::string bash_completion(const CLI::App& app);

}  // namespace smartswitch::command
