// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

namespace smartswitch::load {

/// Bytes that come at one end and go at the other. They are moved together only when room is short.
class ByteQueue {
 public:
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] std::string_view bytes() const { return {memory_.data() + begin_, end_ - begin_}; }

  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(room(bytes.size()), bytes.data(), bytes.size());
    end_ += bytes.size();
  }
  /// Where `bytes` more can be written; then added() says how many were.
  char* room(std::size_t bytes) {
    if (memory_.size() - end_ < bytes) {
      if (begin_ > 0) std::memmove(memory_.data(), memory_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
      if (memory_.size() - end_ < bytes) memory_.resize(std::max(end_ + bytes, 2 * memory_.size()));
    }
    return memory_.data() + end_;
  }
  void added(std::size_t bytes) { end_ += bytes; }
  void remove(std::size_t bytes) {
    begin_ += bytes;
    if (begin_ == end_) begin_ = end_ = 0;
  }

 private:
  std::vector<char> memory_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace smartswitch::load
