// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/origin.h"

#include <gtest/gtest.h>

namespace smartswitch::runtime::control {
namespace {

bool refused(const std::string& method, std::map<std::string, std::string> headers) {
  Request request;
  request.method = method;
  request.headers = std::move(headers);
  return is_from_another_site(request);
}

TEST(Origin, ProgramsAreNotMeant) {
  EXPECT_FALSE(refused("POST", {}));
  EXPECT_FALSE(refused("POST", {{"host", "switch"}}));
}

TEST(Origin, TheSwitchsOwnPageMayAsk) {
  for (const std::string host : {"localhost:8080", "127.0.0.1:8080", "[::1]:8080", "192.0.2.7"}) {
    EXPECT_FALSE(refused("GET", {{"host", host}, {"sec-fetch-site", "same-origin"}})) << host;
    EXPECT_FALSE(refused("POST", {{"host", host}, {"sec-fetch-site", "same-origin"}, {"origin", "http://" + host}})) << host;
    EXPECT_FALSE(refused("GET", {{"host", host}, {"sec-fetch-site", "none"}, {"sec-fetch-mode", "navigate"}})) << host;
  }
  EXPECT_FALSE(refused("GET", {{"host", "switch.example:8443"}, {"sec-fetch-site", "same-origin"}, {"authorization", "Bearer x"}}));
}

TEST(Origin, OtherPagesMayOnlyLinkToIt) {
  EXPECT_FALSE(refused("GET", {{"host", "localhost"}, {"sec-fetch-site", "cross-site"}, {"sec-fetch-mode", "navigate"}}));
  EXPECT_TRUE(refused("GET", {{"host", "localhost"}, {"sec-fetch-site", "cross-site"}, {"sec-fetch-mode", "no-cors"}}));
  EXPECT_TRUE(refused("POST", {{"host", "localhost"}, {"sec-fetch-site", "same-site"}, {"origin", "http://localhost:1"}}));
  EXPECT_TRUE(refused("POST", {{"host", "localhost:8080"}, {"origin", "http://evil.example"}})) << "an old browser";
  EXPECT_TRUE(refused("POST", {{"host", "localhost:8080"}, {"origin", "null"}}));
  EXPECT_TRUE(refused("POST", {{"host", "localhost:8080"}, {"sec-fetch-site", "cross-site"}, {"sec-fetch-mode", "navigate"}})) << "a form";
}

TEST(Origin, ANameIsNoProofOfOnesOwnSite) {
  EXPECT_TRUE(refused("POST", {{"host", "evil.example"}, {"sec-fetch-site", "same-origin"}, {"origin", "http://evil.example"}}));
  EXPECT_TRUE(refused("GET", {{"host", "evil.example:8080"}, {"sec-fetch-site", "same-origin"}}));
}

}  // namespace
}  // namespace smartswitch::runtime::control
