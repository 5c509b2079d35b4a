// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/switch_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/load.h"

namespace smartswitch::runtime::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kYaml = R"(smartswitch: 1
templates:
  lane:
    elements: {count: Counter, end: Discard}
    connections: [input -> count -> end]
elements:
  source: {class: Source, count: 100, rate: 100k}
  spread: {class: RoundRobinSwitch}
  queue: {class: Queue, capacity: 256}
  lane1: lane
  end: Discard
connections:
  - source -> queue -> spread
  - spread.0 -> lane1
  - spread.1 -> end
)";

class SwitchRoutesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    graph::Loaded loaded = graph::load_text(kYaml, "test.yaml", {});
    for (const graph::Diagnostic& d : loaded.diagnostics) ADD_FAILURE() << graph::render(d, false);
    ASSERT_TRUE(loaded.plan);
    Problems problems;
    live_ = Switch::create(std::move(*loaded.plan), {}, problems);
    ASSERT_TRUE(live_);
    program_.name = "test";
    program_.version = "1.2.3";
    program_.configuration.set({"test.yaml", {{"A", "b"}}});
    program_.stop = [this] { ++stops_; };
    program_.drain = [this] { live_->drain(); };
    program_.change = [this](const std::function<void(Switch&)>& task) { task(*live_); };
    program_.reload = [this](const ReloadOrder& order, const Reply& reply) {
      reloads_.push_back(order.file + (order.dry_run ? " dry" : ""));
      reply(json_response({}));
    };
    add_switch_routes(router_, {*live_, program_, counts_, false});
  }

  Response ask(const std::string& method, const std::string& target, const std::string& body = {}) {
    Request request;
    request.method = method;
    request.body = body;
    Response answer;
    router_.answer(request, target, true, [&answer](Response response) { answer = std::move(response); });
    return answer;
  }
  Json get(const std::string& target) {
    const Response response = ask("GET", target);
    EXPECT_EQ(response.status, 200U) << target << response.body;
    return Json::parse(response.body);
  }
  void run() {
    live_->start();
    const auto all_have_come = [this] {
      const Snapshot s = live_->snapshot();
      return s.element("lane1/count")->counter("packets") == 50 && s.element("end")->counter("discarded") == 50;
    };
    EXPECT_TRUE(live_->wait_until(all_have_come, Duration{20'000'000'000}));
  }

  std::unique_ptr<Switch> live_;
  Program program_;
  Counts counts_;
  Router router_;
  int stops_ = 0;
  std::vector<std::string> reloads_;
};

TEST_F(SwitchRoutesTest, TellsTheGraphWithPackets) {
  run();
  const Json graph = get("/v1/graph");
  EXPECT_EQ(graph["name"], "test");
  std::vector<std::string> ways;
  for (const Json& c : graph["connections"])
    ways.push_back(c["from"].get<std::string>() + "." + c["output"].get<std::string>() + ">" + c["to"].get<std::string>() + " " +
                   c["packets"].dump());
  EXPECT_THAT(ways, ::testing::UnorderedElementsAre("source.out>queue 100", "queue.out>spread 100", "spread.0>lane1/count 50",
                                                    "spread.1>end 50", "lane1/count.out>lane1/end 50"));
  EXPECT_EQ(graph["workers"][0]["sources"], Json({"source", "queue"}));
  EXPECT_EQ(graph["elements"][0]["parameters"], Json({{"count", "100"}, {"rate", "100k"}}));
}

TEST_F(SwitchRoutesTest, TellsOneElement) {
  run();
  const Json element = get("/v1/elements/lane1%2Fcount");
  EXPECT_EQ(element["class"], "Counter");
  EXPECT_EQ(element["counts"]["counters"]["packets"], 50);
  EXPECT_EQ(element["documentation"]["counters"][0]["name"], "packets");
  EXPECT_EQ(element["connections"].size(), 2U);
  const Response none = ask("GET", "/v1/elements/surce");
  EXPECT_EQ(none.status, 404U);
  EXPECT_THAT(none.body, HasSubstr("did you mean `source`?"));
  EXPECT_THAT(ask("GET", "/v1/states/x").body, HasSubstr("there is none"));
}

TEST_F(SwitchRoutesTest, CountsAsTheSummaryDoes) {
  run();
  live_->stop();
  EXPECT_EQ(get("/v1/stats"), to_json(live_->snapshot()));
  const Snapshot back = snapshot_from_json(get("/v1/stats"));
  EXPECT_EQ(to_json(back), to_json(live_->snapshot()));
  EXPECT_EQ(get("/v1/pool")["in_use"], 0);
  EXPECT_EQ(get("/v1/workers")["worker0"]["busy_share"].is_number(), true);
}

TEST_F(SwitchRoutesTest, IsReadyWhileItRuns) {
  EXPECT_EQ(ask("GET", "/v1/ready").status, 503U);
  run();
  EXPECT_EQ(ask("GET", "/v1/ready").status, 200U);
  EXPECT_EQ(ask("POST", "/v1/drain").status, 202U);
  const Response draining = ask("GET", "/v1/ready");
  EXPECT_EQ(draining.status, 503U);
  EXPECT_THAT(draining.body, HasSubstr("draining"));
  EXPECT_EQ(ask("GET", "/v1/health").status, 200U);
  EXPECT_EQ(ask("POST", "/v1/stop").status, 202U);
  EXPECT_EQ(stops_, 1);
}

TEST_F(SwitchRoutesTest, TakesReloadsAsTheyAreMeant) {
  EXPECT_EQ(ask("POST", "/v1/reload").status, 200U);
  EXPECT_EQ(ask("POST", "/v1/reload", R"({"file": "b.yaml"})").status, 200U);
  EXPECT_EQ(ask("POST", "/v1/reload", R"({"dry_run": true})").status, 200U);
  EXPECT_THAT(reloads_, ElementsAre("", "b.yaml", " dry"));
  for (const char* body : {"{", "[]", "7", R"({"fil": "x"})", R"({"file": 1})", R"({"dry_run": "yes"})"}) {
    EXPECT_EQ(ask("POST", "/v1/reload", body).status, 400U) << body;
  }
  EXPECT_EQ(reloads_.size(), 3U);
}

TEST_F(SwitchRoutesTest, ChangesParametersWhileItRuns) {
  run();
  const Response changed = ask("PUT", "/v1/elements/queue/parameters/capacity", "300");
  EXPECT_EQ(changed.status, 200U) << changed.body;
  EXPECT_EQ(Json::parse(changed.body)["elements"]["changed"], Json({"queue"}));
  EXPECT_EQ(get("/v1/elements/queue")["parameters"]["capacity"], "300");
  const Response wrong = ask("PUT", "/v1/elements/queue/parameters/capacity", R"("many")");
  EXPECT_EQ(wrong.status, 422U);
  EXPECT_THAT(wrong.body, HasSubstr("`many` is not an integer"));
  EXPECT_THAT(ask("PUT", "/v1/elements/quue/parameters/capacity", "1").body, HasSubstr("did you mean `queue`?"));
  EXPECT_EQ(ask("PUT", "/v1/elements/queue/parameters/capacity", "{").status, 400U);
  EXPECT_EQ(ask("PUT", "/v1/elements/queue/parameters/capacity", "300").status, 200U);
  EXPECT_EQ(get("/v1/configuration")["set"],
            Json::array({{{"kind", "element"}, {"object", "queue"}, {"parameter", "capacity"}, {"value", "300"}}}));
  EXPECT_EQ(get("/v1/elements/queue")["parameters"]["capacity"], "300");
}

TEST_F(SwitchRoutesTest, OutlivesTheSwitchItTellsOf) {
  run();
  live_->stop();
  EXPECT_EQ(live_->close(), 0U);
  for (const Route& route : router_.routes()) {
    if (route.method != "GET" || route.pattern == "/v1/ready") continue;
    EXPECT_LT(ask("GET", route.pattern).status, 500U) << route.pattern;
  }
}

TEST_F(SwitchRoutesTest, TellsConfigurationAndClasses) {
  const Json configuration = get("/v1/configuration");
  EXPECT_EQ(configuration["files"][0]["text"], kYaml);
  EXPECT_EQ(configuration["set"], Json::array());
  EXPECT_EQ(configuration["settings"]["A"], "b");
  EXPECT_EQ(get("/v1/classes/Queue")["border"], true);
  EXPECT_EQ(get("/v1/classes/KeyCache")["kind"], "state");
  EXPECT_THAT(ask("GET", "/v1/classes/Quue").body, HasSubstr("did you mean `Queue`?"));
}

}  // namespace
}  // namespace smartswitch::runtime::control
