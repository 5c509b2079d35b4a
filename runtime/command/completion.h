// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace smartswitch::command {

/// A script for bash that completes the verbs and options of `app`, the values that options can have, files, classes, the variables of
/// the configuration named, and names that a running switch has. What a word stands for is read off its type name: FILE, LIBRARY, CLASS,
/// NAME=VALUE, `a|b`, a set of CLI11's, or one that is_completed_by_asking().
std::string bash_completion(const CLI::App& app);

/// Whether the hidden verb `complete` knows names of that type.
bool is_completed_by_asking(const std::string& type);

}  // namespace smartswitch::command
