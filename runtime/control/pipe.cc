// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/pipe.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace smartswitch::runtime::control {
namespace {

constexpr std::size_t kMostHeld = std::size_t{4} << 20;

}  // namespace

class Pipe::Reader final : public BodySource {
 public:
  explicit Reader(std::shared_ptr<Pipe> pipe) : pipe_(std::move(pipe)) {}
  ~Reader() override { pipe_->leave(); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  std::optional<std::string> next(std::size_t at_most) override { return pipe_->read(at_most); }

 private:
  std::shared_ptr<Pipe> pipe_;
};

std::shared_ptr<BodySource> Pipe::reader(std::shared_ptr<Pipe> pipe) { return std::make_shared<Reader>(std::move(pipe)); }

bool Pipe::write(std::string_view bytes) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return left_ || bytes_.size() - read_ < kMostHeld; });
  if (left_) return false;
  bytes_.append(bytes);
  return true;
}

void Pipe::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

bool Pipe::wait_left(Duration at_most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::nanoseconds(at_most.nanoseconds), [this] { return left_; });
}

void Pipe::leave() {
  const std::lock_guard lock(mutex_);
  left_ = true;
  changed_.notify_all();
}

std::optional<std::string> Pipe::read(std::size_t at_most) {
  const std::lock_guard lock(mutex_);
  std::string piece = bytes_.substr(read_, at_most);
  read_ += piece.size();
  if (read_ == bytes_.size()) {
    bytes_.clear();
    read_ = 0;
  }
  changed_.notify_all();
  if (piece.empty() && closed_) return std::nullopt;
  return piece;
}

}  // namespace smartswitch::runtime::control
