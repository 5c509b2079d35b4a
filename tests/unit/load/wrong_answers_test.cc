// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What a LoadClient finds wrong, and what it must not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/load/served_client.h"

namespace smartswitch::load {
namespace {

using ::testing::HasSubstr;

class WrongAnswers : public ::testing::Test {
 protected:
  // One key, filled with version 1; then gets and sets by turns would be asked for, but the test chooses with get_ratio.
  void begin(const char* get_ratio, const char* window = "1") {
    client_.emplace(Parameters{{"fill", "true"}, {"keys", "1"}, {"get_ratio", get_ratio}, {"window", window}, {"timeout", "100ms"}});
    client_->serve(client_->requests().at(0));
  }
  std::string complaint_about(const std::string& text) {
    const Asked asked = client_->requests().at(0);
    client_->answer(asked, text);
    const LoadFigures f = client_->figures();
    return f.wrong == 0 ? "" : f.complaints.at(0);
  }
  std::optional<ServedClient> client_;
  const std::string key_ = "key0000000000000";
};

TEST_F(WrongAnswers, RightOnesAreNot) {
  begin("1");
  EXPECT_EQ(complaint_about(ServedClient::hit(key_, client_->items[key_])), "");
  EXPECT_EQ(complaint_about("END\r\n"), "");  // evicted
  EXPECT_EQ(complaint_about("SERVER_ERROR busy\r\n"), "");
  EXPECT_EQ(client_->figures().hits, 1U);
  EXPECT_EQ(client_->figures().misses, 1U);
  EXPECT_EQ(client_->figures().errors, 1U);
}

TEST_F(WrongAnswers, ValueWithOneWrongByte) {
  begin("1");
  client_->items[key_].back() ^= 1;
  EXPECT_EQ(complaint_about(ServedClient::hit(key_, client_->items[key_])),
            "the answer to a get of key0000000000000 brings 32 bytes that no set of ours wrote for that key");
}

TEST_F(WrongAnswers, ValueOfAnotherKey) {
  begin("1");
  EXPECT_THAT(complaint_about(ServedClient::hit("key0000000000001", client_->items[key_])),
              HasSubstr("is of another key, `key0000000000001`"));
}

TEST_F(WrongAnswers, NoAnswerAtAll) {
  begin("1");
  EXPECT_THAT(complaint_about("STORED\r\n"), HasSubstr("is `STORED\\x0d\\x0a`"));
}

TEST_F(WrongAnswers, MissForASet) {
  begin("0");
  EXPECT_THAT(complaint_about("END\r\n"), HasSubstr("the answer to a set of key0000000000000 is `END"));
}

TEST_F(WrongAnswers, ValueOfAnotherRunAfterTheFirstSet) {
  ServedClient other(Parameters{{"fill", "true"}, {"keys", "1"}});
  other.serve(other.requests().at(0));
  begin("1");
  EXPECT_THAT(complaint_about(ServedClient::hit(key_, other.items[key_])),
              HasSubstr("is a value of another run; this run's versions 1 to 1"));
}

TEST_F(WrongAnswers, ValueOfAnotherRunIsRightBeforeTheFirstSet) {
  ServedClient other(Parameters{{"fill", "true"}, {"keys", "1"}});
  other.serve(other.requests().at(0));
  client_.emplace(Parameters{{"keys", "1"}});
  EXPECT_EQ(complaint_about(ServedClient::hit(key_, other.items[key_])), "");
  EXPECT_EQ(client_->figures().hits, 1U);
}

// Sets and gets under way at once: with one key, all but one are gets.
class Versions : public WrongAnswers {
 protected:
  void SetUp() override {
    begin("0", "2");
    old_ = client_->items[key_];
    for (const Asked& asked : client_->requests()) (asked.verb == "set" ? set_ : get_) = asked;
    ASSERT_EQ(set_.verb, "set");
    ASSERT_EQ(get_.verb, "get");
  }
  std::uint64_t wrong() { return client_->figures().wrong; }
  std::string old_;
  Asked set_;
  Asked get_;
};

TEST_F(Versions, OldOrNewWhileTheSetIsUnderWay) {
  client_->answer(get_, ServedClient::hit(key_, old_));
  EXPECT_EQ(wrong(), 0U);
  const Asked get = client_->requests().at(0);
  client_->answer(get, ServedClient::hit(key_, set_.value));
  EXPECT_EQ(wrong(), 0U);
}

TEST_F(Versions, OldForAGetThatWasSentBeforeTheAcknowledgement) {
  client_->serve(set_);
  client_->answer(get_, ServedClient::hit(key_, old_));
  EXPECT_EQ(wrong(), 0U);
}

TEST_F(Versions, OldIsWrongForAGetThatWasSentAfterIt) {
  client_->serve(set_);
  client_->serve(get_);
  Asked get;
  while (get.verb != "get") {
    for (const Asked& asked : client_->requests()) {
      if (asked.verb == "get") get = asked;
    }
  }
  client_->answer(get, ServedClient::hit(key_, old_));
  EXPECT_EQ(wrong(), 1U);
  EXPECT_THAT(client_->figures().complaints[0], HasSubstr("is version 1; 2 to 3 could be"));
}

TEST_F(Versions, BothAreRightAfterALostSet) {
  client_->answer(get_, ServedClient::hit(key_, old_));
  client_->pass(200);
  for (int round = 0; round < 2; ++round) {
    for (const Asked& asked : client_->requests()) {
      if (asked.verb == "set") {
        client_->serve(asked);  // even after a later one was acknowledged
      } else {
        client_->answer(asked, ServedClient::hit(key_, round == 0 ? old_ : set_.value));
      }
    }
  }
  EXPECT_EQ(wrong(), 0U);
  EXPECT_GE(client_->figures().hits, 2U);
}

}  // namespace
}  // namespace smartswitch::load
