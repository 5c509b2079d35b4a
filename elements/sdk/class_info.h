// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// What is known of a class of elements or state objects: what the graph checks files against, `smartswitch describe` prints and the control
// API calls. Made from what the class declares (describe.h); does not change once the program has started.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "elements/sdk/handler.h"
#include "elements/sdk/histogram.h"
#include "elements/sdk/output.h"
#include "elements/sdk/parameter.h"

namespace smartswitch {

class Element;

/// Gives parameters what only the runtime has. Called on the thread that builds the graph, before any worker runs.
class Environment {
 public:
  virtual ~Environment() = default;
  /// The state object called `name`: the graph has checked that it exists and has the right class.
  virtual State& state(const std::string& name) = 0;
  virtual RxQueue rx_queue(const std::string& port, std::optional<std::uint16_t> queue) = 0;
  virtual TxQueue tx_queue(const std::string& port) = 0;
};

/// What a parameter refers to, so that the graph can check the name.
enum class Refers : std::uint8_t { kNothing, kState, kRxPort, kTxPort };

struct ParameterInfo {
  std::string name;
  std::string type;
  std::string help;
  std::string default_text;  ///< as it would be written; empty if required, or if there is none
  std::string bounds;        ///< such as "1 to 64"; empty if none
  bool required = false;
  Refers refers = Refers::kNothing;
  std::string state_class;            ///< for kState
  std::vector<ParameterInfo> fields;  ///< for a map, or a list of maps, with fixed keys
  /// Checks `value` and stores it in `object`. False, with the reasons in `problems`, if it does not fit.
  std::function<bool(void* object, const Value& value, Problems& problems)> assign;
  /// For parameters that refer to something: resolves the name in `value`.
  std::function<void(void* object, const Value& value, Environment& environment)> bind;
};

/// One port, or a group of ports of one name.
enum class PortGroup : std::uint8_t {
  kSingle,
  kNumbered,  ///< 0, 1, ...: as many as are connected
  kKeyed,     ///< named after the keys of a map parameter, or the items of a list parameter
};

struct InputInfo {
  std::string name;
  std::string help;
  PortGroup group = PortGroup::kSingle;
  std::string keys;  ///< for kKeyed: the parameter's name
  /// Outputs that its packets, or others because of them, leave through within the call; not set: any.
  std::optional<std::vector<std::string>> leads_to;
  Entry entry = nullptr;
};

struct OutputInfo {
  std::string name;
  std::string help;
  PortGroup group = PortGroup::kSingle;
  std::string keys;
  bool optional = false;  ///< may stay unconnected: then its packets are dropped and counted
  std::function<Output&(Element&)> single;
  std::function<OutputArray&(Element&)> array;
};

struct CounterInfo {
  std::string name;
  std::string help;
  bool drop = false;  ///< a reason for dropping packets
  std::function<std::uint64_t(const void* object)> get;
};

struct HistogramInfo {
  std::string name;
  std::string help;
  std::function<const DurationHistogram&(const Element&)> get;
};

/// Everything a class says of itself; `create` makes one with its defaults.
struct ClassInfo {
  std::string name;
  std::string room;  ///< where it lives: "basic", "memcached", ...
  std::string summary;
  std::string details;
  std::string example;
  std::vector<ParameterInfo> parameters;
  std::vector<CounterInfo> counters;
  std::vector<HandlerInfo> handlers;

  [[nodiscard]] const HandlerInfo* handler(std::string_view handler_name) const {
    for (const HandlerInfo& h : handlers) {
      if (h.name == handler_name) return &h;
    }
    return nullptr;
  }
  [[nodiscard]] const ParameterInfo* parameter(std::string_view parameter_name) const {
    for (const ParameterInfo& p : parameters) {
      if (p.name == parameter_name) return &p;
    }
    return nullptr;
  }
};

struct ElementInfo : ClassInfo {
  std::vector<InputInfo> inputs;
  std::vector<OutputInfo> outputs;
  std::vector<HistogramInfo> histograms;
  /// Brings packets into the pipeline; returns how many it handled in this round. Null if the element is no source.
  unsigned (*poll)(Element&) = nullptr;
  bool border = false;   ///< its inputs and its poll() may belong to different workers (Queue)
  bool outside = false;  ///< it opens files or sockets, apart from the ports of the file
  std::function<std::unique_ptr<Element>()> create;
};

/// Who is foremost in something: keys that are asked for most, say.
struct Ranked {
  std::string name;
  double share = 0;  ///< 0 to 1
};
struct RankingInfo {
  std::string name;
  std::string help;
  std::function<std::vector<Ranked>(const void* object)> get;  ///< best first
};

struct StateInfo : ClassInfo {
  std::vector<RankingInfo> rankings;
  std::function<std::unique_ptr<State>()> create;
};

/// Assigns every member of the map `values` to the parameter of that name and reports all faults: unknown names (with the nearest known
/// one), wrong types and bounds, names given twice, required ones that are missing. `what` is spoken of in messages, such as
/// "element class `Queue`". Names in `ignore` (such as "class") are passed over. True if there was no fault.
bool assign_parameters(void* object, const std::vector<ParameterInfo>& parameters, const Value& values, std::string_view what,
                       const std::vector<std::string>& ignore, Problems& problems);

namespace detail {

/// Splits "clients.1" into the port's name and the queue's number.
std::pair<std::string, std::optional<std::uint16_t>> port_and_queue(std::string_view text);

}  // namespace detail

}  // namespace smartswitch
