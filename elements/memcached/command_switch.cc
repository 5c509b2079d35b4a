// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <array>

#include "elements/memcached/command_set.h"
#include "elements/memcached/datagram.h"
#include "elements/sdk/element.h"

namespace smartswitch::memcached {

class CommandSwitch final : public Element {
 public:
  static void describe(Describe<CommandSwitch>& d) {
    d.summary("Sorts requests by their command.");
    d.details(
        R"(Each name in `commands` is an output, with the commands that leave through it: by the words of the text protocol, whatever protocol a request
is in, as for a CommandFilter (`get`, `set`, `delete`, `mg`, `sasl`, `unknown`, ...). So deletes can go to all pools and gets to the nearest one, or touches to a
pool of their own. What only has to be told apart as read or write, a MemcachedClassifier has done already.

The command is the one that a MemcachedClassifier has found. Requests with several keys or commands leave through `other`: a RequestSplitter makes one
of each. mcrouter calls this OperationSelectorRoute.)");
    d.example(R"(by_command: {class: CommandSwitch, commands: {deletes: [delete, md], counters: [incr, decr, ma]}}
# connections: [by_command.deletes -> to_all, by_command.counters -> choose_counter_server, by_command.other -> choose])");
    d.input<&CommandSwitch::push>("in", "requests, classified");
    d.outputs("out", &CommandSwitch::outs_, "requests with one of the commands of this name").keyed_by("commands");
    d.output("other", &CommandSwitch::other_, "requests with other commands, or several of them, and what is no request");
    d.parameter("commands", &CommandSwitch::commands_, "name of the output: list of commands").required();
  }

  void validate(Problems& problems) const override {
    CommandSet taken;
    for (const auto& [output, commands] : commands_) {
      if (output == "other") problems.add({}, "no output for commands can be called `other`", "it is the one for all other commands");
      if (commands.bits == 0) problems.add({}, fmt::format("`{}` has no commands", output), "give it some, or leave it out");
      if (const CommandSet twice{taken.bits & commands.bits}; twice.bits != 0)
        problems.add(
            {}, fmt::format("of the commands of `{}`, {} are another output's already", output, ParameterType<CommandSet>::format(twice)));
      taken.bits |= commands.bits;
    }
  }

  void start(Problems&) override {
    output_of_.fill(kOther);
    for (std::size_t output = 0; output < commands_.size(); ++output) {
      for (unsigned command = 0; command < output_of_.size(); ++command) {
        if (commands_[output].second.has(command)) output_of_[command] = static_cast<std::uint8_t>(output);
      }
    }
  }

  void push(Batch& batch) {
    Batch others;
    for (const Packet packet : batch) {
      const std::uint8_t output = output_for(packet);
      if (output == kOther) {
        others.add(packet);
      } else {
        outs_.add(output, packet);
      }
    }
    batch.release();
    outs_.flush();
    other_.push(others);
  }

 private:
  static constexpr std::uint8_t kOther = 0xFF;

  [[nodiscard]] std::uint8_t output_for(Packet packet) const {
    const Annotations& a = packet.annotations();
    const auto verb = static_cast<Verb>(a.verb);
    if (verb == Verb::kNone || (a.flags & kSeveral) != 0) return kOther;
    if (verb != Verb::kAdmin) return output_of_[numbers_.of(verb)];
    const auto datagram = read_datagram(packet, locate_headers(packet));
    return datagram ? output_of_[numbers_.of(parse_request(datagram->text), datagram->text)] : kOther;
  }

  NamedList<CommandSet> commands_;
  CommandNumbers numbers_;
  std::array<std::uint8_t, 64> output_of_{};
  OutputArray outs_;
  Output other_;
};

SMARTSWITCH_ELEMENT(CommandSwitch)

}  // namespace smartswitch::memcached
