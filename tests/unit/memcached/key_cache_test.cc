// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/key_cache.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "elements/sdk/hash.h"
#include "elements/sdk/testing/test_bench.h"
#include "tests/unit/memcached/requests.h"

namespace smartswitch::memcached {
namespace {

constexpr std::int64_t kOneSecond = 1'000'000'000;

// A cache, its clock, and the events that a switch would tell it.
class Cache {
 public:
  explicit Cache(const Value& parameters = Value::map({{"memory", "16MiB"}}))
      : state_(testing::make_state("KeyCache", parameters)), cache_(static_cast<KeyCache*>(state_.get())) {}

  void get(std::uint64_t ticket, const std::string& key) { cache_->get_sent({ticket}, hash_key(key), now); }
  void write(std::uint64_t ticket, const std::string& key, bool no_reply = false, std::int64_t expiry = 0) {
    cache_->write_sent({ticket}, hash_key(key), {no_reply, expiry}, now);
  }
  bool reply(std::uint64_t ticket, const std::string& text) { return cache_->reply_seen({ticket}, text, now); }
  std::string look(const std::string& key) {
    std::uint8_t text[KeyCache::kLongestReply + KeyCache::kOverrun];
    const auto hit = cache_->find(cache_->look_up(hash_key(key)), key, now);
    return hit && KeyCache::copy(*hit, text) ? std::string(reinterpret_cast<const char*>(text), hit->length) : "";
  }
  KeyCache* operator->() { return cache_; }
  std::int64_t now = 1000 * kOneSecond;

 private:
  std::unique_ptr<State> state_;
  KeyCache* cache_;
};

TEST(KeyCache, ServesWhatAServerHasSaid) {
  Cache cache;
  EXPECT_EQ(cache.look("k"), "");
  cache.get(1, "k");
  EXPECT_TRUE(cache.reply(1, value("k", "hello")));
  EXPECT_EQ(cache.look("k"), value("k", "hello"));
  EXPECT_EQ(cache.look("j"), "");
}

TEST(KeyCache, TakesTheFirstOfManyRepliesUntilItGetsOld) {
  Cache cache(Value::map({{"max_age", "16s"}}));
  cache.get(1, "k");
  cache.get(2, "k");
  EXPECT_TRUE(cache.reply(1, value("k", "v")));
  EXPECT_FALSE(cache.reply(2, value("k", "v"))) << "it brings nothing new";
  cache.now += 2 * kOneSecond;
  cache.get(3, "k");
  EXPECT_TRUE(cache.reply(3, value("k", "w"))) << "it may be served for longer";
  EXPECT_EQ(cache.look("k"), value("k", "w"));
}

TEST(KeyCache, KeepsValuesOfEverySizeThatFitsAFrame) {
  Cache cache;
  for (std::size_t size = 0; size < 1600; ++size) {
    const std::string key = "k" + std::to_string(size);
    const std::string text = value(key, std::string(size, 'v'));
    cache.get(size + 1, key);
    EXPECT_EQ(cache.reply(size + 1, text), text.size() <= KeyCache::kLongestReply) << size;
    EXPECT_EQ(cache.look(key), text.size() <= KeyCache::kLongestReply ? text : "") << size;
  }
}

TEST(KeyCache, ForgetsAfterMaxAge) {
  Cache cache(Value::map({{"max_age", "2s"}}));
  cache.get(1, "k");
  cache.reply(1, value("k", "v"));
  cache.now += 2 * kOneSecond - 2'000'000;  // deadlines are kept to the millisecond, never too late
  EXPECT_NE(cache.look("k"), "");
  cache.now += 2'000'000;
  EXPECT_EQ(cache.look("k"), "");
}

TEST(KeyCache, DoesNotCopyAnItemThatWasWrittenMeanwhile) {
  Cache cache;
  cache.get(1, "k");
  cache.reply(1, value("k", "v"));
  std::uint8_t text[KeyCache::kLongestReply + KeyCache::kOverrun];
  const auto hit = cache->find(cache->look_up(hash_key("k")), "k", cache.now);
  ASSERT_TRUE(hit);
  EXPECT_TRUE(KeyCache::copy(*hit, text));
  cache.write(2, "k");
  EXPECT_FALSE(KeyCache::copy(*hit, text));
}

TEST(KeyCache, TellsKeysOfEveryLengthApartByEachOfTheirBytes) {
  Cache cache;
  for (std::size_t length = 1; length <= 250; ++length) {
    const std::string key(length, 'k');
    cache.get(length, key);
    ASSERT_TRUE(cache.reply(length, value(key, "v")));
    for (std::size_t i = 0; i < length; ++i) {
      std::string other = key;
      other[i] = 'j';
      // As if the two had one hash: only the bytes differ.
      EXPECT_FALSE(cache->find(cache->look_up(hash_key(key)), other, cache.now)) << length << " " << i;
    }
    EXPECT_TRUE(cache->find(cache->look_up(hash_key(key)), key, cache.now)) << length;
  }
}

TEST(KeyCache, TakesOnlyRepliesThatItExpects) {
  Cache cache;
  EXPECT_FALSE(cache.reply(9, value("k", "v"))) << "nobody asked";
  cache.get(1, "k");
  EXPECT_FALSE(cache.reply(1, value("other", "v"))) << "another key";
  EXPECT_FALSE(cache.reply(1, value("k", "v"))) << "the ticket is used up";
  EXPECT_EQ(cache.look("k"), "");
}

TEST(KeyCache, DoesNotKeepMissesErrorsOrWhatIsCutOff) {
  Cache cache;
  for (const std::string text :
       {"END\r\n", "SERVER_ERROR out of memory\r\n", "VALUE k 0 1 5x\r\nx\r\nEND\r\n", "VALUE k 0 5\r\nx\r\nEND\r\n", ""}) {
    cache.get(1, "k");
    EXPECT_FALSE(cache.reply(1, text)) << text;
    EXPECT_EQ(cache.look("k"), "");
  }
}

// Rules 1 and 3: a write invalidates before it is passed on.
TEST(Coherence, AWriteInvalidatesAtOnce) {
  Cache cache;
  cache.get(1, "k");
  cache.reply(1, value("k", "old"));
  cache.write(2, "k");
  EXPECT_EQ(cache.look("k"), "");
}

// Rule 5, the race that breaks a cache which only invalidates: the get's reply comes behind the set.
TEST(Coherence, AReplyFromBeforeAWriteDoesNotFill) {
  Cache cache;
  cache.get(1, "k");
  cache.write(2, "k");
  EXPECT_FALSE(cache.reply(1, value("k", "old")));
  EXPECT_FALSE(cache.reply(2, "STORED\r\n"));
  EXPECT_EQ(cache.look("k"), "");
}

// Rule 5: nothing is pending any more when the old reply comes; only the epoch tells.
TEST(Coherence, AReplyFromBeforeAnAnsweredWriteDoesNotFill) {
  Cache cache;
  cache.get(1, "k");
  cache.write(2, "k");
  cache.reply(2, "STORED\r\n");
  EXPECT_FALSE(cache.reply(1, value("k", "old")));
  EXPECT_EQ(cache.look("k"), "");
}

// Rule 5: the get is sent while the write is under way, and overtakes it; its reply comes when the write has been answered.
TEST(Coherence, AGetSentWhileAWriteIsPendingDoesNotFill) {
  Cache cache;
  cache.write(2, "k");
  cache.get(1, "k");
  cache.reply(2, "STORED\r\n");
  EXPECT_FALSE(cache.reply(1, value("k", "old")));
  cache.get(3, "k");
  EXPECT_TRUE(cache.reply(3, value("k", "new"))) << "a get that began after the answer does";
}

TEST(Coherence, EveryPendingWriteHasToBeAnswered) {
  Cache cache;
  cache.write(1, "k");
  cache.write(2, "k");
  cache.reply(1, "STORED\r\n");
  cache.get(3, "k");
  EXPECT_FALSE(cache.reply(3, value("k", "first"))) << "the second write is still under way";
  cache.reply(2, "NOT_STORED\r\n");
  cache.get(4, "k");
  EXPECT_TRUE(cache.reply(4, value("k", "second"))) << "a failed write counts as answered too";
}

TEST(Coherence, AWriteWithoutReplyBlocksItsKeyUntilItMustBeOver) {
  Cache cache(Value::map({{"reply_lifetime", "1s"}, {"max_age", "1h"}}));
  cache.write(1, "k", true);
  cache.get(2, "k");
  EXPECT_FALSE(cache.reply(2, value("k", "v")));
  cache.now += 2 * kOneSecond;
  cache.get(3, "k");
  EXPECT_TRUE(cache.reply(3, value("k", "v")));
}

TEST(Coherence, ALostReplyBlocksItsKeyUntilItMustBeOver) {
  Cache cache(Value::map({{"reply_lifetime", "1s"}}));
  cache.write(1, "k");
  cache.now += kOneSecond / 2;
  cache.get(2, "k");
  EXPECT_FALSE(cache.reply(2, value("k", "v")));
  cache.now += 2 * kOneSecond;
  cache.get(3, "k");
  EXPECT_TRUE(cache.reply(3, value("k", "v")));
}

// A key that is written all the time must not stay out of the cache for ever because one reply was lost.
TEST(Coherence, WritesThatFollowDoNotProlongALostReply) {
  for (const bool no_reply : {false, true}) {
    Cache cache(Value::map({{"reply_lifetime", "1s"}, {"max_age", "1h"}}));
    const std::int64_t from = cache.now;
    cache.write(1, "k", no_reply);
    bool filled = false;
    for (std::uint64_t ticket = 2; cache.now < from + 4 * kOneSecond; ticket += 2) {
      cache.write(ticket, "k");
      EXPECT_FALSE(cache.reply(ticket, "STORED\r\n"));
      cache.get(ticket + 1, "k");
      filled = cache.reply(ticket + 1, value("k", "v"));
      EXPECT_TRUE(!filled || cache.now - from >= kOneSecond) << "the first write may still be under way: " << cache.now - from;
      cache.now += kOneSecond / 20;
    }
    EXPECT_TRUE(filled);
  }
}

// Workers read the clock when they like.
TEST(Coherence, AWriteOfAWorkerWhoseClockIsBehindIsPendingAsLong) {
  for (std::int64_t at = 0; at < 3 * kOneSecond; at += kOneSecond / 50) {
    Cache cache(Value::map({{"reply_lifetime", "1s"}, {"max_age", "1h"}}));
    cache.now += at;
    cache.write(1, "k");
    cache.now -= kOneSecond / 20;
    cache.write(2, "k");
    cache.reply(2, "STORED\r\n");
    cache.now += kOneSecond / 20 + kOneSecond / 2;
    cache.get(3, "k");
    EXPECT_FALSE(cache.reply(3, value("k", "v"))) << at;
    cache.reply(1, "STORED\r\n");
    cache.get(4, "k");
    EXPECT_TRUE(cache.reply(4, value("k", "v"))) << at;
  }
}

// Clients use request ids again: a late copy of an old reply must not pass for a new one.
TEST(Coherence, ACopyOfAnOldReplyDoesNotFillUnderAReusedTicket) {
  Cache cache(Value::map({{"reply_lifetime", "1s"}}));
  cache.get(1, "k");
  cache.reply(1, value("k", "old"));
  cache.write(2, "k");
  cache.reply(2, "STORED\r\n");
  cache.get(1, "k");
  EXPECT_FALSE(cache.reply(1, value("k", "old"))) << "this may be a duplicate of the first reply";
  cache.now += 2 * kOneSecond;
  cache.get(1, "k");
  EXPECT_TRUE(cache.reply(1, value("k", "new")));
}

TEST(Coherence, AReusedTicketFillsWhereNothingWasWritten) {
  Cache cache;
  cache.get(1, "a");
  cache.reply(1, value("a", "x"));
  cache.get(1, "b");
  EXPECT_TRUE(cache.reply(1, value("b", "y")));
  cache.get(1, "c");
  EXPECT_TRUE(cache.reply(1, value("c", "z")));
}

TEST(KeyCache, ForgetsAllOrOneKeyWhenItIsTold) {
  Cache cache;
  for (const std::string key : {"a", "b"}) {
    cache.get(1, key);
    EXPECT_TRUE(cache.reply(1, value(key, "x")));
  }
  cache.get(2, "a");
  cache->purge("a");
  EXPECT_EQ(cache.look("a"), "");
  EXPECT_NE(cache.look("b"), "");
  EXPECT_FALSE(cache.reply(2, value("a", "x"))) << "it was on its way";
  cache.get(3, "b");
  cache->flush();
  EXPECT_EQ(cache.look("b"), "");
  EXPECT_FALSE(cache.reply(3, value("b", "x"))) << "it was on its way";
  cache.get(4, "b");
  EXPECT_TRUE(cache.reply(4, value("b", "x")));
}

TEST(KeyCache, KeepsWhatIsPinned) {
  Cache cache(Value::map({{"memory", "4MiB"}, {"max_age", "24h"}}));
  const auto fill = [&](const std::string& key) {
    cache.get(1, key);
    cache.reply(1, value(key, std::string(100, 'v')));
  };
  const auto flood = [&](int from) {
    for (int i = from; i < from + 100'000; ++i) {
      const std::string key = "k" + std::to_string(i);
      fill(key);
      fill(key);
      cache.look(key);  // so it gets into the main queue, and others leave that
    }
  };
  Problems problems;
  cache->pin("pinned", problems);
  fill("pinned");
  fill("other");
  flood(0);
  EXPECT_NE(cache.look("pinned"), "");
  EXPECT_EQ(cache.look("other"), "");
  EXPECT_EQ(cache->pins(), Value::list({"pinned"}));
  cache->unpin("pinned", problems);
  EXPECT_TRUE(problems.empty());
  flood(100'000);
  EXPECT_EQ(cache.look("pinned"), "");
  cache->unpin("pinned", problems);
  EXPECT_EQ(problems.list().at(0).message, "`pinned` is not pinned");
}

TEST(KeyCache, TellsWhatItHasOfAKey) {
  Cache cache;
  cache.now = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
  EXPECT_EQ(cache->look_up_key("k").find("cached")->text(), "no");
  cache.get(1, "k");
  cache.reply(1, "VALUE k 5 3 7\r\nabc\r\nEND\r\n");
  const Value found = cache->look_up_key("k");
  EXPECT_EQ(found.find("cached")->text(), "yes");
  EXPECT_EQ(found.find("bytes")->text(), "3");
  EXPECT_EQ(found.find("flags")->text(), "5");
  EXPECT_EQ(found.find("cas")->text(), "7");
  EXPECT_EQ(found.find("misses")->text(), "1");
}

TEST(KeyCache, ChangesWhatAReloadMayChange) {
  Cache cache(Value::map({{"memory", "16MiB"}, {"max_age", "10s"}}));
  cache.get(1, "k");
  cache.reply(1, value("k", "x"));
  const auto change = [&](const Value& parameters) {
    const auto fresh = testing::make_state("KeyCache", parameters);
    Problems problems;
    const auto made = cache->change_to(*fresh, problems);
    if (made) made();
    return problems.empty() ? "" : problems.list()[0].message;
  };
  EXPECT_EQ(change(Value::map({{"memory", "16MiB"}, {"max_age", "20s"}})), "");
  EXPECT_NE(cache.look("k"), "") << "it stays";
  EXPECT_EQ(change(Value::map({{"memory", "16MiB"}, {"max_age", "1s"}})), "");
  EXPECT_EQ(cache.look("k"), "") << "it was to be served for longer than is right now";
  EXPECT_EQ(change(Value::map({{"memory", "16MiB"}, {"max_age", "1s"}, {"tickets", "128"}})),
            "`tickets` of a cache that is in use cannot be changed");
}

TEST(Coherence, ACopyOfAWritesReplyDoesNotClearALaterWrite) {
  Cache cache(Value::map({{"reply_lifetime", "1s"}}));
  cache.write(1, "k");
  cache.reply(1, "STORED\r\n");
  cache.write(1, "k");           // the same ticket again
  cache.reply(1, "STORED\r\n");  // of the first write, twice
  cache.get(2, "k");
  EXPECT_FALSE(cache.reply(2, value("k", "old")));
}

// A server that is restarted, or short of memory, loses items. Who has seen that may see nothing older afterwards.
TEST(Coherence, AMissTakesTheItemOut) {
  Cache cache;
  cache.get(1, "k");
  cache.reply(1, value("k", "v"));
  cache.get(2, "k");
  cache.get(3, "j");
  EXPECT_FALSE(cache.reply(3, "END\r\n"));
  EXPECT_NE(cache.look("k"), "") << "another key's";
  EXPECT_FALSE(cache.reply(2, "END\r\n"));
  EXPECT_EQ(cache.look("k"), "");
  cache.get(4, "k");
  EXPECT_TRUE(cache.reply(4, value("k", "w"))) << "and it may come again";
}

TEST(Coherence, AReplyFromBeforeAMissDoesNotFill) {
  Cache cache;
  cache.get(1, "k");
  cache.get(2, "k");
  cache.reply(2, "END\r\n");
  EXPECT_FALSE(cache.reply(1, value("k", "v")));
  EXPECT_EQ(cache.look("k"), "");
}

TEST(Coherence, AMissThatCouldNotHaveFilledTakesTheItemOutToo) {
  Cache cache;
  cache.write(1, "k");
  cache.get(2, "k");
  cache.reply(1, "STORED\r\n");
  cache.get(3, "k");
  EXPECT_TRUE(cache.reply(3, value("k", "v")));
  cache.reply(2, "END\r\n");
  EXPECT_EQ(cache.look("k"), "");
}

TEST(Coherence, AWriteOfUnknownReachEmptiesTheCacheAndKeepsItEmpty) {
  Cache cache(Value::map({{"reply_lifetime", "1s"}}));
  cache.get(1, "k");
  cache.reply(1, value("k", "v"));
  cache.get(2, "j");
  cache->unknown_write_sent(cache.now);
  EXPECT_EQ(cache.look("k"), "");
  EXPECT_FALSE(cache.reply(2, value("j", "v"))) << "asked for before";
  cache.get(3, "k");
  EXPECT_FALSE(cache.reply(3, value("k", "v"))) << "asked for while it may be under way";
  cache.now += 2 * kOneSecond;
  cache.get(4, "k");
  EXPECT_TRUE(cache.reply(4, value("k", "v")));
}

TEST(Coherence, ADelayedFlushKeepsTheCacheEmptyUntilItIsOver) {
  Cache cache(Value::map({{"reply_lifetime", "1s"}}));
  cache->unknown_write_sent(cache.now, 30);
  cache->unknown_write_sent(cache.now);  // a shorter one does not shorten it
  cache.now += 29 * kOneSecond;
  cache.get(1, "k");
  EXPECT_FALSE(cache.reply(1, value("k", "v")));
  cache.now += 4 * kOneSecond;
  cache.get(2, "k");
  EXPECT_TRUE(cache.reply(2, value("k", "v")));
}

TEST(Coherence, AnItemThatExpiresIsNotKept) {
  Cache cache;
  cache.write(1, "k", false, 20);
  cache.reply(1, "STORED\r\n");
  cache.get(2, "k");
  EXPECT_FALSE(cache.reply(2, value("k", "v"))) << "its reply does not say how long it lives";
  cache.now += 23 * kOneSecond;
  cache.get(3, "k");
  EXPECT_TRUE(cache.reply(3, value("k", "v"))) << "the old item is gone: this one was set without expiry, or around the switch";
}

TEST(Coherence, ExpiryTimesMayBeUnixTimesOrNegative) {
  Cache cache;
  cache.write(1, "k", false, std::time(nullptr) + 20);
  cache.write(2, "j", false, -1);
  cache.reply(1, "STORED\r\n");
  cache.reply(2, "STORED\r\n");
  cache.get(3, "k");
  EXPECT_FALSE(cache.reply(3, value("k", "v")));
  cache.get(4, "j");
  EXPECT_TRUE(cache.reply(4, value("j", "v")));
}

TEST(KeyCache, TellsTicketsApartWhenThereAreTooMany) {
  Cache cache(Value::map({{"tickets", "64"}, {"reply_lifetime", "1s"}}));
  cache.write(1, "k");
  cache.reply(1, "STORED\r\n");
  for (std::uint64_t ticket = 2; ticket < 5000; ++ticket) cache.get(ticket, "busy");
  cache.get(1, "k");
  EXPECT_FALSE(cache.reply(1, value("k", "v"))) << "whether ticket 1 is fresh was forgotten: it counts as not";
  cache.get(70000, "untouched");
  EXPECT_TRUE(cache.reply(70000, value("untouched", "v"))) << "where nothing was written it does not matter";
}

TEST(KeyCache, MakesRoomByEvicting) {
  Cache cache(Value::map({{"memory", "4MiB"}}));
  for (std::uint64_t i = 1; i <= 60000; ++i) {
    const std::string key = "key" + std::to_string(i);
    cache.get(i, key);
    ASSERT_TRUE(cache.reply(i, value(key, "0123456789"))) << i;
    ASSERT_EQ(cache.look(key), value(key, "0123456789"));
  }
  int left = 0;
  for (std::uint64_t i = 1; i <= 60000; ++i) {
    const std::string key = "key" + std::to_string(i);
    const std::string text = cache.look(key);
    if (text.empty()) continue;
    ++left;
    ASSERT_EQ(text, value(key, "0123456789"));
  }
  EXPECT_GT(left, 15000);
  EXPECT_LT(left, 60000);
}

// Once the memory is full, a key that was asked for once pushes nobody out.
TEST(KeyCache, AdmitsWhatIsAskedForOftenEnough) {
  Cache cache(Value::map({{"memory", "4MiB"}, {"admit_after", "3"}}));
  const std::string data(1000, 'v');
  std::uint64_t ticket = 0;
  const auto ask = [&](const std::string& key) {
    cache.get(++ticket, key);
    return cache.reply(ticket, value(key, data));
  };
  EXPECT_TRUE(ask("first")) << "there is room";
  for (int i = 0; i < 10'000; ++i) ask("key" + std::to_string(i));
  const std::string key = "often";
  ASSERT_FALSE(cache->worth_fetching(hash_key(key)));
  EXPECT_FALSE(ask(key));
  EXPECT_FALSE(ask(key));
  EXPECT_EQ(cache->misses(hash_key(key)), 2U);
  EXPECT_TRUE(ask(key));
  EXPECT_TRUE(cache->worth_fetching(hash_key(key)));
  cache.now += 3600 * kOneSecond;
  EXPECT_EQ(cache.look(key), "") << "too old";
  EXPECT_TRUE(ask(key)) << "it was there before";
}

TEST(KeyCache, KeepsLongValuesThatComeInParts) {
  Cache cache;
  const std::string data(100'000, 'v');
  cache.get(1, "k");
  const auto permit = cache->answered({1}, cache.now);
  ASSERT_TRUE(permit);
  auto draft = KeyCache::draft(data.size());
  ASSERT_TRUE(draft);
  for (std::size_t at = 0; at < data.size(); at += 1392) {
    ASSERT_TRUE(cache->write(*permit, *draft, at, std::string_view(data).substr(at, 1392), cache.now));
  }
  ASSERT_TRUE(cache->fill(*permit, {"k", {}, 7, 8, 9}, *draft, cache.now + kOneSecond, cache.now));
  const auto hit = cache->find(cache->look_up(hash_key("k")), "k", cache.now);
  ASSERT_TRUE(hit);
  const auto details = KeyCache::details(*hit);
  ASSERT_TRUE(details);
  EXPECT_EQ(details->cas, 8U);
  std::string got(details->value_length, '\0');
  EXPECT_TRUE(cache->read_value(*hit, 0, got.size(), reinterpret_cast<std::uint8_t*>(got.data())));
  EXPECT_EQ(got, data);
  cache.now += kOneSecond;
  EXPECT_FALSE(cache->find(cache->look_up(hash_key("k")), "k", cache.now)) << "its deadline has come";
}

TEST(Coherence, AWriteSpoilsAValueThatComesInParts) {
  Cache cache;
  const std::string data(10'000, 'v');
  cache.get(1, "k");
  const auto permit = cache->answered({1}, cache.now);
  ASSERT_TRUE(permit);
  auto draft = KeyCache::draft(data.size());
  ASSERT_TRUE(cache->write(*permit, *draft, 0, data, cache.now));
  cache.write(2, "k");
  cache.reply(2, "STORED\r\n");
  EXPECT_FALSE(cache->fill(*permit, {"k", {}}, *draft, cache.now + kOneSecond, cache.now));
  EXPECT_FALSE(cache->find(cache->look_up(hash_key("k")), "k", cache.now));
}

TEST(Coherence, AGetThatMayNotFillDoesNotFillInSteps) {
  Cache cache;
  cache.write(2, "k");
  cache.get(1, "k");
  cache.reply(2, "STORED\r\n");
  const auto permit = cache->answered({1}, cache.now);
  ASSERT_TRUE(permit);
  EXPECT_FALSE(cache->fill(*permit, {"k", "v"}, cache.now + kOneSecond, cache.now));
}

TEST(KeyCache, NoDeadlineIsLaterThanMaxAge) {
  Cache cache(Value::map({{"max_age", "2s"}}));
  cache.get(1, "k");
  ASSERT_TRUE(cache->fill(*cache->answered({1}, cache.now), {"k", "v"}, cache.now + 3600 * kOneSecond, cache.now));
  EXPECT_NE(cache.look("k"), "");
  cache.now += 2 * kOneSecond;
  EXPECT_EQ(cache.look("k"), "");
}

// Readers, a writer and a filler on the same few keys: no reader ever sees half of one value and half of another.
TEST(KeyCache, NeverShowsATornValue) {
  Cache cache(Value::map({{"memory", "4MiB"}}));
  constexpr int kKeys = 3;
  constexpr int kRounds = 20000;
  std::atomic<bool> done{false};
  std::atomic<int> torn{0};
  const auto text_of = [](int key, int round) {
    return value("key" + std::to_string(key), std::string(200, static_cast<char>('a' + round % 26)));
  };
  std::vector<std::thread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      while (!done) {
        for (int key = 0; key < kKeys; ++key) {
          const std::string text = cache.look("key" + std::to_string(key));
          if (text.empty()) continue;
          const std::string data = text.substr(text.find("\r\n") + 2, 200);
          if (data != std::string(200, data[0])) ++torn;
        }
      }
    });
  }
  std::uint64_t ticket = 1;
  for (int round = 0; round < kRounds; ++round) {
    const int key = round % kKeys;
    const std::string name = "key" + std::to_string(key);
    cache.write(ticket, name);
    cache.reply(ticket++, "STORED\r\n");
    cache.get(ticket, name);
    ASSERT_TRUE(cache.reply(ticket++, text_of(key, round)));
  }
  done = true;
  for (std::thread& t : readers) t.join();
  EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace smartswitch::memcached
