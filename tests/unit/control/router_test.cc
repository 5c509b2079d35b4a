// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace smartswitch::runtime::control {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    router_.add("GET", "/v1/things/{name}", "One.", [](const Request& r) {
      return json_response({{"name", r.value("name")}, {"q", r.query}});
    });
    router_.add("PUT", "/v1/things/{name}/parts/{part}", "Sets.", [](const Request& r) {
      return json_response({{"name", r.value("name")}, {"part", r.value("part")}, {"body", r.body}, {"none", r.value("none")}});
    });
    router_.add(
        "GET", "/v1/health", "Lives.",
        [](const Request&) {
          return json_response({{"ok", true}});
        },
        Access::kOpen);
    router_.add("GET", "/v1/broken", "Throws.", [](const Request&) -> Response { throw std::runtime_error("bad luck"); });
    router_.add_later("POST", "/v1/later", "Later.", [this](const Request&, const Reply& reply) { later_ = reply; });
  }

  Response ask(const std::string& method, const std::string& target, const std::string& body = {}, bool has_token = true) {
    Request request;
    request.method = method;
    request.body = body;
    std::optional<Response> answer;
    router_.answer(std::move(request), target, has_token, [&answer](Response response) {
      EXPECT_FALSE(answer);
      answer = std::move(response);
    });
    return answer.value_or(Response{.status = 0, .type = {}, .body = {}, .headers = {}, .source = {}});
  }

  Router router_;
  Reply later_;
};

TEST_F(RouterTest, FillsInPathAndQuery) {
  const Json json = Json::parse(ask("GET", "/v1/things/a%2Fb?x=1").body);
  EXPECT_EQ(json["name"], "a/b");
  EXPECT_EQ(json["q"]["x"], "1");
  const Json set = Json::parse(ask("PUT", "/v1/things/a/parts/b", "text").body);
  EXPECT_EQ(set["name"], "a");
  EXPECT_EQ(set["part"], "b");
  EXPECT_EQ(set["body"], "text");
  EXPECT_EQ(set["none"], "");
}

TEST_F(RouterTest, SaysWhatThereIs) {
  const Response near = ask("GET", "/v1/helth");
  EXPECT_EQ(near.status, 404U);
  EXPECT_EQ(Json::parse(near.body)["hint"], "did you mean `/v1/health`?");
  EXPECT_EQ(ask("GET", "/").status, 404U);
  EXPECT_EQ(ask("GET", "/v1/things/a/b/c/d/e").status, 404U);
  const Response method = ask("DELETE", "/v1/health");
  EXPECT_EQ(method.status, 405U);
  EXPECT_THAT(method.headers, Contains(Pair("Allow", "GET")));
  EXPECT_EQ(ask("GET", "no/slash").status, 400U);
  EXPECT_EQ(ask("GET", "/v1/%zz").status, 400U);
}

TEST_F(RouterTest, AnswersHeadAsGet) { EXPECT_EQ(ask("HEAD", "/v1/health").status, 200U); }

TEST_F(RouterTest, WantsTheToken) {
  EXPECT_EQ(ask("GET", "/v1/health", {}, false).status, 200U);
  for (const char* path : {"/v1/things/a", "/nothing", "/v1/broken"}) {
    const Response refused = ask("GET", path, {}, false);
    EXPECT_EQ(refused.status, 401U) << path;
    EXPECT_THAT(refused.headers, Contains(Pair("WWW-Authenticate", HasSubstr("Bearer"))));
  }
  EXPECT_EQ(ask("POST", "/v1/health", {}, false).status, 401U);
}

TEST_F(RouterTest, SurvivesAHandlerThatThrows) {
  const Response response = ask("GET", "/v1/broken");
  EXPECT_EQ(response.status, 500U);
  EXPECT_THAT(response.body, HasSubstr("bad luck"));
}

TEST_F(RouterTest, AnswersLater) {
  EXPECT_EQ(ask("POST", "/v1/later").status, 0U);
  EXPECT_TRUE(later_);
}

TEST(Answers, AreValidJsonWhateverIsInThem) {
  EXPECT_EQ(Json::parse(json_response({{"x", "\xff\xfe"}}).body)["x"], "\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace
}  // namespace smartswitch::runtime::control
