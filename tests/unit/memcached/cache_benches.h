// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "elements/memcached/key_cache.h"
#include "elements/sdk/testing/test_bench.h"
#include "tests/unit/memcached/requests.h"

namespace smartswitch::memcached {

/// CacheResponder, CacheInvalidate, CacheFill and CacheFetch around one KeyCache.
class CacheBenches {
 public:
  explicit CacheBenches(const Value& parameters = Value::map({{"memory", "8MiB"}})) { start(parameters); }

  /// With an empty cache.
  void start(const Value& parameters) {
    options_.states["hot"] = (cache_ = testing::make_state("KeyCache", parameters)).get();
    const Value hot = Value::map({{"cache", "hot"}});
    responder_ = std::make_unique<testing::TestBench>("CacheResponder", hot, options_);
    invalidate_ = std::make_unique<testing::TestBench>("CacheInvalidate", hot, options_);
    fill_ = std::make_unique<testing::TestBench>("CacheFill", hot, options_);
    fetched_ = std::make_unique<testing::TestBench>("CacheFetch", hot, options_);
  }
  /// Sends a packet through a classifier and the element it belongs to. What comes out of `hit` is returned.
  std::vector<testing::Seen> client_sends(const testing::Bytes& bytes) {
    testing::TestBench classifier("MemcachedClassifier");
    classifier.push({bytes});
    for (const testing::Seen& seen : classifier.take("get")) hand_over(*responder_, seen);
    for (const char* output : {"write", "several", "control", "direct"}) {
      for (const testing::Seen& seen : classifier.take(output)) hand_over(*invalidate_, seen);
    }
    return responder_->take("hit");
  }
  void server_sends(const testing::Bytes& bytes) { fill_->push({bytes}); }
  bool cached(const std::string& key) { return !client_sends(request("get " + key + "\r\n", 999)).empty(); }
  void advance(Duration by) {
    for (auto* bench : {responder_.get(), invalidate_.get(), fill_.get(), fetched_.get()}) bench->advance(by);
  }

  std::unique_ptr<State> cache_;
  testing::TestBench::Options options_;
  std::unique_ptr<testing::TestBench> responder_, invalidate_, fill_, fetched_;
};

}  // namespace smartswitch::memcached
