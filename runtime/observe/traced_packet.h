// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// A trace as it is told: plain data, and two ways to write it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "elements/sdk/annotation_words.h"
#include "runtime/observe/packet_fields.h"

namespace smartswitch::observe {

struct Rise {
  std::string name;
  std::int64_t by = 0;
};

struct Change {
  std::string name;
  std::string before;  ///< empty: it was not there
  std::string after;
};

/// What became of a packet in an element.
enum class Fate : std::uint8_t {
  kPassed,  ///< it, or what was made of it, went on
  kSent,    ///< it left the graph
  kDropped,
  kHeld,      ///< it is there still
  kConsumed,  ///< it has served its purpose
  kUnknown,   ///< the element does not say; or no more could be noted
};
std::string_view name_of(Fate fate);

/// A way by which it left an element.
struct Exit {
  std::string output;
  bool made = false;            ///< it is no copy, but made by the element because of what came
  std::string summary;          ///< for those: what it is, as packet_line() says it
  std::vector<Change> changes;  ///< for others: what the element did to it
};

/// A packet in an element.
struct Visit {
  std::string element;
  std::string element_class;
  std::string worker;
  std::string input;
  std::string from;            ///< the edge that it came by: "classify.get"
  bool made = false;           ///< made by the element before: a reply, a piece
  std::int64_t after_ns = 0;   ///< since the packet was picked
  std::int64_t took_ns = 0;    ///< in the element and all that it went on to
  std::vector<Rise> counters;  ///< that went up because of it
  Fate fate = Fate::kUnknown;
  std::string reason;  ///< for kDropped: "over_budget", or "output `other` leads nowhere"
  std::string help;    ///< for kDropped: what the element says of that reason
  std::vector<Exit> exits;
  std::vector<AnnotationWord> annotations;  ///< as it came
  std::uint32_t length = 0;
  std::vector<std::uint8_t> bytes;  ///< as it came; empty unless asked for
};

struct TracedPacket {
  unsigned number = 0;  ///< from 1
  std::string element;  ///< that it was picked behind
  std::string element_class;
  std::string worker;
  std::int64_t wall_ns = 0;   ///< since 1970
  std::string summary;        ///< packet_line()
  std::vector<Visit> visits;  ///< in the order of time
};

struct TraceResult {
  std::vector<TracedPacket> packets;
  unsigned asked = 0;
  bool timed = true;           ///< false if it was only tried out, so that times mean nothing
  std::uint64_t left_out = 0;  ///< visits for which there was no room
};

/// A block a packet, a line an element. With `colour`, ANSI escapes.
std::string trace_text(const TraceResult& result, bool colour);
/// One object; its fields are those of the structures above.
std::string trace_json(const TraceResult& result);

}  // namespace smartswitch::observe
