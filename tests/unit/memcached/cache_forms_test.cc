// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What the cache answers beyond a plain get: other commands, other protocols, values of many datagrams, and that there is nothing. The
// answers are memcached 1.6.18's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "elements/memcached/datagram.h"
#include "elements/sdk/hash.h"
#include "tests/unit/memcached/binary_messages.h"
#include "tests/unit/memcached/cache_benches.h"

namespace smartswitch::memcached {
namespace {

using testing::Bytes;
using ::testing::ElementsAre;
using testing::Seen;

class CacheForms : public ::testing::Test, public CacheBenches {
 protected:
  KeyCache& cache() { return *static_cast<KeyCache*>(cache_.get()); }

  // As a fetch fills it.
  void put(std::string_view key, std::string_view data, std::uint32_t flags = 5, std::uint64_t cas = 77,
           std::uint32_t expiry = Item::kNeverExpires) {
    const Ticket ticket{++tickets_};
    const std::int64_t now = responder_->worker().now;
    cache().get_sent(ticket, hash_key(key), now);
    const auto permit = cache().answered(ticket, now);
    ASSERT_TRUE(permit);
    Item item;
    item.key = key;
    item.value = data;
    item.flags = flags;
    item.cas = cas;
    item.expiry = expiry;
    ASSERT_TRUE(cache().fill(*permit, item, now + 1'000'000'000'000, now));
  }
  // The texts of all datagrams that answer; empty if a server has to.
  std::vector<std::string> ask(const std::string& text, std::uint16_t id = 3) {
    std::vector<std::string> texts;
    responder_->take("out");
    for (const Seen& seen : client_sends(request(text, id))) {
      EXPECT_TRUE(checksums_hold(seen.bytes));
      texts.push_back(text_of(seen));
    }
    EXPECT_EQ(responder_->take("out").size(), texts.empty() ? 1U : 0U) << text;
    return texts;
  }

  std::uint64_t tickets_ = 1'000'000;
};

TEST_F(CacheForms, AnswersGetsWithTheVersion) {
  put("k", "abc");
  EXPECT_THAT(ask("gets k\r\n"), ElementsAre("VALUE k 5 3 77\r\nabc\r\nEND\r\n"));
  EXPECT_THAT(ask("get k\r\n"), ElementsAre("VALUE k 5 3\r\nabc\r\nEND\r\n"));
}

TEST_F(CacheForms, AServerAnswersGetsOfAnItemWhoseVersionIsNotKnown) {
  put("k", "abc", 0, 0);
  EXPECT_THAT(ask("gets k\r\n", 8), ElementsAre());
  server_sends(reply("VALUE k 0 3 9\r\nabc\r\nEND\r\n", 8));
  EXPECT_THAT(ask("gets k\r\n"), ElementsAre("VALUE k 0 3 9\r\nabc\r\nEND\r\n"));
}

TEST_F(CacheForms, AServerRepeatsAKeyThatMayBeStoredInBase64) {
  put("k", "abc", 0, 1, Item::kExpiryUnknown);
  EXPECT_THAT(ask("mg k v k\r\n"), ElementsAre());
  EXPECT_THAT(ask("mg k v\r\n"), ElementsAre("VA 3\r\nabc\r\n"));
}

TEST_F(CacheForms, AnswersMetaGetsAsMemcachedDoes) {
  put("a", "abc", 5, 1);
  EXPECT_THAT(ask("mg a v f t c k\r\n"), ElementsAre("VA 3 f5 t-1 c1 ka\r\nabc\r\n"));
  EXPECT_THAT(ask("mg a\r\n"), ElementsAre("HD\r\n"));
  EXPECT_THAT(ask("mg a s f\r\n"), ElementsAre("HD s3 f5\r\n"));
  EXPECT_THAT(ask("mg a k v q\r\n"), ElementsAre("VA 3 ka\r\nabc\r\n"));
  EXPECT_THAT(ask("mg a v f k s t c O1 q\r\n"), ElementsAre("VA 3 f5 ka s3 t-1 c1 O1\r\nabc\r\n"));
  EXPECT_THAT(ask("mg a q O1 s v\r\n"), ElementsAre("VA 3 O1 s3\r\nabc\r\n"));
  EXPECT_THAT(ask("mg a  v \r\n"), ElementsAre("VA 3\r\nabc\r\n"));
}

TEST_F(CacheForms, LeavesWhatItDoesNotKnowOfAnItemToItsServer) {
  put("a", "abc", 5, 1, 1'000'000);
  const std::string opaque(33, 'o');
  for (const std::string& text : {std::string("mg a t v\r\n"), std::string("mg a v h\r\n"), std::string("mg a l\r\n"),
                                  std::string("mg a v v f\r\n"), std::string("mg YQ== b k v\r\n"), "mg a v O" + opaque + "\r\n"}) {
    EXPECT_THAT(ask(text), ElementsAre()) << text;
  }
}

TEST_F(CacheForms, AnswersBinaryGets) {
  put("a", "abc", 5, 1);
  const std::string flags("\0\0\0\5", 4);
  for (const std::uint8_t opcode : {binary::kGet, binary::kGetQ, binary::kGetK, binary::kGetKQ}) {
    const std::string key = opcode == binary::kGetK || opcode == binary::kGetKQ ? "a" : "";
    EXPECT_THAT(ask(binary_request(opcode, "", "a", "", 0x11223344)),
                ElementsAre(binary_reply(opcode, binary::kOk, flags, key, "abc", 1, 0x11223344)))
        << int{opcode};
  }
  EXPECT_THAT(ask(binary_request(binary::kGet, "", "a", "data")), ElementsAre()) << "a server says what is wrong";
  put("b", "abc", 5, 0);
  EXPECT_THAT(ask(binary_request(binary::kGet, "", "b")), ElementsAre()) << "a binary reply tells the version";
}

std::string pattern(std::size_t size) {
  std::string data(size, '\0');
  for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<char>('a' + (i * 7 + i / 26) % 26);
  return data;
}

// Datagrams are numbered from 0 to N - 1, and all but the last are as long as memcached's.
TEST_F(CacheForms, AnswersLongValuesInSeveralDatagrams) {
  for (const std::size_t size : {1300U, 1380U, 1390U, 1400U, 3000U, 4100U, 100'000U}) {
    const std::string data = pattern(size);
    put("k", data);
    for (const auto& [question, head, tail] :
         {std::tuple<std::string, std::string, std::string>{"get k\r\n", "VALUE k 5 " + std::to_string(size) + "\r\n", "\r\nEND\r\n"},
          {"gets k\r\n", "VALUE k 5 " + std::to_string(size) + " 77\r\n", "\r\nEND\r\n"},
          {"mg k v k\r\n", "VA " + std::to_string(size) + " kk\r\n", "\r\n"}}) {
      std::string all;
      const auto hits = client_sends(request(question, 4));
      ASSERT_FALSE(hits.empty()) << size;
      for (std::size_t i = 0; i < hits.size(); ++i) {
        const Bytes& bytes = hits[i].bytes;
        EXPECT_TRUE(checksums_hold(bytes));
        FrameHeader frame;
        std::memcpy(&frame, bytes.data() + 42, sizeof frame);
        EXPECT_EQ(rte_be_to_cpu_16(frame.request_id), 4);
        EXPECT_EQ(rte_be_to_cpu_16(frame.sequence), i);
        EXPECT_EQ(rte_be_to_cpu_16(frame.total), hits.size());
        if (i + 1 < hits.size()) {
          EXPECT_EQ(bytes.size(), 42 + kReplyDatagram);
        }
        EXPECT_EQ((hits[i].annotations.flags & kLast) != 0, i + 1 == hits.size());
        all += text_of(hits[i]);
      }
      EXPECT_EQ(all, head + data + tail) << size << " " << question;
    }
  }
  EXPECT_EQ(responder_->counter("hits"), 21U);
}

TEST_F(CacheForms, AServerAnswersALongValueWhenThePoolIsEmpty) {
  put("k", pattern(100'000));
  options_.pool_packets = 63;
  testing::TestBench responder("CacheResponder", Value::map({{"cache", "hot"}}), options_);
  testing::TestBench classifier("MemcachedClassifier");
  classifier.push({request("get k\r\n")});
  hand_over(responder, classifier.output("get")[0]);
  ASSERT_EQ(responder.output("out").size(), 1U);
  EXPECT_EQ(responder.output("out")[0].bytes, request("get k\r\n"));
  EXPECT_TRUE(responder.output("hit").empty());
  EXPECT_GT(responder.counter("given_up"), 0U);
}

// Hits of many datagrams and plain ones in one batch: none is lost, and their order stays.
TEST_F(CacheForms, LongAndShortValuesGoTogether) {
  put("long", pattern(60'000));
  put("short", "s");
  testing::TestBench classifier("MemcachedClassifier");
  Batch batch;
  for (unsigned i = 0; i < 60; ++i) {
    const Bytes bytes = request(i % 20 == 19 ? "get long\r\n" : "get short\r\n", static_cast<std::uint16_t>(i));
    classifier.push({bytes});
    const Seen seen = classifier.take("get")[0];
    const Packet packet = responder_->packet(seen.bytes);
    packet.annotations() = seen.annotations;
    batch.add(packet);
  }
  responder_->push(batch);
  std::vector<std::uint16_t> ids;
  for (const Seen& seen : responder_->take("hit")) {
    const auto id = static_cast<std::uint16_t>(seen.bytes[42] << 8 | seen.bytes[43]);
    if (ids.empty() || ids.back() != id) ids.push_back(id);
  }
  ASSERT_EQ(ids.size(), 60U);
  for (std::uint16_t i = 0; i < 60; ++i) EXPECT_EQ(ids[i], i);
}

class Fetch : public CacheForms {
 protected:
  // A client asks in vain until the switch asks by itself.
  void make_hot(const std::string& key) {
    for (unsigned i = 0; i < 2; ++i) ask("get " + key + "\r\n", ++id_);
  }
  // A server's answer to the fetch that has left last: as ReplyReceiver gives it on.
  void server_answers(const Seen& fetch, std::string_view text, std::uint16_t sequence = 0, std::uint16_t total = 1) {
    std::string payload = testing::memcached_frame(1, text);
    payload[3] = static_cast<char>(sequence);
    payload[5] = static_cast<char>(total);
    const Packet packet = fetched_->packet(
        testing::PacketBuilder().ether("02:00:00:00:01:01", kClientMac).ipv4(kService, kClient).udp(11211, 40960).payload(payload));
    packet.annotations().context = fetch.annotations.context;
    packet.annotations().flags = kOwn;
    Batch batch;
    batch.add(packet);
    fetched_->push(batch);
  }
  std::vector<Seen> fetches() { return responder_->take("fetch"); }
  Seen fetch_of(const std::string& key) {
    make_hot(key);
    auto sent = fetches();
    EXPECT_EQ(sent.size(), 1U);
    return sent.empty() ? Seen() : sent[0];
  }

  std::uint16_t id_ = 100;
};

TEST_F(Fetch, AsksOnceForAKeyThatManyAskFor) {
  EXPECT_THAT(ask("get k\r\n", 1), ElementsAre());
  EXPECT_TRUE(fetches().empty()) << "not hot yet";
  for (std::uint16_t id = 2; id < 20; ++id) ask("get k\r\n", id);
  const auto sent = fetches();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(text_of(sent[0]), "mg k v f t c k\r\n");
  EXPECT_EQ(Errand::from(sent[0].annotations.context).purpose, Purpose::kFetch);
  EXPECT_EQ(sent[0].annotations.key_hash, hash_key("k"));
  server_answers(sent[0], "VA 5 f7 t-1 c12 kk\r\nhello\r\n");
  EXPECT_THAT(ask("gets k\r\n"), ElementsAre("VALUE k 7 5 12\r\nhello\r\nEND\r\n"));
  EXPECT_EQ(fetched_->counter("fills"), 1U);
}

TEST_F(Fetch, KeepsAnItemForAsLongAsTheServerDoesAndNoLonger) {
  client_sends(request("set k 0 30 1\r\nx\r\n", 1));
  server_sends(reply("STORED\r\n", 1));
  const Seen fetch = fetch_of("k");
  server_answers(fetch, "VA 1 f0 t5 c12 kk\r\nx\r\n");
  EXPECT_TRUE(cached("k")) << "the expiry is known";
  advance(testing::ms(3800));
  EXPECT_TRUE(cached("k"));
  advance(testing::ms(200));
  EXPECT_FALSE(cached("k")) << "a second of the server's clock may have been over when it answered";
}

TEST_F(Fetch, OnlyItFillsWhereExpiryHasToBeExact) {
  start(Value::map({{"memory", "8MiB"}, {"exact_expiry", "true"}}));
  ask("get k\r\n", 1);
  server_sends(reply(value("k", "x"), 1));
  EXPECT_FALSE(cached("k"));
  const auto sent = fetches();
  ASSERT_EQ(sent.size(), 1U);
  server_answers(sent[0], "VA 1 f0 t-1 c12 kk\r\nx\r\n");
  EXPECT_TRUE(cached("k"));
}

TEST_F(Fetch, DoesNotKeepWhatIsAboutToGo) {
  for (const std::string t : {"t1", "t0", "x1", "t"}) {
    const std::string key = "k" + t;
    server_answers(fetch_of(key), "VA 1 f0 " + t + " c12 k" + key + "\r\nx\r\n");
    EXPECT_FALSE(cached(key)) << t;
  }
}

TEST_F(Fetch, DoesNotFillAfterAWrite) {
  const Seen fetch = fetch_of("k");
  client_sends(request("set k 0 0 1\r\ny\r\n", 1));
  server_answers(fetch, "VA 1 f0 t-1 c12 kk\r\nx\r\n");
  EXPECT_EQ(fetched_->counter("fills"), 0U);
  server_sends(reply("STORED\r\n", 1));
  ask("get k\r\n", 2);
  const auto again = fetches();
  ASSERT_EQ(again.size(), 1U) << "it may be fetched again at once";
  server_answers(again[0], "VA 1 f0 t-1 c13 kk\r\ny\r\n");
  EXPECT_THAT(ask("get k\r\n"), ElementsAre("VALUE k 0 1\r\ny\r\nEND\r\n"));
}

TEST_F(Fetch, WaitsForTheEndOfAWrite) {
  client_sends(request("set k 0 0 1\r\ny\r\n", 1));
  make_hot("k");
  EXPECT_TRUE(fetches().empty()) << "its reply could not be used";
  server_sends(reply("STORED\r\n", 1));
  ask("get k\r\n", 2);
  EXPECT_EQ(fetches().size(), 1U);
}

TEST_F(Fetch, LeavesTheRightToRenewToClients) {
  client_sends(request("md k I T30\r\n", 1));
  server_sends(reply("HD\r\n", 1));
  make_hot("k");
  EXPECT_TRUE(fetches().empty());
  client_sends(request("ms k 1\r\ny\r\n", 2));
  server_sends(reply("HD\r\n", 2));
  ask("get k\r\n", 9);
  EXPECT_EQ(fetches().size(), 1U) << "renewed";
}

TEST_F(Fetch, DoesNotKeepWhatIsStaleAtTheServer) {
  for (const std::string flag : {"W", "X", "Z"}) {
    const std::string key = "stale" + flag;
    server_answers(fetch_of(key), "VA 1 f0 t-1 c12 k" + key + " " + flag + "\r\nx\r\n");
    EXPECT_FALSE(cached(key)) << flag;
  }
}

TEST_F(Fetch, NeverPutsAKeyIntoACommandThatIsMoreThanAWord) {
  for (const std::string key : {"two words", "line\r\nflush_all"}) {
    for (unsigned i = 0; i < 5; ++i) ask(binary_request(binary::kGet, "", key), ++id_);
    EXPECT_TRUE(fetches().empty()) << key;
  }
}

TEST_F(Fetch, DoesNotFetchWhatIsThere) {
  server_answers(fetch_of("k"), "VA 1 f0 t90 c12 kk\r\nx\r\n");
  for (unsigned i = 0; i < 5; ++i) EXPECT_THAT(ask("mg k t\r\n", ++id_), ElementsAre()) << "only the server knows";
  EXPECT_TRUE(fetches().empty());
}

TEST_F(Fetch, WaitsAWhileAfterItFoundNothing) {
  const Seen fetch = fetch_of("k");
  server_answers(fetch, "EN\r\n");
  make_hot("k");
  EXPECT_TRUE(fetches().empty());
  advance(testing::ms(1000));
  make_hot("k");
  EXPECT_EQ(fetches().size(), 1U);
}

TEST_F(Fetch, ASecondAnswerOrAnUnknownOneDoesNothing) {
  Seen fetch = fetch_of("k");
  server_answers(fetch, "VA 1 f0 t-1 c12 kk\r\nx\r\n");
  client_sends(request("delete k\r\n", 1));
  server_sends(reply("DELETED\r\n", 1));
  server_answers(fetch, "VA 1 f0 t-1 c12 kk\r\nx\r\n");
  EXPECT_FALSE(cached("k"));
  fetch.annotations.context ^= 4096;
  server_answers(fetch, "VA 1 f0 t-1 c12 kk\r\nx\r\n");
  EXPECT_FALSE(cached("k"));
}

std::vector<std::string> datagrams_of(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < text.size(); at += 1392) parts.push_back(text.substr(at, 1392));
  return parts;
}

TEST_F(Fetch, PutsLongValuesTogether) {
  for (const std::size_t size : {1380U, 2755U, 2756U, 2757U, 2758U, 2759U, 2760U, 2762U, 50'000U}) {
    const std::string key = "k" + std::to_string(size);
    const std::string data = pattern(size);
    const Seen fetch = fetch_of(key);
    auto parts = datagrams_of("VA " + std::to_string(size) + " f7 t-1 c12 k" + key + "\r\n" + data + "\r\n");
    std::vector<std::size_t> order(parts.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i == 0 ? 0 : order.size() - i;
    for (const std::size_t i : order) {
      server_answers(fetch, parts[i], static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(parts.size()));
      server_answers(fetch, parts[i], static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(parts.size()));
    }
    std::string all;
    for (const std::string& text : ask("get " + key + "\r\n")) all += text;
    EXPECT_EQ(all, "VALUE " + key + " 7 " + std::to_string(size) + "\r\n" + data + "\r\nEND\r\n") << size;
  }
}

TEST_F(Fetch, GivesUpALongValueThatDoesNotAddUp) {
  const std::string data = pattern(4000);
  const auto parts = [&](const std::string& key) { return datagrams_of("VA 4000 f7 t-1 c12 k" + key + "\r\n" + data + "\r\n"); };
  unsigned n = 0;
  const auto try_with = [&](auto&& change) {
    const std::string key = "odd" + std::to_string(n++);
    const Seen fetch = fetch_of(key);
    auto texts = parts(key);
    change(texts);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (!texts[i].empty()) server_answers(fetch, texts[i], static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(texts.size()));
    }
    return cached(key);
  };
  EXPECT_TRUE(try_with([](auto&) {}));
  EXPECT_FALSE(try_with([](auto& texts) { texts[1].clear(); })) << "one is missing";
  EXPECT_FALSE(try_with([](auto& texts) { texts[0].clear(); })) << "the first is missing";
  EXPECT_FALSE(try_with([](auto& texts) { texts[1].pop_back(); })) << "one is too short";
  EXPECT_FALSE(try_with([](auto& texts) { texts.back().pop_back(); })) << "the last is too short";
  EXPECT_FALSE(try_with([](auto& texts) { texts.back() += "x"; })) << "the last is too long";
  EXPECT_FALSE(try_with([](auto& texts) { texts.back().back() = 'x'; })) << "it does not end as it should";
  EXPECT_FALSE(try_with([](auto& texts) { texts.push_back("more"); })) << "there is one more";
}

TEST_F(Fetch, ManyLongValuesAtOnce) {
  const std::string data = pattern(3000);
  std::vector<std::pair<std::string, Seen>> under_way;
  for (unsigned i = 0; i < 16; ++i) {
    const std::string key = "k" + std::to_string(i);
    under_way.emplace_back(key, fetch_of(key));
  }
  const std::size_t total = datagrams_of("VA 3000 f7 t-1 c12 kk10\r\n" + data + "\r\n").size();
  for (std::size_t part = 0; part < total; ++part) {
    for (const auto& [key, fetch] : under_way) {
      const auto texts = datagrams_of("VA 3000 f7 t-1 c12 k" + key + "\r\n" + data + "\r\n");
      server_answers(fetch, texts[part], static_cast<std::uint16_t>(part), static_cast<std::uint16_t>(total));
    }
  }
  for (const auto& [key, fetch] : under_way) EXPECT_TRUE(cached(key)) << key;
}

class Absent : public Fetch {
 protected:
  Absent() { start(Value::map({{"memory", "8MiB"}, {"negative_age", "5s"}})); }
};

TEST_F(Absent, AnswersForAWhileThatThereIsNothing) {
  server_answers(fetch_of("k"), "EN\r\n");
  EXPECT_THAT(ask("get k\r\n"), ElementsAre("END\r\n"));
  EXPECT_THAT(ask("gets k\r\n"), ElementsAre("END\r\n"));
  EXPECT_THAT(ask("mg k v f\r\n"), ElementsAre("EN\r\n"));
  EXPECT_THAT(ask("mg k v k\r\n"), ElementsAre());
  EXPECT_THAT(ask("mg k v q\r\n"), ElementsAre());
  EXPECT_THAT(ask(binary_request(binary::kGet, "", "k")), ElementsAre());
  advance(testing::ms(5001));
  EXPECT_THAT(ask("get k\r\n"), ElementsAre());
}

TEST_F(Absent, EndsWithAnyWrite) {
  server_answers(fetch_of("k"), "EN\r\n");
  EXPECT_TRUE(cached("k"));
  client_sends(request("add k 0 0 1\r\nx\r\n", 1));
  server_sends(reply("STORED\r\n", 1));
  EXPECT_THAT(ask("get k\r\n"), ElementsAre());
  EXPECT_EQ(fetches().size(), 1U) << "it may be fetched at once";
}

TEST_F(Absent, IsNotKeptAfterAWrite) {
  const Seen fetch = fetch_of("k");
  client_sends(request("set k 0 0 1\r\nx\r\n", 1));
  server_sends(reply("STORED\r\n", 1));
  server_answers(fetch, "EN\r\n");
  EXPECT_THAT(ask("get k\r\n"), ElementsAre());
}

TEST_F(Absent, WhatWasReadBeforeDoesNotComeBack) {
  const Seen fetch = fetch_of("k");
  client_sends(request("get k\r\n", 7));
  server_answers(fetch, "EN\r\n");
  server_sends(reply(value("k", "before"), 7));
  EXPECT_THAT(ask("get k\r\n"), ElementsAre("END\r\n"));
}

}  // namespace
}  // namespace smartswitch::memcached
