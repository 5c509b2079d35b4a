// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/memcached/join_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <mutex>
#include <tuple>

#include "elements/memcached/binary_protocol.h"
#include "elements/memcached/protocol.h"
#include "elements/sdk/registry.h"

namespace smartswitch::memcached {

namespace {

int badness(ReplyKind kind) {
  switch (kind) {
    case ReplyKind::kError:
    case ReplyKind::kNone:
      return 2;
    case ReplyKind::kNotDone:
    case ReplyKind::kNotFound:
    case ReplyKind::kEnd:
      return 1;
    case ReplyKind::kValue:
    case ReplyKind::kDone:
    case ReplyKind::kInformation:
      break;
  }
  return 0;
}

}  // namespace

void JoinTable::describe(Describe<JoinTable>& d) {
  d.summary("Replies that are being put together from several servers' replies.");
  d.details(
      "For RequestSplitter, Broadcaster and ReplicaSwitch, which ask, and ReplyJoiner, which answers. All sizes are fixed: what does not "
      "find room is refused, and the client asks again.");
  d.example("joins: {class: JoinTable, memory: 16MiB}");
  d.parameter("joins", &JoinTable::joins_count_, "replies that can be waited for, rounded up to a power of two").between(16, 1 << 16);
  d.parameter("memory", &JoinTable::memory_, "memory for the parts that have come")
      .between(ByteSize{64 << 10}, ByteSize{std::uint64_t{4} << 30});
  d.parameter("timeout", &JoinTable::timeout_, "how long the last part is waited for")
      .between(Duration{1'000'000}, Duration{600'000'000'000});
  d.counter("joined", &JoinTable::joined_, "replies that were put together");
  d.counter("timed_out", &JoinTable::timed_out_, "replies that were given up because a part did not come");
  d.counter("no_room", &JoinTable::no_room_, "replies that were given up, or not begun, because the table or its memory was full");
}

void JoinTable::start(Problems&) {
  const std::uint32_t count = std::bit_ceil(joins_count_);
  joins_ = std::make_unique<Join[]>(count);
  mask_ = count - 1;
  join_bits_ = static_cast<unsigned>(std::countr_zero(count));
  const auto blocks = static_cast<std::uint32_t>(memory_.bytes / kBlockBytes);
  blocks_ = std::make_unique_for_overwrite<Block[]>(blocks);
  for (std::uint32_t i = 0; i < blocks; ++i) blocks_[i].next = i + 1 == blocks ? kNoBlock : i + 1;
  free_block_ = 0;
}

std::optional<std::uint32_t> JoinTable::open(Packet request, unsigned parts, std::int64_t now, Random& random, std::string_view note) {
  const Headers& h = request.annotations().headers;
  const std::size_t header_bytes = h.payload + sizeof(FrameHeader);
  if (header_bytes > kLongestHeaders || note.size() > kLongestKey) return std::nullopt;
  for (unsigned attempt = 0; attempt < kTries; ++attempt) {
    const std::uint32_t place = next_.fetch_add(1, std::memory_order_acq_rel) & mask_;
    Join& join = joins_[place];
    const std::lock_guard hold(join.lock);
    if (join.taken) continue;
    join.taken = true;
    join.complete = false;
    join.name = static_cast<std::uint32_t>(random.next() >> 32) << join_bits_ | place;
    join.parts = join.parts_left = parts;
    std::fill(std::begin(join.votes), std::end(join.votes), std::uint16_t{0});
    join.elected = kAllParts;
    join.elected_kind = ReplyKind::kNone;
    join.first_block = join.last_block = kNoBlock;
    join.opened = now;
    join.located = h;
    join.header_bytes = static_cast<std::uint8_t>(header_bytes);
    std::memcpy(join.headers, request.data(), header_bytes);
    join.note_bytes = static_cast<std::uint8_t>(note.size());
    note.copy(join.note, note.size());
    return join.name;
  }
  no_room_.add();
  return std::nullopt;
}

std::string_view JoinTable::note_of(std::uint32_t number, KeyBuffer& buffer) const {
  const Join& join = joins_[number & mask_];
  const std::lock_guard hold(join.lock);
  if (!join.taken || join.complete || join.name != number) return {};
  std::memcpy(buffer.bytes, join.note, join.note_bytes);
  return {buffer.bytes, join.note_bytes};
}

std::uint32_t JoinTable::take_block() {
  const std::lock_guard hold(blocks_lock_);
  const std::uint32_t block = free_block_;
  if (block != kNoBlock) free_block_ = blocks_[block].next;
  return block;
}

void JoinTable::free_blocks(std::uint32_t first, std::uint32_t last) {
  if (first == kNoBlock) return;
  const std::lock_guard hold(blocks_lock_);
  blocks_[last].next = free_block_;
  free_block_ = first;
}

JoinTable::Added JoinTable::add(const PartNumber& number, std::string_view text, std::uint16_t sequence, bool last) {
  Join& join = joins_[number.join & mask_];
  const std::lock_guard hold(join.lock);
  if (!join.taken || join.complete || join.name != number.join) return Added::kUnknown;
  std::uint8_t pieces = 0;
  do {
    const std::uint32_t index = take_block();
    if (index == kNoBlock) {
      free_blocks(join.first_block, join.last_block);
      join.taken = false;
      no_room_.add();
      return Added::kNoRoom;
    }
    Block& block = blocks_[index];
    const std::string_view piece = text.substr(0, sizeof block.text);
    text.remove_prefix(piece.size());
    block.next = kNoBlock;
    block.part = number.part;
    block.sequence = sequence;
    block.rule = number.rule;
    block.piece = pieces++;
    block.length = static_cast<std::uint16_t>(piece.size());
    std::memcpy(block.text, piece.data(), piece.size());
    (join.first_block == kNoBlock ? join.first_block : blocks_[join.last_block].next) = index;
    join.last_block = index;
  } while (!text.empty());
  if (!last) return Added::kWaiting;
  --join.parts_left;
  const bool votes = number.rule == PartRule::kFirst || number.rule == PartRule::kMajority;
  if (!(votes && elect(join, number)) && join.parts_left > 0) return Added::kWaiting;
  join.complete = true;
  return Added::kComplete;
}

ReplyKind JoinTable::kind_of(const Join& join, std::uint16_t part) const {
  for (std::uint32_t index = join.first_block; index != kNoBlock; index = blocks_[index].next) {
    const Block& block = blocks_[index];
    if (block.part == part && block.sequence == 0 && block.piece == 0) return parse_reply({block.text, block.length}).kind;
  }
  return ReplyKind::kNone;
}

// A part that is a vote has come whole. True if no other can change the result.
bool JoinTable::elect(Join& join, const PartNumber& number) const {
  const ReplyKind kind = kind_of(join, number.part);
  const auto count = [&join](ReplyKind k) -> std::uint16_t& { return join.votes[static_cast<std::size_t>(k)]; };
  const unsigned same = ++count(kind);
  const unsigned most = join.elected == kAllParts ? 0 : count(join.elected_kind);
  const bool better = number.rule == PartRule::kFirst ? join.elected == kAllParts || badness(kind) < badness(join.elected_kind)
                                                      : same > most || (same == most && badness(kind) > badness(join.elected_kind));
  if (better) {
    join.elected = number.part;
    join.elected_kind = kind;
  }
  return number.rule == PartRule::kFirst ? badness(kind) < badness(ReplyKind::kError) : 2 * same > join.parts;
}

// The part was asked with the loud form of a quiet command, so that its reply comes whatever it is: what is left of it must not tell.
void JoinTable::leave_out(ReplyKind kind, std::string& text, std::size_t start) {
  if (parse_reply(std::string_view(text).substr(start)).kind == kind) {
    text.resize(start);
  } else if (binary::is_reply(std::string_view(text).substr(start))) {
    char& opcode = text[start + offsetof(binary::Header, opcode)];
    opcode = static_cast<char>(binary::quiet_opcode(static_cast<std::uint8_t>(opcode)));
  }
}

// Applies the rule to a part's whole reply, which stands in `text` from `start` on.
void JoinTable::apply(PartRule rule, std::string& text, std::size_t start, std::size_t& first_of_many) {
  constexpr std::string_view kEnd = "END\r\n";
  const std::string_view part = std::string_view(text).substr(start);
  switch (rule) {
    case PartRule::kAsItIs:
    case PartRule::kFirst:
    case PartRule::kMajority:
      break;
    case PartRule::kWithoutEnd:
      if (part.ends_with(kEnd)) text.resize(text.size() - kEnd.size());
      break;
    case PartRule::kUnlessMissed:
      leave_out(ReplyKind::kNotFound, text, start);
      break;
    case PartRule::kUnlessDone:
      leave_out(ReplyKind::kDone, text, start);
      break;
    case PartRule::kOneOfMany:
      if (first_of_many == std::string::npos) {
        first_of_many = start;
      } else if (parse_reply(part).kind == ReplyKind::kError) {
        text.erase(first_of_many, start - first_of_many);
      } else {
        text.resize(start);
      }
      break;
  }
}

void JoinTable::take(std::uint32_t number, Assembled& assembled) {
  assembled.text.clear();
  assembled.pieces.clear();
  Join& join = joins_[number & mask_];
  std::uint32_t first = kNoBlock;
  std::uint32_t last = kNoBlock;
  std::uint16_t elected = kAllParts;
  {
    const std::lock_guard hold(join.lock);
    elected = join.elected;
    first = join.first_block;
    last = join.last_block;
    assembled.located = join.located;
    assembled.headers.assign(join.headers, join.headers + join.header_bytes);
    join.taken = false;
  }
  std::vector<std::uint32_t>& order = assembled.pieces;  // its memory serves twice
  for (std::uint32_t block = first; block != kNoBlock; block = blocks_[block].next) {
    if (elected == kAllParts || blocks_[block].part == elected) order.push_back(block);
  }
  std::sort(order.begin(), order.end(), [this](std::uint32_t a, std::uint32_t b) {
    const auto rank = [this](std::uint32_t i) { return std::tuple(blocks_[i].part, blocks_[i].sequence, blocks_[i].piece); };
    return rank(a) < rank(b);
  });
  std::size_t start = 0;
  std::size_t first_of_many = std::string::npos;
  std::size_t parts = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Block& block = blocks_[order[i]];
    assembled.text.append(block.text, block.length);
    if (i + 1 < order.size() && blocks_[order[i + 1]].part == block.part) continue;
    apply(block.rule, assembled.text, start, first_of_many);
    order[parts++] = static_cast<std::uint32_t>(start);  // never ahead of what is still to be read
    start = assembled.text.size();
  }
  order.resize(parts);
  free_blocks(first, last);
  joined_.add();
}

void JoinTable::expire(std::int64_t now) {
  if (!expiring_.try_lock()) return;
  const std::uint32_t end = next_.load(std::memory_order_acquire);
  for (std::uint32_t steps = 0; oldest_ != end && steps <= mask_; ++oldest_, ++steps) {
    Join& join = joins_[oldest_ & mask_];
    const std::lock_guard hold(join.lock);
    if (!join.taken || join.complete) continue;
    if (now - join.opened < timeout_.nanoseconds) break;
    free_blocks(join.first_block, join.last_block);
    join.taken = false;
    timed_out_.add();
  }
  expiring_.unlock();
}

SMARTSWITCH_STATE(JoinTable)

}  // namespace smartswitch::memcached
