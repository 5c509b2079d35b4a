// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The program as a shell would run it.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace smartswitch {

struct Result {
  int exit_code = -1;
  std::string out;
  std::string err;
};

class CommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "smartswitch-command-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) {
    const std::string path = folder_ / name;
    std::ofstream(path) << text;
    return path;
  }
  static std::string read(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  // `prefix` goes before the program's name: variables of the environment.
  Result run(const std::string& arguments, const std::string& prefix = {}) {
    const std::string program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "smartswitch";
    const std::string out = folder_ / "out";
    const std::string err = folder_ / "err";
    const int status = std::system((prefix + " " + program + " " + arguments + " >" + out + " 2>" + err).c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(out), read(err)};
  }

  std::filesystem::path folder_;
};

}  // namespace smartswitch
