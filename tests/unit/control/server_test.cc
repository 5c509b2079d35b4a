// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <list>
#include <mutex>
#include <thread>

#include "runtime/control/client.h"
#include "runtime/cores.h"
#include "tests/unit/control/raw_client.h"
#include "tests/unit/threads.h"

namespace smartswitch::runtime::control {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Pieces as long as somebody reads.
class Endless final : public BodySource {
 public:
  explicit Endless(std::atomic<int>& alive) : alive_(alive) { ++alive_; }
  ~Endless() override { --alive_; }
  std::optional<std::string> next(std::size_t at_most) override { return std::string(at_most, 'x'); }

 private:
  std::atomic<int>& alive_;
};

// Now and then a piece, then the end.
class Halting final : public BodySource {
 public:
  std::optional<std::string> next(std::size_t) override {
    ++asked_;
    if (asked_ == 8) return std::nullopt;
    return asked_ % 2 == 0 ? "piece;" : "";
  }

 private:
  int asked_ = 0;
};

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/smartswitch-server-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    path_ = folder_ + "/s.sock";
  }
  void TearDown() override {
    if (server_) server_->stop();
    for (std::thread& thread : threads_) thread.join();
    std::filesystem::remove_all(folder_);
  }

  void start(const Limits& limits = {}) {
    server_ = std::make_unique<Server>(limits);
    Router& router = server_->router();
    router.add("GET", "/hello", "Greets.", [](const Request&) { return json_response({{"hello", "world"}}); });
    router.add("PUT", "/echo", "Echoes.", [](const Request& r) { return json_response({{"size", r.body.size()}}); });
    router.add("GET", "/large", "Much.", [](const Request&) {
      Response response;
      response.body = std::string(64 * 1024 * 1024, 'x');
      return response;
    });
    router.add("GET", "/stream", "Ends.", [](const Request&) { return streamed(std::make_shared<Halting>()); });
    router.add("GET", "/endless", "Does not.", [this](const Request&) { return streamed(std::make_shared<Endless>(alive_)); });
    router.add("GET", "/counts", "Counts.", [this](const Request&) {
      const Counts& c = server_->counts();
      return json_response({{"slow_requests", c.slow_requests},
                            {"slow_readers", c.slow_readers},
                            {"malformed", c.malformed},
                            {"too_many", c.too_many_connections},
                            {"connections", c.connections}});
    });
    router.add_later("POST", "/later", "From another thread.", [this](const Request&, const Reply& reply) {
      threads_.emplace_back([reply] { reply(json_response({{"done", true}}, 201)); });
    });
    router.add("POST", "/hold", "Lets the thread do nothing else, until it is told and for a while after.", [this](const Request&) {
      held_ = true;
      held_.notify_all();
      go_on_.wait(false);
      const auto until = std::chrono::steady_clock::now() + milliseconds(20);
      while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
      return Response{};
    });
    router.add_later("POST", "/never", "Not at all.", [](const Request&, const Reply&) {});
    Problems problems;
    server_->serve(SocketFile::listen(path_, false, problems));
    ASSERT_TRUE(problems.empty());
    server_->start();
  }

  static Response streamed(std::shared_ptr<BodySource> source) {
    Response response;
    response.type = "text/plain";
    response.source = std::move(source);
    return response;
  }

  std::unique_ptr<Client> connect() {
    Problems problems;
    auto client = Client::open({.place = path_, .token_file = {}, .ca = {}, .certificate = {}, .key = {}}, problems);
    EXPECT_TRUE(client);
    return client;
  }
  Client::Answer ask(Client& client, const std::string& method, const std::string& path, const std::string& body = {}) {
    Problems problems;
    const auto answer = client.ask({.method = method, .path = path, .body = body}, problems);
    for (const Problem& p : problems.list()) ADD_FAILURE() << p.message;
    return answer.value_or(Client::Answer{});
  }
  std::uint64_t count(const std::string& name) {
    const auto client = connect();
    return Json::parse(ask(*client, "GET", "/counts").body).at(name);
  }
  // Asks until it is so; only what never happens meets the end.
  bool becomes(const std::string& name, std::uint64_t value) {
    for (int i = 0; i < 2000; ++i) {
      if (count(name) == value) return true;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
  }

  std::string folder_;
  std::string path_;
  std::atomic<bool> held_{false};
  std::atomic<bool> go_on_{false};
  std::atomic<int> alive_{0};
  std::list<std::thread> threads_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, KeepsOffCoresIfThereAreOthers) {
  start();
  const auto client = connect();
  const std::vector<unsigned> cores = allowed_cores();
  const auto keep_off = [&](const std::vector<unsigned>& busy) {
    server_->keep_off(busy);
    ask(*client, "GET", "/hello");  // the thread has done it by then
    return testing::cores_of_threads("control").at(0);
  };
  const std::string all = keep_off({});
  EXPECT_EQ(keep_off({cores.begin(), cores.end() - 1}), std::to_string(cores.back()));
  EXPECT_EQ(keep_off(cores), all) << "there are no others";
}

TEST_F(ServerTest, AnswersManyTimesOnOneConnection) {
  start();
  const auto client = connect();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Json::parse(ask(*client, "GET", "/hello").body)["hello"], "world");
  EXPECT_EQ(ask(*client, "GET", "/nothing").status, 404U);
  EXPECT_EQ(Json::parse(ask(*client, "PUT", "/echo", std::string(1024 * 1024, 'x')).body)["size"], 1024 * 1024);
  EXPECT_EQ(ask(*client, "POST", "/later").status, 201U);
  EXPECT_EQ(ask(*client, "GET", "/hello").status, 200U);
}

TEST_F(ServerTest, AnswersRequestsThatComeAtOnce) {
  start();
  const RawClient client(path_);
  ASSERT_TRUE(client.send("GET /hello HTTP/1.1\r\n\r\nHEAD /hello HTTP/1.1\r\n\r\nGET /x HTTP/1.1\r\nConnection: close\r\n\r\n"));
  const std::string all = client.read_to_end();
  EXPECT_THAT(all, AllOf(StartsWith("HTTP/1.1 200 OK"), HasSubstr("404 Not Found"), EndsWith("(end)")));
}

TEST_F(ServerTest, StreamsWhatComesLittleByLittle) {
  start();
  const auto client = connect();
  std::string whole;
  Problems problems;
  const auto answer = client->ask({.method = "GET", .path = "/stream", .body = {}}, problems, [&whole](std::string_view piece) {
    whole += piece;
    return true;
  });
  ASSERT_TRUE(answer);
  EXPECT_EQ(whole, "piece;piece;piece;");
  const RawClient old(path_);
  ASSERT_TRUE(old.send("GET /stream HTTP/1.0\r\n\r\n"));
  EXPECT_THAT(old.read_to_end(), EndsWith("\r\n\r\npiece;piece;piece;(end)"));
}

TEST_F(ServerTest, EndsAStreamWhenItsReaderLeaves) {
  start();
  {
    const auto client = connect();
    std::size_t bytes = 0;
    Problems problems;
    client->ask({.method = "GET", .path = "/endless", .body = {}}, problems, [&bytes](std::string_view piece) {
      bytes += piece.size();
      return bytes < 10'000'000;
    });
    EXPECT_GE(bytes, 10'000'000U);
  }
  EXPECT_TRUE(becomes("connections", 1));
  EXPECT_EQ(alive_, 0);
}

TEST_F(ServerTest, LeavesSlowReaders) {
  Limits limits;
  limits.answer = milliseconds(50);
  start(limits);
  const RawClient streaming(path_);
  const RawClient waiting(path_);
  ASSERT_TRUE(streaming.send("GET /endless HTTP/1.1\r\n\r\n"));
  ASSERT_TRUE(waiting.send("GET /large HTTP/1.1\r\n\r\n"));
  EXPECT_TRUE(becomes("slow_readers", 2));
  EXPECT_EQ(alive_, 0);
}

TEST_F(ServerTest, LeavesSlowSenders) {
  Limits limits;
  limits.request = milliseconds(50);
  start(limits);
  const RawClient silent(path_);
  const RawClient halting(path_);
  ASSERT_TRUE(halting.send("GET /hello HTT"));
  EXPECT_THAT(halting.read_to_end(), AllOf(StartsWith("HTTP/1.1 408 "), EndsWith("(end)")));
  EXPECT_EQ(silent.read_to_end(), "(end)");
  EXPECT_TRUE(becomes("slow_requests", 2));
}

TEST_F(ServerTest, LeavesIdleClients) {
  Limits limits;
  limits.idle = milliseconds(50);
  start(limits);
  const RawClient idle(path_);
  ASSERT_TRUE(idle.send("GET /hello HTTP/1.1\r\n\r\n"));
  EXPECT_THAT(idle.read_to_end(), AllOf(StartsWith("HTTP/1.1 200 "), EndsWith("(end)")));
}

TEST_F(ServerTest, GivesUpWaitingForAnAnswer) {
  Limits limits;
  limits.handler = milliseconds(50);
  start(limits);
  const auto client = connect();
  EXPECT_EQ(ask(*client, "POST", "/never").status, 504U);
}

TEST_F(ServerTest, RefusesWhatIsNoRequestAndSaysWhy) {
  start();
  const RawClient client(path_);
  ASSERT_TRUE(client.send("\x16\x03\x01\x00\r\n\r\n"));
  EXPECT_THAT(client.read_to_end(), AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("no HTTP/1.1 request"), EndsWith("(end)")));
  const RawClient huge(path_);
  ASSERT_TRUE(huge.send("PUT /echo HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n"));
  huge.send(std::string(2'000'000, 'x'));
  EXPECT_THAT(huge.read_to_end(), AllOf(StartsWith("HTTP/1.1 413 "), EndsWith("(end)")));
  EXPECT_EQ(count("malformed"), 2U);
}

TEST_F(ServerTest, SaysContinue) {
  start();
  const RawClient client(path_);
  ASSERT_TRUE(client.send("PUT /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"));
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(client.send("abc"));
  EXPECT_THAT(client.read_to_end(), HasSubstr("\"size\": 3"));
}

TEST_F(ServerTest, RefusesOneConnectionTooMany) {
  Limits limits;
  limits.connections = 3;
  start(limits);
  std::list<RawClient> busy;
  for (int i = 0; i < 3; ++i) {
    busy.emplace_back(path_);
    ASSERT_TRUE(busy.back().send("POST /never HTTP/1.1\r\n\r\n"));
  }
  const RawClient late(path_);
  EXPECT_THAT(late.read_to_end(), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("too many connections")));
  busy.clear();
}

TEST_F(ServerTest, LetsAnIdleConnectionMakeWay) {
  Limits limits;
  limits.connections = 2;
  start(limits);
  const RawClient first(path_);
  ASSERT_TRUE(first.send("GET /hello HTTP/1.1\r\n\r\n"));
  first.read_until("}");
  const RawClient second(path_);
  ASSERT_TRUE(second.send("GET /hello HTTP/1.1\r\n\r\n"));
  second.read_until("}");
  const RawClient third(path_);
  ASSERT_TRUE(third.send("GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n"));
  EXPECT_THAT(third.read_to_end(), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(first.read_to_end(), "(end)");
}

TEST_F(ServerTest, MakesItsSocketAgain) {
  start();
  const auto before = connect();
  std::filesystem::remove(path_);
  bool there = false;
  for (int i = 0; i < 2000 && !there; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
    there = answers(path_);
  }
  ASSERT_TRUE(there);
  EXPECT_EQ(ask(*connect(), "GET", "/hello").status, 200U);
  EXPECT_EQ(ask(*before, "GET", "/hello").status, 200U) << "connections stay";
  server_->stop();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ServerTest, EndsThoughItWasAboutToLookAfterItsSocket) {
  Limits limits;
  limits.look = milliseconds(1);
  start(limits);
  const RawClient client(path_);
  ASSERT_TRUE(client.send("POST /hold HTTP/1.1\r\nContent-Length: 0\r\n\r\n"));
  held_.wait(false);
  go_on_ = true;
  go_on_.notify_all();
  server_->stop();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ServerTest, EndsWithEverythingUnderWay) {
  start();
  const RawClient silent(path_);
  const RawClient half(path_);
  const RawClient stream(path_);
  const RawClient never(path_);
  ASSERT_TRUE(half.send("GET /hel"));
  ASSERT_TRUE(stream.send("GET /endless HTTP/1.1\r\n\r\n"));
  ASSERT_TRUE(never.send("POST /never HTTP/1.1\r\n\r\n"));
  stream.read_until("xxx");
  server_->stop();
  EXPECT_EQ(alive_, 0);
  EXPECT_EQ(silent.read_to_end(), "(end)");
}

TEST_F(ServerTest, NeedNotStart) { server_ = std::make_unique<Server>(Limits{}); }

}  // namespace
}  // namespace smartswitch::runtime::control
