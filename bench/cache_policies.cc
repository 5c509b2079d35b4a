// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "bench/cache_policies.h"

#include <algorithm>

namespace smartswitch::bench {

bool Lru::get(std::uint32_t item, std::uint32_t bytes) {
  if (const auto found = at_.find(item); found != at_.end()) {
    queue_.splice(queue_.begin(), queue_, found->second);
    return true;
  }
  while (used_ + bytes > capacity_) {
    used_ -= queue_.back().bytes;
    at_.erase(queue_.back().item);
    queue_.pop_back();
  }
  queue_.push_front({item, bytes});
  at_[item] = queue_.begin();
  used_ += bytes;
  return false;
}

bool Clock::get(std::uint32_t item, std::uint32_t bytes) {
  if (const auto found = entries_.find(item); found != entries_.end()) {
    found->second.referenced = true;
    return true;
  }
  while (used_ + bytes > capacity_) {
    const std::uint32_t oldest = queue_.front();
    queue_.pop_front();
    const auto entry = entries_.find(oldest);
    if (entry->second.referenced) {
      entry->second.referenced = false;
      queue_.push_back(oldest);
    } else {
      used_ -= entry->second.bytes;
      entries_.erase(entry);
    }
  }
  queue_.push_back(item);
  entries_[item] = {bytes, false};
  used_ += bytes;
  return false;
}

void Sieve::evict() {
  if (hand_ == queue_.end()) hand_ = std::prev(queue_.end());
  while (hand_->visited) {
    hand_->visited = false;
    hand_ = hand_ == queue_.begin() ? std::prev(queue_.end()) : std::prev(hand_);
  }
  const auto victim = hand_;
  hand_ = victim == queue_.begin() ? queue_.end() : std::prev(victim);
  used_ -= victim->bytes;
  at_.erase(victim->item);
  queue_.erase(victim);
}

bool Sieve::get(std::uint32_t item, std::uint32_t bytes) {
  if (const auto found = at_.find(item); found != at_.end()) {
    found->second->visited = true;
    return true;
  }
  while (used_ + bytes > capacity_) evict();
  queue_.push_front({item, bytes, false});
  at_[item] = queue_.begin();
  used_ += bytes;
  return false;
}

void S3Fifo::evict_small() {
  const std::uint32_t item = small_.front();
  small_.pop_front();
  const auto entry = entries_.find(item);
  small_used_ -= entry->second.bytes;
  if (entry->second.frequency > 0) {
    main_.push_back(item);
    main_used_ += entry->second.bytes;
    entry->second.frequency = 0;
    entry->second.main = true;
    return;
  }
  entries_.erase(entry);
  ghosts_[item] = ++ghost_number_;
  ghost_queue_.emplace_back(item, ghost_number_);
  while (ghost_queue_.size() > std::max<std::size_t>(main_.size(), 1)) {
    const auto [oldest, number] = ghost_queue_.front();
    ghost_queue_.pop_front();
    if (const auto ghost = ghosts_.find(oldest); ghost != ghosts_.end() && ghost->second == number) ghosts_.erase(ghost);
  }
}

void S3Fifo::evict_main() {
  const std::uint32_t item = main_.front();
  main_.pop_front();
  const auto entry = entries_.find(item);
  if (entry->second.frequency > 0) {
    --entry->second.frequency;
    main_.push_back(item);
    return;
  }
  main_used_ -= entry->second.bytes;
  entries_.erase(entry);
}

void S3Fifo::evict() {
  if (!small_.empty() && (small_used_ >= small_capacity_ || main_.empty())) {
    evict_small();
  } else {
    evict_main();
  }
}

bool S3Fifo::get(std::uint32_t item, std::uint32_t bytes) {
  constexpr std::uint8_t kMostFrequent = 3;
  if (const auto found = entries_.find(item); found != entries_.end()) {
    found->second.frequency = static_cast<std::uint8_t>(std::min<unsigned>(found->second.frequency + 1U, kMostFrequent));
    return true;
  }
  while (small_used_ + main_used_ + bytes > capacity_) evict();
  const bool back = ghosts_.erase(item) != 0;
  (back ? main_ : small_).push_back(item);
  (back ? main_used_ : small_used_) += bytes;
  entries_[item] = {bytes, 0, back};
  return false;
}

}  // namespace smartswitch::bench
