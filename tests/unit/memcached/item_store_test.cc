// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/item_store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rte_ip.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "elements/sdk/hash.h"

namespace smartswitch::memcached {
namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20;
constexpr auto kAlways = [](const CacheBucket&) { return true; };

// Bytes that tell where they stand and whose they are.
std::string pattern(std::size_t size, unsigned seed = 0) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 131 + (i >> 8) * 7 + seed * 17);
  return bytes;
}

class Store {
 public:
  explicit Store(std::size_t bytes) { EXPECT_TRUE(store_.reserve(bytes, evicted_)); }

  bool put(const Item& item) { return store_.put(item, filling(item.key), kAlways); }
  bool put(const std::string& key, std::string_view value) { return put(Item{key, value}); }
  std::optional<ItemStore::Hit> find(const std::string& key, std::uint32_t generation = 1) {
    return store_.find(store_.look_up(hash_key(key)), key, generation, now);
  }
  std::string reply(const std::string& key) {
    std::uint8_t text[ItemStore::kLongestReply + ItemStore::kOverrun];
    const auto hit = find(key);
    return hit && ItemStore::copy(*hit, text) ? std::string(reinterpret_cast<const char*>(text), hit->length) : "";
  }
  // The whole value; nothing if it is not there.
  std::optional<std::string> value(const std::string& key) {
    const auto hit = find(key);
    const auto details = hit ? ItemStore::details(*hit) : std::nullopt;
    if (!details) return std::nullopt;
    std::string bytes(details->value_length, '\0');
    if (!store_.read_value(*hit, 0, bytes.size(), reinterpret_cast<std::uint8_t*>(bytes.data()))) return std::nullopt;
    return bytes;
  }
  void take_out(const std::string& key) {
    LockedBucket b(store_.bucket(hash_key(key)));
    store_.take_out(*b, hash_key(key));
  }
  [[nodiscard]] ItemStore::Filling filling(std::string_view key) const { return {hash_key(key), 1, now + 1'000'000'000'000, now}; }
  ItemStore* operator->() { return &store_; }
  [[nodiscard]] std::uint64_t evicted() const { return evicted_.value(); }
  std::int64_t now = 1'000'000'000'000;

 private:
  ItemStore store_;
  SharedCounter evicted_;
};

std::string key_of(int i) { return fmt::format("key{:017}", i); }

TEST(ItemStore, KeepsAllThatIsKnownOfAnItem) {
  Store store(4 * kMebibyte);
  int n = 0;
  for (const std::uint32_t flags : {0U, 7U, 4294967295U}) {
    for (const std::uint64_t cas : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
      for (const std::uint32_t expiry : {Item::kExpiryUnknown, 1234U, Item::kNeverExpires}) {
        const std::string key = key_of(++n);
        ASSERT_TRUE(store.put({key, "greetings", flags, cas, expiry}));
        const auto hit = store.find(key);
        ASSERT_TRUE(hit);
        const auto details = ItemStore::details(*hit);
        ASSERT_TRUE(details);
        EXPECT_EQ(details->flags, flags);
        EXPECT_EQ(details->cas, cas);
        EXPECT_EQ(details->expiry, expiry);
        EXPECT_EQ(details->value_length, 9U);
        EXPECT_EQ(store.reply(key), fmt::format("VALUE {} {} 9\r\ngreetings\r\nEND\r\n", key, flags));
      }
    }
  }
}

TEST(ItemStore, KeepsValuesOfEverySize) {
  Store store(16 * kMebibyte);
  for (std::size_t size = 0; size < 9000; size += size < 300 ? 1 : 37) {
    const std::string key = "k" + std::to_string(size);
    const std::string bytes = pattern(size);
    ASSERT_TRUE(store.put({key, bytes, 1, 2, 3})) << size;
    ASSERT_EQ(store.value(key), bytes) << size;
    const auto hit = store.find(key);
    const std::string text = fmt::format("VALUE {} 1 {}\r\n{}\r\nEND\r\n", key, size, bytes);
    EXPECT_EQ(hit->length, text.size());
    if (text.size() > ItemStore::kLongestReply) {
      EXPECT_EQ(store.reply(key), "") << size;
      continue;
    }
    EXPECT_EQ(store.reply(key), text) << size;
    EXPECT_EQ(hit->sum, rte_raw_cksum(text.data(), text.size())) << size;
  }
}

TEST(ItemStore, ReadsAnyPartOfAValue) {
  Store store(16 * kMebibyte);
  for (const std::size_t size : {std::size_t{50}, std::size_t{3000}, std::size_t{20'000}}) {
    const std::string bytes = pattern(size);
    ASSERT_TRUE(store.put("k", bytes));
    const auto hit = store.find("k");
    for (std::size_t from = 0; from < size; from += size / 41 + 1) {
      for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{8}, std::size_t{1392}, std::size_t{9001}}) {
        std::string part(n + 1, '#');
        const bool inside = from + n <= size;
        EXPECT_EQ(store->read_value(*hit, from, n, reinterpret_cast<std::uint8_t*>(part.data())), inside);
        EXPECT_EQ(part.back(), '#') << "nothing behind is touched";
        part.pop_back();
        if (inside) {
          EXPECT_EQ(part, bytes.substr(from, n)) << size << " " << from << " " << n;
        }
      }
    }
  }
}

TEST(ItemStore, KeepsAMebibyteAndNoMore) {
  Store store(16 * kMebibyte);
  const std::string bytes = pattern(kMebibyte);
  ASSERT_TRUE(store.put("k", bytes));
  EXPECT_EQ(store.value("k"), bytes);
  EXPECT_EQ(store.reply("k"), "") << "it does not fit a packet";
  EXPECT_FALSE(store.put("j", bytes + "x"));
  EXPECT_FALSE(store.put("", "no key"));
  EXPECT_FALSE(store.put(std::string(251, 'k'), "long key"));
}

TEST(ItemStore, AnItemThatIsReplacedCannotBeReadAnyMore) {
  Store store(16 * kMebibyte);
  for (const std::size_t size : {std::size_t{10}, std::size_t{20'000}}) {
    ASSERT_TRUE(store.put("k", pattern(size, 1)));
    const auto hit = store.find("k");
    ASSERT_TRUE(store.put("k", pattern(size, 2)));
    std::uint8_t byte = 0;
    EXPECT_FALSE(store->read_value(*hit, 0, 1, &byte));
    EXPECT_FALSE(ItemStore::details(*hit));
    EXPECT_EQ(store.value("k"), pattern(size, 2));
    store.take_out("k");
    EXPECT_FALSE(store.find("k"));
  }
}

TEST(ItemStore, AValueMayComeInPartsInAnyOrder) {
  Store store(16 * kMebibyte);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{3000}, std::size_t{4064}, std::size_t{4080}, std::size_t{300'000}}) {
    const std::string bytes = pattern(size);
    const std::string key = "k" + std::to_string(size);
    auto draft = ItemStore::draft(size);
    ASSERT_TRUE(draft);
    const ItemStore::Filling filling = store.filling(key);
    constexpr std::size_t kPart = 1392;
    const std::size_t parts = (size + kPart - 1) / kPart;
    for (std::size_t i = 0; i < parts; ++i) {
      EXPECT_FALSE(store->put({key, {}, 5}, *draft, filling, kAlways)) << "a part is missing";
      const std::size_t part = (i * 7 + 3) % parts;
      if (parts % 7 == 0) GTEST_FAIL() << "some parts would come twice";
      ASSERT_TRUE(store->write(*draft, part * kPart, std::string_view(bytes).substr(part * kPart, kPart), filling));
    }
    EXPECT_FALSE(store->write(*draft, size, "x", filling)) << "behind the end";
    ASSERT_TRUE(store->put({key, {}, 5}, *draft, filling, kAlways)) << size;
    EXPECT_EQ(store.value(key), bytes) << size;
    EXPECT_EQ(ItemStore::details(*store.find(key))->flags, 5U);
  }
  EXPECT_FALSE(ItemStore::draft(kMebibyte + 1));
}

TEST(ItemStore, EachFillingOfALongValueHasItsOwnSerial) {
  Store store(16 * kMebibyte);
  store.put("k", pattern(10'000));
  const auto first = ItemStore::details(*store.find("k"));
  store.put("k", pattern(10'000));
  EXPECT_NE(first->serial, ItemStore::details(*store.find("k"))->serial);
}

TEST(ItemStore, DraftsThatAreForgottenCostNothing) {
  Store store(4 * kMebibyte);
  std::vector<ItemStore::Draft> drafts;
  for (int i = 0; i < 100; ++i) {
    drafts.push_back(*ItemStore::draft(100'000));
    ASSERT_TRUE(store->write(drafts.back(), 0, pattern(99'999), store.filling(key_of(i)))) << i;
  }
  EXPECT_FALSE(store->write(drafts[0], 99'999, "x", store.filling(key_of(0))) &&
               store->put({key_of(0), {}}, drafts[0], store.filling(key_of(0)), kAlways))
      << "its memory is somebody else's by now";
  EXPECT_FALSE(store.find(key_of(0)));
  ASSERT_TRUE(store->write(drafts[99], 99'999, "x", store.filling(key_of(99))));
  ASSERT_TRUE(store->put({key_of(99), {}}, drafts[99], store.filling(key_of(99)), kAlways));
  EXPECT_EQ(store.value(key_of(99)), pattern(99'999) + "x");
}

TEST(ItemStore, NothingComesInWithoutPermission) {
  Store store(4 * kMebibyte);
  ASSERT_TRUE(store.put("k", "old"));
  EXPECT_FALSE(store->put({"k", "new"}, store.filling("k"), [](const CacheBucket&) { return false; }));
  EXPECT_EQ(store.value("k"), "old");
}

TEST(ItemStore, OldGenerationsAndDeadlinesAreNotFound) {
  Store store(4 * kMebibyte);
  ASSERT_TRUE(store.put("k", "v"));
  EXPECT_TRUE(store.find("k", 1));
  EXPECT_FALSE(store.find("k", 2));
  store.now += 1'000'000'000'000;
  EXPECT_FALSE(store.find("k", 1));
}

// What an item costs beyond its key and value, all told: index, memory that is kept free, what is lost because a bucket was full.
double overhead(Store& store, std::size_t bytes, bool with_cas) {
  const std::string data(32, 'v');
  int n = 0;
  for (; !store->full(); ++n) EXPECT_TRUE(store.put({key_of(n), data, 0, with_cas ? 1U : 0U, with_cas ? 1U : 0U}));
  int there = 0;
  for (int i = 0; i < n; ++i) there += store.find(key_of(i)) ? 1 : 0;
  return static_cast<double>(bytes) / there - 20 - 32;
}

TEST(ItemStore, AnItemCostsLessThan64BytesMoreThanItsKeyAndValue) {
  Store plain(16 * kMebibyte);
  Store fetched(16 * kMebibyte);
  const double plain_bytes = overhead(plain, 16 * kMebibyte, false);
  const double fetched_bytes = overhead(fetched, 16 * kMebibyte, true);
  RecordProperty("bytes", fmt::format("{:.1f}", plain_bytes));
  RecordProperty("bytes_with_cas_and_expiry", fmt::format("{:.1f}", fetched_bytes));
  EXPECT_LT(plain_bytes, 64);
  EXPECT_LT(fetched_bytes, 64);
}

// Slabs would stay with the size that came first.
TEST(ItemStore, MemoryBelongsToNoSize) {
  constexpr std::size_t kBytes = 8 * kMebibyte;
  Store store(kBytes);
  int first = 0;
  for (const std::size_t size : {std::size_t{400}, std::size_t{2000}, std::size_t{400}, std::size_t{200'000}, std::size_t{400}}) {
    const int n = static_cast<int>(3 * kBytes / (size + 20));
    const std::string bytes = pattern(size);
    for (int i = first; i < first + n; ++i) {
      ASSERT_TRUE(store.put(key_of(i), bytes)) << size;
      ASSERT_TRUE(store.find(key_of(i))) << size;  // each is asked for once more, and then no more
    }
    std::size_t there = 0;
    for (int i = first; i < first + n; ++i) there += store.find(key_of(i)) ? size + 20 : 0;
    EXPECT_GT(there, kBytes * 6 / 10) << size;
    EXPECT_LT(there, kBytes) << size;
    first += n;
  }
}

TEST(ItemStore, WhatIsAskedForStaysAndOneHitWondersGo) {
  Store store(4 * kMebibyte);
  const std::string bytes = pattern(100);
  constexpr int kPopular = 5000;  // about a fifth of the memory
  for (int i = 0; i < kPopular; ++i) store.put(key_of(i), bytes);
  for (int i = 0; i < 200'000; ++i) {
    store.put(key_of(1'000'000 + i), bytes);
    store.find(key_of(i % kPopular));
  }
  int there = 0;
  for (int i = 0; i < kPopular; ++i) there += store.find(key_of(i)) ? 1 : 0;
  EXPECT_GT(there, kPopular * 95 / 100);
  EXPECT_GT(store.evicted(), 150'000U);
}

TEST(ItemStore, WhoComesBackSoonIsNotANewcomer) {
  Store store(4 * kMebibyte);
  const std::string bytes = pattern(100);
  int stranger = 1'000'000;
  const auto strangers = [&](int n) {
    for (int i = 0; i < n; ++i) store.put(key_of(stranger++), bytes);
  };
  strangers(40'000);
  constexpr int kKeys = 500;
  for (int i = 0; i < kKeys; ++i) store.put(key_of(i), bytes);
  strangers(30'000);
  int there = 0;
  for (int i = 0; i < kKeys; ++i) there += store.find(key_of(i)) ? 1 : 0;
  ASSERT_LT(there, kKeys / 50) << "nobody asked for them; some may be taken for somebody else's ghost";
  for (int i = 0; i < kKeys; ++i) store.put(key_of(i), bytes);
  strangers(30'000);
  there = 0;
  for (int i = 0; i < kKeys; ++i) there += store.find(key_of(i)) ? 1 : 0;
  EXPECT_GT(there, kKeys * 7 / 10) << "their ghosts were still there";
}

TEST(ItemStore, ANewValueOfTheSameSizeTakesTheOldPlace) {
  Store store(4 * kMebibyte);
  for (int i = 0; i < 200'000; ++i) {
    ASSERT_TRUE(store.put("k", pattern(100, static_cast<unsigned>(i))));
    if (i % 2 == 0) store.take_out("k");
  }
  EXPECT_FALSE(store->full());
  EXPECT_EQ(store.value("k"), pattern(100, 199'999));
}

TEST(ItemStore, WhatIsWrittenOftenDoesNotPushOutTheRest) {
  Store store(4 * kMebibyte);
  constexpr int kQuiet = 10'000;
  for (int i = 0; i < kQuiet; ++i) store.put(key_of(i), pattern(100));
  for (int i = 0; i < 200'000; ++i) {
    const std::string key = fmt::format("busy{}", i % 10);
    store.take_out(key);
    ASSERT_TRUE(store.put(key, pattern(static_cast<std::size_t>(100 + i % 500))));
  }
  int there = 0;
  for (int i = 0; i < kQuiet; ++i) there += store.find(key_of(i)) ? 1 : 0;
  EXPECT_GT(there, kQuiet * 95 / 100) << "segments that are mostly dead go first";
}

TEST(ItemStore, LongValuesStayWholeWhereverTheyAreMoved) {
  Store store(8 * kMebibyte);
  const auto name = [](int i) { return "large" + std::to_string(i); };
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(store.put(name(i), pattern(100'000, static_cast<unsigned>(i))));
  for (int i = 0; i < 100'000; ++i) {
    store.put(key_of(i), pattern(200));
    for (int j = 0; i % 100 == 0 && j < 4; ++j) store.find(name(j));
  }
  for (int j = 0; j < 8; ++j) {
    const auto got = store.value(name(j));
    EXPECT_EQ(got.has_value(), j < 4) << j << ": only the first four were asked for";
    if (got) {
      EXPECT_EQ(*got, pattern(100'000, static_cast<unsigned>(j)));
    }
  }
}

// Fillers that make room for each other, somebody who takes items out, and readers. A value says whose it is, how long it is, and is the
// same letter all over.
TEST(ItemStore, ReadersNeverSeeHalfAnItem) {
  Store store(4 * kMebibyte);
  constexpr int kKeys = 3000;
  constexpr int kRounds = 15'000;
  const auto size_of = [](int key, int round) -> std::size_t {
    return key % 50 == 0 ? 5000 + round % 20'000 : 20 + (key * 7 + round) % 1200;
  };
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::atomic<int> seen{0};
  std::vector<std::thread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&, r] {
      for (int i = r; !done; i = (i + 7) % kKeys) {
        const auto got = store.value(key_of(i));
        if (!got) continue;
        ++seen;
        const std::string start = key_of(i) + " ";
        const bool right = got->size() >= start.size() && got->compare(0, start.size(), start) == 0 &&
                           std::all_of(got->begin() + static_cast<std::ptrdiff_t>(start.size()), got->end(),
                                       [&](char c) { return c == (*got)[start.size()]; });
        if (!right) ++wrong;
      }
    });
  }
  std::thread taker([&] {
    for (int i = 0; !done; i = (i + 13) % kKeys) store.take_out(key_of(i));
  });
  std::vector<std::thread> fillers;
  for (int f = 0; f < 2; ++f) {
    fillers.emplace_back([&, f] {
      for (int round = 0; round < kRounds; ++round) {
        const int key = (round * 31 + f * 17) % kKeys;
        store.put(key_of(key), key_of(key) + " " + std::string(size_of(key, round), static_cast<char>('a' + (round + f) % 26)));
      }
    });
  }
  for (std::thread& t : fillers) t.join();
  done = true;
  for (std::thread& t : readers) t.join();
  taker.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(seen, 0);
}

}  // namespace
}  // namespace smartswitch::memcached
