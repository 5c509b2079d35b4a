// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// Element and state classes of every shape the graph must understand. They move no packets: the graph only reads what they declare.
#include "elements/sdk/element.h"

namespace smartswitch {
namespace {

class TestState final : public State {
 public:
  static constexpr std::string_view kClass = "TestState";
  static void describe(Describe<TestState>& d) {
    d.summary("A state object for tests.");
    d.parameter("memory", &TestState::memory_, "how much").at_least({1024});
  }

 private:
  ByteSize memory_{1024};
};
SMARTSWITCH_STATE(TestState)

class TestOtherState final : public State {
 public:
  static constexpr std::string_view kClass = "TestOtherState";
  static void describe(Describe<TestOtherState>& d) { d.summary("A state object of another class."); }
};
SMARTSWITCH_STATE(TestOtherState)

class TestSource final : public Element {
 public:
  static void describe(Describe<TestSource>& d) {
    d.summary("A source for tests.");
    d.output("out", &TestSource::out_, "packets");
    d.parameter("rate", &TestSource::rate_, "packets a second");
    d.source<&TestSource::poll>();
  }
  unsigned poll() { return 0; }

 private:
  Rate rate_{1000};
  Output out_;
};
SMARTSWITCH_ELEMENT(TestSource)

class TestAsker final : public Element {
 public:
  static void describe(Describe<TestAsker>& d) {
    d.summary("Asks, and waits for the answer.");
    d.input<&TestAsker::push>("in", "packets");
    d.input<&TestAsker::push>("answers", "answers").leads_to({"out"});
    d.output("ask", &TestAsker::ask_, "questions");
    d.output("out", &TestAsker::out_, "answers");
  }
  void push(Batch& batch) { batch.free_all(); }

 private:
  Output ask_, out_;
};
SMARTSWITCH_ELEMENT(TestAsker)

class TestTimerSource final : public Element {
 public:
  static void describe(Describe<TestTimerSource>& d) {
    d.summary("A source that is driven by a timer.");
    d.output("out", &TestTimerSource::out_, "packets");
  }

 private:
  Output out_;
};
SMARTSWITCH_ELEMENT(TestTimerSource)

class TestPoll final : public Element {
 public:
  static void describe(Describe<TestPoll>& d) {
    d.summary("Polls a device queue.");
    d.output("out", &TestPoll::out_, "packets");
    d.parameter("port", &TestPoll::queue_, "where from");
    d.source<&TestPoll::poll>();
  }
  unsigned poll() { return 0; }

 private:
  RxQueue queue_;
  Output out_;
};
SMARTSWITCH_ELEMENT(TestPoll)

class TestSend final : public Element {
 public:
  static void describe(Describe<TestSend>& d) {
    d.summary("Sends to a device.");
    d.input<&TestSend::push>("in", "packets");
    d.parameter("port", &TestSend::queue_, "where to");
  }
  void push(Batch& batch) { batch.free_all(); }

 private:
  TxQueue queue_;
};
SMARTSWITCH_ELEMENT(TestSend)

class TestSink final : public Element {
 public:
  static void describe(Describe<TestSink>& d) {
    d.summary("A sink for tests.");
    d.input<&TestSink::push>("in", "packets");
  }
  void push(Batch& batch) { batch.free_all(); }
};
SMARTSWITCH_ELEMENT(TestSink)

class TestFilter final : public Element {
 public:
  static void describe(Describe<TestFilter>& d) {
    d.summary("One input, one output that must be connected, one that may be.");
    d.input<&TestFilter::push>("in", "packets");
    d.output("out", &TestFilter::out_, "what fits");
    d.output("rest", &TestFilter::rest_, "what does not").optional();
    d.parameter("limit", &TestFilter::limit_, "how many").between(1, 64);
    d.parameter("least", &TestFilter::least_, "not more than `limit`");
    d.parameter("delay", &TestFilter::delay_, "how long");
    d.parameter("mac", &TestFilter::mac_, "an address");
  }
  void validate(Problems& problems) const override {
    if (least_ > limit_) problems.add({}, "`least` is more than `limit`", "raise `limit`");
  }
  void push(Batch& batch) { out_.push(batch); }

 private:
  unsigned limit_ = 10;
  unsigned least_ = 0;
  Duration delay_{};
  MacAddress mac_;
  Output out_;
  Output rest_;
};
SMARTSWITCH_ELEMENT(TestFilter)

class TestShared final : public Element {
 public:
  static void describe(Describe<TestShared>& d) {
    d.summary("Refers to a state object.");
    d.input<&TestShared::push>("in", "packets");
    d.output("out", &TestShared::out_, "packets");
    d.parameter("state", &TestShared::state_, "what it shares");
  }
  void push(Batch& batch) { out_.push(batch); }

 private:
  StateRef<TestState> state_;
  Output out_;
};
SMARTSWITCH_ELEMENT(TestShared)

class TestTwoIn final : public Element {
 public:
  static void describe(Describe<TestTwoIn>& d) {
    d.summary("Two inputs.");
    d.input<&TestTwoIn::left>("left", "packets");
    d.input<&TestTwoIn::right>("right", "packets");
    d.output("out", &TestTwoIn::out_, "packets");
  }
  void left(Batch& batch) { out_.push(batch); }
  void right(Batch& batch) { out_.push(batch); }

 private:
  Output out_;
};
SMARTSWITCH_ELEMENT(TestTwoIn)

class TestFan final : public Element {
 public:
  static void describe(Describe<TestFan>& d) {
    d.summary("As many outputs as are connected.");
    d.input<&TestFan::push>("in", "packets");
    d.outputs("out", &TestFan::outs_, "packets");
  }
  void push(Batch& batch) { outs_[0].push(batch); }

 private:
  OutputArray outs_;
};
SMARTSWITCH_ELEMENT(TestFan)

class TestJoin final : public Element {
 public:
  static void describe(Describe<TestJoin>& d) {
    d.summary("As many inputs as are connected.");
    d.input<&TestJoin::push>("in", "packets");
    d.output("out", &TestJoin::out_, "packets");
  }
  void push(unsigned, Batch& batch) { out_.push(batch); }

 private:
  Output out_;
};
SMARTSWITCH_ELEMENT(TestJoin)

class TestKeyed final : public Element {
 public:
  static void describe(Describe<TestKeyed>& d) {
    d.summary("An output for each of its rules, and one for the others.");
    d.input<&TestKeyed::push>("in", "packets");
    d.outputs("rule", &TestKeyed::outs_, "packets that match").keyed_by("rules");
    d.output("other", &TestKeyed::other_, "the others");
    d.parameter("rules", &TestKeyed::rules_, "names and patterns").required();
  }
  void push(Batch& batch) { other_.push(batch); }

 private:
  NamedList<std::string> rules_;
  OutputArray outs_;
  Output other_;
};
SMARTSWITCH_ELEMENT(TestKeyed)

class TestQueue final : public Element {
 public:
  static void describe(Describe<TestQueue>& d) {
    d.summary("A border between workers.");
    d.input<&TestQueue::push>("in", "packets");
    d.output("out", &TestQueue::out_, "packets");
    d.source<&TestQueue::poll>();
    d.border();
  }
  void push(Batch& batch) { batch.free_all(); }
  unsigned poll() { return 0; }

 private:
  Output out_;
};
SMARTSWITCH_ELEMENT(TestQueue)

}  // namespace
}  // namespace smartswitch
