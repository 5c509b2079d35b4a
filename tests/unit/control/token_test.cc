// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace smartswitch::runtime::control {
namespace {

using ::testing::HasSubstr;

std::string read(const std::string& content, Problems& problems) {
  std::string name = "/tmp/smartswitch-token-XXXXXX";
  close(mkstemp(name.data()));
  std::ofstream(name) << content;
  const std::string token = read_token(name, problems);
  unlink(name.c_str());
  return token;
}

TEST(Token, IsReadWithoutBlanksAround) {
  Problems problems;
  EXPECT_EQ(read("  0123456789abcdef\n\n", problems), "0123456789abcdef");
  EXPECT_TRUE(problems.empty());
}

TEST(Token, IsRefusedIfItIsShortOrHuge) {
  Problems problems;
  for (const std::string& bad : {std::string("\n"), std::string("0123456789abcde\n"), std::string(5000, 'x')})
    EXPECT_EQ(read(bad, problems), "");
  EXPECT_EQ(read_token("/no/such/file", problems), "");
  ASSERT_EQ(problems.size(), 4U);
  EXPECT_THAT(problems.list()[1].message, HasSubstr("has 15 characters"));
  EXPECT_THAT(problems.list()[3].message, HasSubstr("No such file"));
}

TEST(Token, IsCompared) {
  EXPECT_TRUE(carries_token("Bearer 0123456789abcdef", "0123456789abcdef"));
  EXPECT_TRUE(carries_token("bearer 0123456789abcdef", "0123456789abcdef"));
  for (const char* wrong :
       {"", "Bearer", "Bearer ", "0123456789abcdef", "Basic 0123456789abcdef", "Bearer 0123456789abcdeF", "Bearer 0123456789abcdef "})
    EXPECT_FALSE(carries_token(wrong, "0123456789abcdef")) << wrong;
}

}  // namespace
}  // namespace smartswitch::runtime::control
