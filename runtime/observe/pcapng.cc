// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/observe/pcapng.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace smartswitch::observe::pcapng {
namespace {

enum class BlockType : std::uint32_t { kInterface = 1, kStatistics = 5, kPacket = 6, kSection = 0x0A0D0D0A };
constexpr std::uint32_t kByteOrderMagic = 0x1A2B3C4D;
constexpr std::uint16_t kEthernet = 1;
// Options: those of all blocks, then those of each.
constexpr std::uint16_t kComment = 1;
constexpr std::uint16_t kSectionApplication = 4;
constexpr std::uint16_t kInterfaceName = 2;
constexpr std::uint16_t kInterfaceResolution = 9;
constexpr std::uint16_t kInterfaceFilter = 11;
constexpr std::uint16_t kReceived = 4;
constexpr std::uint16_t kDropped = 5;

template <class T>
void put(Out& out, T value) {
  const auto* from = reinterpret_cast<const std::uint8_t*>(&value);
  out.insert(out.end(), from, from + sizeof value);
}
void put(Out& out, const void* bytes, std::size_t n) {
  const auto* from = static_cast<const std::uint8_t*>(bytes);
  out.insert(out.end(), from, from + n);
  out.resize((out.size() + 3) & ~std::size_t{3});  // blocks begin at multiples of four, so this pads to the same
}
void put_option(Out& out, std::uint16_t code, const void* bytes, std::size_t n) {
  put(out, code);
  put(out, static_cast<std::uint16_t>(n));
  put(out, bytes, n);
}
void put_text(Out& out, std::uint16_t code, std::string_view text) {
  if (!text.empty()) put_option(out, code, text.data(), std::min<std::size_t>(text.size(), UINT16_MAX));
}

// The length stands before and behind what is in it.
class Block {
 public:
  Block(Out& out, BlockType type) : out_(out), begin_(out.size()) {
    put(out_, static_cast<std::uint32_t>(type));
    put(out_, std::uint32_t{0});
  }
  ~Block() {
    const auto length = static_cast<std::uint32_t>(out_.size() - begin_ + sizeof(std::uint32_t));
    put(out_, length);
    std::memcpy(out_.data() + begin_ + sizeof(std::uint32_t), &length, sizeof length);
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

 private:
  Out& out_;
  std::size_t begin_;
};

void put_time(Out& out, std::int64_t time) {
  put(out, static_cast<std::uint32_t>(time >> 32));
  put(out, static_cast<std::uint32_t>(time));
}
void end_options(Out& out) { put(out, std::uint32_t{0}); }

}  // namespace

void section_header(Out& out, std::string_view application, std::string_view comment) {
  const Block block(out, BlockType::kSection);
  put(out, kByteOrderMagic);
  put(out, std::uint16_t{1});
  put(out, std::uint16_t{0});
  put(out, std::int64_t{-1});  // how long the section will be is not known
  put_text(out, kSectionApplication, application);
  put_text(out, kComment, comment);
  end_options(out);
}

void interface(Out& out, std::string_view name, std::string_view filter, std::uint32_t snaplen) {
  constexpr std::uint8_t kNanoseconds = 9;
  const Block block(out, BlockType::kInterface);
  put(out, kEthernet);
  put(out, std::uint16_t{0});
  put(out, snaplen);
  put_text(out, kInterfaceName, name);
  put_option(out, kInterfaceResolution, &kNanoseconds, 1);
  if (!filter.empty()) {
    // The first byte says what language the filter is in: 0, an expression of libpcap.
    const std::string text = '\0' + std::string(filter);
    put_text(out, kInterfaceFilter, text);
  }
  end_options(out);
}

void packet(Out& out, std::uint32_t interface, std::int64_t time, std::span<const std::uint8_t> bytes, std::uint32_t length) {
  const Block block(out, BlockType::kPacket);
  put(out, interface);
  put_time(out, time);
  put(out, static_cast<std::uint32_t>(bytes.size()));
  put(out, length);
  put(out, bytes.data(), bytes.size());
}

void statistics(Out& out, std::uint32_t interface, std::int64_t time, std::uint64_t received, std::uint64_t dropped,
                std::string_view comment) {
  const Block block(out, BlockType::kStatistics);
  put(out, interface);
  put_time(out, time);
  put_option(out, kReceived, &received, sizeof received);
  put_option(out, kDropped, &dropped, sizeof dropped);
  put_text(out, kComment, comment);
  end_options(out);
}

}  // namespace smartswitch::observe::pcapng
