// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "elements/load/answer_judge.h"
#include "elements/load/key_history.h"
#include "elements/load/request_choice.h"
#include "elements/load/request_writer.h"
#include "elements/load/value_sizes.h"

namespace smartswitch::load {

/// What is asked, and what the answers mean: it chooses and writes requests, keeps what is known of each key, and judges by that. Each
/// request is chosen, and then, if it is sent, written; of one that was written it has to hear that it is answered, or lost.
class Workload {
 public:
  struct Parameters {
    std::uint64_t keys;
    std::uint64_t first_key;
    std::size_t key_size;
    KeyDistribution distribution;
    ValueSizes sizes;
    double get_ratio;
    bool verify;
    std::uint64_t seed;
  };
  /// `run` tells this run's values from those of others.
  Workload(const Parameters& parameters, const RequestAddresses& addresses, std::uint32_t run)
      : first_key_(parameters.first_key),
        sizes_(parameters.sizes),
        choice_(parameters.distribution, parameters.keys, parameters.get_ratio, parameters.seed),
        writer_(addresses, parameters.key_size),
        judge_(run, parameters.first_key, parameters.key_size, parameters.verify),
        history_(parameters.keys) {}

  /// A get or a set, and of which key. False if it is a get because sets of all keys that were tried are under way.
  bool choose(UnderWay& request) {
    const RequestChoice::Choice choice = choice_.next(history_);
    request.key = choice.key;
    request.set = choice.set;
    return !choice.busy;
  }

  /// The size of its packet.
  [[nodiscard]] std::uint32_t bytes(const UnderWay& request) const {
    return static_cast<std::uint32_t>(request.set ? writer_.set_bytes(sizes_.of(number_of(request))) : writer_.get_bytes());
  }
  /// Writes it into a packet with room for bytes(). With `again`, a set repeats the last one of its key, if there was one.
  void write(Packet packet, std::uint16_t source_port, UnderWay& request, bool again) {
    const RequestWriter::Request what{source_port, request.id(), number_of(request)};
    if (request.set) {
      request.version = history_.begin_set(request.key, again);
      writer_.write_set(packet, what, judge_.stamp(request.version), sizes_.of(what.key));
    } else {
      request.oldest = history_.oldest(request.key);
      writer_.write_get(packet, what);
    }
  }

  Verdict answered(const UnderWay& request, std::string_view text) {
    const Verdict verdict = judge_.judge(request, parse_answer(text), history_);
    if (verdict == Verdict::kStored) {
      history_.acknowledged(request.key);
    } else {
      lost(request);
    }
    return verdict;
  }
  /// No answer came, or one that leaves open whether it was done.
  void lost(const UnderWay& request) {
    if (request.set) history_.unknown(request.key);
  }

  /// What that answer said, in words, and what is wrong with it.
  [[nodiscard]] std::string reason(const UnderWay& request, std::string_view text) const { return judge_.reason(request, text, history_); }

 private:
  [[nodiscard]] std::uint64_t number_of(const UnderWay& request) const { return first_key_ + request.key; }

  std::uint64_t first_key_;
  ValueSizes sizes_;
  RequestChoice choice_;
  RequestWriter writer_;
  AnswerJudge judge_;
  KeyHistory history_;
};

}  // namespace smartswitch::load
