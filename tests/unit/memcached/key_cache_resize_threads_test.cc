// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <shared_mutex>
#include <thread>

#include "elements/memcached/key_cache.h"
#include "elements/sdk/hash.h"
#include "elements/sdk/testing/test_bench.h"
#include "tests/unit/memcached/requests.h"

namespace smartswitch::memcached {
namespace {

// Several workers ask, write and fill while the memory is changed again and again. Each key's value is a number that only grows: who finds
// one in the cache has to find at least what was acknowledged before he looked.
class ChangedMemory {
 public:
  static constexpr int kKeys = 4000;
  static constexpr int kWorkers = 3;

  void run(int resizes) {
    std::vector<std::thread> workers;
    for (int w = 0; w < kWorkers; ++w) workers.emplace_back([this, w] { work(static_cast<std::uint64_t>(w)); });
    const char* sizes[] = {"64MiB", "4MiB", "8MiB", "31MiB"};
    for (int i = 0; i < resizes; ++i) change(sizes[i % 4]);
    done_ = true;
    for (std::thread& worker : workers) worker.join();
  }
  std::atomic<int> stale{0};
  std::atomic<std::uint64_t> hits{0};
  std::atomic<std::uint64_t> fills{0};

 private:
  static std::int64_t now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }
  // As a meeting: `task` runs between two rounds of each worker.
  template <class Task>
  void meet(Task&& task) {
    wanted_ = true;
    const std::unique_lock alone(rounds_);
    wanted_ = false;
    task();
  }
  void change(const std::string& size) {
    const auto fresh = testing::make_state(
        "KeyCache", Value::map({{"memory", size}, {"reply_lifetime", "600s"}, {"max_age", "1h"}, {"tickets", "1000000"}}));
    Problems problems;
    const auto make = cache_.change_to(*fresh, problems);
    ASSERT_TRUE(make);
    meet([&] { make(); });
    while (cache_.go_on(now_ns())) std::this_thread::yield();
    auto left = cache_.left_over();
    meet([] {});
    left.reset();
  }
  void work(std::uint64_t me) {
    std::uint64_t ticket = me << 48;
    std::uint64_t turn = me * 7919;
    while (!done_) {
      while (wanted_) std::this_thread::yield();
      const std::shared_lock round(rounds_);
      for (int i = 0; i < 32; ++i) {
        turn = turn * 6364136223846793005 + 1442695040888963407;
        const auto key = static_cast<int>((turn >> 33) % kKeys);
        // Each key has one who writes it.
        if ((turn >> 20) % 8 == 0 && static_cast<std::uint64_t>(key % kWorkers) == me) {
          write(key, ++ticket);
        } else {
          read(key, ++ticket);
        }
      }
    }
  }
  void write(int key, std::uint64_t ticket) {
    const std::string name = fmt::format("key{:09}", key);
    cache_.write_sent({ticket}, hash_key(name), {}, now_ns());
    const std::uint32_t version = server_[key].load() + 1;
    server_[key].store(version);
    cache_.reply_seen({ticket}, "STORED\r\n", now_ns());
    acknowledged_[key].store(version);
  }
  void read(int key, std::uint64_t ticket) {
    const std::string name = fmt::format("key{:09}", key);
    const std::uint32_t least = acknowledged_[key].load();
    std::uint8_t text[KeyCache::kLongestReply + KeyCache::kOverrun];
    const std::uint64_t hash = hash_key(name);
    const auto hit = cache_.find(cache_.look_up(hash), name, now_ns());
    if (hit && KeyCache::copy(*hit, text)) {
      const std::string_view found(reinterpret_cast<const char*>(text), hit->length);
      const std::size_t at = found.find("\r\n") + 2;
      std::uint32_t version = 0;
      std::from_chars(found.data() + at, found.data() + found.size(), version);
      if (!found.starts_with("VALUE " + name + " ") || version < least) ++stale;
      ++hits;
      return;
    }
    cache_.get_sent({ticket}, hash, now_ns());
    const std::string data = fmt::format("{:<{}}", server_[key].load(), 50 + key % 1000);
    fills += cache_.reply_seen({ticket}, value(name, data), now_ns()) ? 1 : 0;
  }

  std::unique_ptr<State> state_ = testing::make_state(
      "KeyCache", Value::map({{"memory", "8MiB"}, {"reply_lifetime", "600s"}, {"max_age", "1h"}, {"tickets", "1000000"}}));
  KeyCache& cache_ = static_cast<KeyCache&>(*state_);
  std::atomic<std::uint32_t> server_[kKeys] = {};
  std::atomic<std::uint32_t> acknowledged_[kKeys] = {};
  std::shared_mutex rounds_;
  std::atomic<bool> wanted_{false};
  std::atomic<bool> done_{false};
};

TEST(ResizeOnSeveralThreads, WorkersNeverSeeAnOldValueMeanwhile) {
  ChangedMemory memory;
  memory.run(24);
  EXPECT_EQ(memory.stale, 0);
  EXPECT_GT(memory.hits, 1000U);
  EXPECT_GT(memory.fills, 1000U);
}

}  // namespace
}  // namespace smartswitch::memcached
