// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smartswitch::runtime::control {
namespace {

using ::testing::HasSubstr;

std::string fault_at(const std::string& place) {
  Problems problems;
  EXPECT_FALSE(Client::open({.place = place, .token_file = {}, .ca = {}, .certificate = {}, .key = {}}, problems));
  return problems.size() == 1 ? problems.list()[0].message : "";
}

TEST(Client, SaysThatNobodyIsThere) {
  EXPECT_THAT(fault_at("/no/such.sock"), HasSubstr("no switch answers on /no/such.sock: No such file"));
  EXPECT_THAT(fault_at(std::string(200, 'x')), HasSubstr("too long"));
  EXPECT_THAT(fault_at("https://127.0.0.1:1"), HasSubstr("Connection refused"));
  for (const char* bad : {"https://", "https://host", "https://:1", "https://host:"})
    EXPECT_THAT(fault_at(bad), HasSubstr("no place of a switch")) << bad;
}

TEST(ClientAnswer, IsAProblemIfItIsNoSuccess) {
  const Client::Answer answer{404, "application/json", R"({"error": "there is none", "hint": "make one"})"};
  EXPECT_EQ(answer.problem().message, "there is none");
  EXPECT_EQ(answer.problem().hint, "make one");
  EXPECT_EQ((Client::Answer{502, "text/html", "<p>"}).problem().message, "the switch answers with status 502");
}

}  // namespace
}  // namespace smartswitch::runtime::control
