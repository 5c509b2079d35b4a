// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "elements/sdk/describe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "elements/sdk/element.h"

namespace smartswitch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

enum class Mode : std::uint8_t { kFast, kSafe };

struct Server {
  std::string name;
  std::uint32_t weight = 1;
  static void describe(DescribeFields<Server>& d) {
    d.parameter("name", &Server::name, "what it is called").required();
    d.parameter("weight", &Server::weight, "its share").between(1, 100);
  }
};

class Store final : public State {
 public:
  static constexpr std::string_view kClass = "Store";
  static void describe(Describe<Store>& d) {
    d.summary("Keeps.");
    d.counter("kept", &Store::kept, "things kept");
  }
  Counter kept;
};

class Sample final : public Element {
 public:
  static void describe(Describe<Sample>& d) {
    d.summary("Is a sample.");
    d.details("More of it.");
    d.example("x: {class: Sample}");
    d.input<&Sample::push>("in", "packets");
    d.input<&Sample::push_numbered>("many", "packets of many");
    d.output("out", &Sample::out, "packets");
    d.output("bad", &Sample::bad, "bad packets").optional();
    d.outputs("to", &Sample::to, "packets by name").keyed_by("servers");
    d.parameter("count", &Sample::count, "how many").between(1, 64);
    d.parameter("share", &Sample::share, "how much").between(0, 1);
    d.parameter("on", &Sample::on, "whether");
    d.parameter("memory", &Sample::memory, "bytes").at_least(ByteSize{1024});
    d.parameter("wait", &Sample::wait, "time");
    d.parameter("limit", &Sample::limit, "a rate");
    d.parameter("text", &Sample::text, "a text").check([](const std::string& t) {
      return t == "evil" ? std::string("evil is refused") : "";
    });
    d.parameter("mode", &Sample::mode, {{"fast", Mode::kFast}, {"safe", Mode::kSafe}}, "how");
    d.parameter("numbers", &Sample::numbers, "a list");
    d.parameter("weights", &Sample::weights, "a map");
    d.parameter("servers", &Sample::servers, "a list of maps");
    d.parameter("mac", &Sample::mac, "an address");
    d.parameter("address", &Sample::address, "an address");
    d.parameter("address6", &Sample::address6, "an address");
    d.parameter("prefix", &Sample::prefix, "a prefix");
    d.parameter("needed", &Sample::needed, "something").required();
    d.parameter("store", &Sample::store, "where to keep it");
    d.parameter("from", &Sample::from, "a port");
    d.parameter("port", &Sample::port, "a port");
    d.source<&Sample::poll>();
    d.border();
    d.counter("seen", &Sample::seen, "packets seen");
    d.drop("wrong", &Sample::wrong, "packets that are wrong");
  }
  void push(Batch& batch) { drop(batch, wrong); }
  void push_numbered(unsigned index, Batch& batch) {
    last_index = index;
    drop(batch, wrong);
  }
  unsigned poll() { return 42; }

  int count = 8;
  double share = 0.5;
  bool on = true;
  ByteSize memory{4096};
  Duration wait{1'000'000};
  Rate limit{1000};
  std::string text = "hello";
  Mode mode = Mode::kSafe;
  std::vector<std::uint8_t> numbers = {1, 2};
  NamedList<std::uint32_t> weights = {{"a", 3}};
  std::vector<Server> servers;
  MacAddress mac;
  Ipv4Address address;
  Ipv6Address address6;
  Ipv4Prefix prefix;
  int needed = 0;
  StateRef<Store> store;
  RxQueue from;
  TxQueue port;
  Output out, bad;
  OutputArray to;
  Counter seen;
  DropReason wrong;
  unsigned last_index = 0;
};

const ElementInfo& sample_info() {
  static const ElementInfo info = [] {
    ElementInfo i;
    i.name = "Sample";
    i.create = [] { return std::make_unique<Sample>(); };
    Describe<Sample> d(i);
    Sample::describe(d);
    return i;
  }();
  return info;
}

Value with(std::vector<Value::Member> members) {
  members.emplace_back("needed", "1");
  members.emplace_back("store", "s");
  members.emplace_back("from", "p");
  members.emplace_back("port", "p");
  return Value::map(std::move(members));
}

/// What is wrong with the parameters, one line each; `sample` has what was assigned.
std::string fault(Sample& sample, const Value& values) {
  Problems problems;
  const bool good =
      assign_parameters(static_cast<Element*>(&sample), sample_info().parameters, values, "element class `Sample`", {"class"}, problems);
  EXPECT_EQ(good, problems.empty());
  std::string text;
  for (const Problem& p : problems.list()) text += p.message + (p.hint.empty() ? "" : " / " + p.hint) + "\n";
  return text;
}
std::string fault(std::vector<Value::Member> members) {
  Sample sample;
  return fault(sample, with(std::move(members)));
}

TEST(Describe, KeepsWhatWasSaid) {
  const ElementInfo& info = sample_info();
  EXPECT_EQ(info.summary, "Is a sample.");
  EXPECT_EQ(info.details, "More of it.");
  EXPECT_EQ(info.example, "x: {class: Sample}");
  EXPECT_TRUE(info.border);
  ASSERT_EQ(info.inputs.size(), 2U);
  EXPECT_EQ(info.inputs[0].group, PortGroup::kSingle);
  EXPECT_EQ(info.inputs[1].group, PortGroup::kNumbered);
  ASSERT_EQ(info.outputs.size(), 3U);
  EXPECT_FALSE(info.outputs[0].optional);
  EXPECT_TRUE(info.outputs[1].optional);
  EXPECT_EQ(info.outputs[2].group, PortGroup::kKeyed);
  EXPECT_EQ(info.outputs[2].keys, "servers");
  ASSERT_EQ(info.counters.size(), 2U);
  EXPECT_FALSE(info.counters[0].drop);
  EXPECT_TRUE(info.counters[1].drop);
}

TEST(Describe, ReachesTheObjectsParts) {
  const ElementInfo& info = sample_info();
  const std::unique_ptr<Element> element = info.create();
  auto& sample = static_cast<Sample&>(*element);
  EXPECT_EQ(info.poll(*element), 42U);
  EXPECT_EQ(&info.outputs[1].single(*element), &sample.bad);
  EXPECT_EQ(&info.outputs[2].array(*element), &sample.to);
  sample.seen.add(5);
  EXPECT_EQ(info.counters[0].get(element.get()), 5U);
  Batch batch;
  info.inputs[1].entry(element.get(), 7, batch);
  EXPECT_EQ(sample.last_index, 7U);
}

TEST(Describe, ReadsDefaultsOffTheObject) {
  const auto default_of = [](const char* name) { return sample_info().parameter(name)->default_text; };
  EXPECT_EQ(default_of("count"), "8");
  EXPECT_EQ(default_of("share"), "0.5");
  EXPECT_EQ(default_of("on"), "true");
  EXPECT_EQ(default_of("memory"), "4KiB");
  EXPECT_EQ(default_of("wait"), "1ms");
  EXPECT_EQ(default_of("limit"), "1k/s");
  EXPECT_EQ(default_of("text"), "hello");
  EXPECT_EQ(default_of("mode"), "safe");
  EXPECT_EQ(default_of("numbers"), "[1, 2]");
  EXPECT_EQ(default_of("weights"), "{a: 3}");
  EXPECT_EQ(default_of("mac"), "00:00:00:00:00:00");
  EXPECT_EQ(default_of("needed"), "");
  EXPECT_TRUE(sample_info().parameter("needed")->required);
  EXPECT_EQ(sample_info().parameter("unheard_of"), nullptr);
}

TEST(Describe, NamesTypesAndBounds) {
  const auto type_of = [](const char* name) { return sample_info().parameter(name)->type; };
  EXPECT_EQ(type_of("count"), "integer");
  EXPECT_EQ(type_of("mode"), "fast | safe");
  EXPECT_EQ(type_of("numbers"), "list of integer");
  EXPECT_EQ(type_of("weights"), "map of integer");
  EXPECT_EQ(type_of("servers"), "list of map");
  EXPECT_EQ(type_of("store"), "state Store");
  EXPECT_EQ(type_of("port"), "port");
  EXPECT_EQ(sample_info().parameter("count")->bounds, "1 to 64");
  EXPECT_EQ(sample_info().parameter("memory")->bounds, "at least 1KiB");
  EXPECT_EQ(sample_info().parameter("wait")->bounds, "");
  EXPECT_EQ(sample_info().parameter("store")->refers, Refers::kState);
  EXPECT_EQ(sample_info().parameter("store")->state_class, "Store");
  EXPECT_EQ(sample_info().parameter("from")->refers, Refers::kRxPort);
  EXPECT_EQ(sample_info().parameter("port")->refers, Refers::kTxPort);
  const auto& fields = sample_info().parameter("servers")->fields;
  ASSERT_EQ(fields.size(), 2U);
  EXPECT_EQ(fields[0].name, "name");
  EXPECT_EQ(fields[1].bounds, "1 to 100");
}

TEST(AssignParameters, StoresGoodValues) {
  Sample sample;
  EXPECT_EQ(fault(sample, with({{"class", "Sample"},
                                {"count", "0x10"},
                                {"share", "0.25"},
                                {"on", "no"},
                                {"memory", "1MiB"},
                                {"wait", "2s"},
                                {"limit", "5M/s"},
                                {"text", "a text"},
                                {"mode", "fast"},
                                {"numbers", Value::list({"7", "255"})},
                                {"weights", Value::map({{"x", "1"}, {"b", "2"}})},
                                {"servers", Value::list({Value::map({{"name", "one"}}), Value::map({{"name", "two"}, {"weight", "9"}})})},
                                {"mac", "02:00:00:00:00:01"},
                                {"address", "10.0.0.1"},
                                {"address6", "::1"},
                                {"prefix", "10.0.0.0/8"}})),
            "");
  EXPECT_EQ(sample.count, 16);
  EXPECT_EQ(sample.share, 0.25);
  EXPECT_FALSE(sample.on);
  EXPECT_EQ(sample.memory.bytes, 1048576U);
  EXPECT_EQ(sample.wait.nanoseconds, 2'000'000'000);
  EXPECT_EQ(sample.limit.per_second, 5e6);
  EXPECT_EQ(sample.text, "a text");
  EXPECT_EQ(sample.mode, Mode::kFast);
  EXPECT_THAT(sample.numbers, ElementsAre(7, 255));
  EXPECT_THAT(sample.weights, ElementsAre(Pair("x", 1U), Pair("b", 2U))) << "in the order of writing";
  ASSERT_EQ(sample.servers.size(), 2U);
  EXPECT_EQ(sample.servers[0].weight, 1U);
  EXPECT_EQ(sample.servers[1].name, "two");
  EXPECT_EQ(sample.servers[1].weight, 9U);
  EXPECT_EQ(sample.mac.bytes[5], 1);
  EXPECT_EQ(sample.address.host_order, 0x0A000001U);
  EXPECT_EQ(sample.address6.bytes[15], 1);
  EXPECT_EQ(sample.prefix.length, 8);
}

TEST(AssignParameters, RefusesWrongTypes) {
  EXPECT_THAT(fault({{"count", "many"}}), HasSubstr("`many` is not an integer from -2147483648 to 2147483647"));
  EXPECT_THAT(fault({{"count", "7x"}}), HasSubstr("`7x` is not an integer"));
  EXPECT_THAT(fault({{"count", "99999999999"}}), HasSubstr("is not an integer"));
  EXPECT_THAT(fault({{"count", ""}}), HasSubstr("is not an integer"));
  EXPECT_THAT(fault({{"count", Value::list({})}}), HasSubstr("a list is not an integer"));
  EXPECT_THAT(fault({{"count", Value::null()}}), HasSubstr("nothing is not an integer"));
  EXPECT_THAT(fault({{"share", "half"}}), HasSubstr("`half` is not a number"));
  EXPECT_THAT(fault({{"share", "nan"}}), HasSubstr("is not a number"));
  EXPECT_THAT(fault({{"on", "maybe"}}), HasSubstr("`maybe` is not a boolean"));
  EXPECT_THAT(fault({{"memory", "lots"}}), HasSubstr("`lots` is not a byte size (such as"));
  EXPECT_THAT(fault({{"wait", "5"}}), HasSubstr("`5` is not a duration (such as"));
  EXPECT_THAT(fault({{"limit", "5/min"}}), HasSubstr("is not a rate"));
  EXPECT_THAT(fault({{"text", Value::map({})}}), HasSubstr("a map is not text"));
  EXPECT_THAT(fault({{"numbers", "1"}}), HasSubstr("`1` is not a list"));
  EXPECT_THAT(fault({{"numbers", Value::list({"1", "256"})}}), HasSubstr("`256` is not an integer from 0 to 255"));
  EXPECT_THAT(fault({{"weights", Value::list({})}}), HasSubstr("a list is not a map"));
  EXPECT_THAT(fault({{"mac", "02-00"}}), HasSubstr("is not a MAC address"));
  EXPECT_THAT(fault({{"address", "10.0.0"}}), HasSubstr("is not an IPv4 address"));
  EXPECT_THAT(fault({{"address6", "10.0.0.1"}}), HasSubstr("is not an IPv6 address"));
  EXPECT_THAT(fault({{"prefix", "10.0.0.1/8"}}), HasSubstr("is not an IPv4 prefix without host bits"));
  EXPECT_THAT(fault({{"store", Value::list({})}}), HasSubstr("a list is not a name"));
}

TEST(AssignParameters, RefusesWhatIsOutOfBounds) {
  EXPECT_THAT(fault({{"count", "0"}}), HasSubstr("`0` is out of bounds: 1 to 64"));
  EXPECT_THAT(fault({{"count", "65"}}), HasSubstr("`65` is out of bounds"));
  EXPECT_EQ(fault({{"count", "1"}}), "");
  EXPECT_EQ(fault({{"count", "64"}}), "");
  EXPECT_THAT(fault({{"share", "1.01"}}), HasSubstr("out of bounds: 0 to 1"));
  EXPECT_THAT(fault({{"memory", "1023"}}), HasSubstr("`1023B` is out of bounds: at least 1KiB"));
  EXPECT_THAT(fault({{"text", "evil"}}), HasSubstr("evil is refused"));
}

TEST(AssignParameters, SuggestsWhatWasMeant) {
  EXPECT_EQ(fault({{"cuont", "1"}}), "element class `Sample` has no parameter `cuont` / did you mean `count`?\n");
  EXPECT_THAT(fault({{"elephant", "1"}}), HasSubstr("has no parameter `elephant` / it takes `count`, `share`"));
  EXPECT_EQ(fault({{"mode", "fats"}}), "`fats` is not one of fast | safe / did you mean `fast`?\n");
  EXPECT_THAT(fault({{"servers", Value::list({Value::map({{"name", "x"}, {"wieght", "1"}})})}}),
              HasSubstr("this map has no parameter `wieght` / did you mean `weight`?"));
}

TEST(AssignParameters, ReportsWhatIsMissing) {
  Sample sample;
  EXPECT_THAT(fault(sample, Value::map({})), HasSubstr("element class `Sample` needs the parameter `needed` / something (integer)"));
  EXPECT_THAT(fault({{"servers", Value::list({Value::map({})})}}),
              HasSubstr("this map needs the parameter `name` / what it is called (text)"));
}

TEST(AssignParameters, ReportsAllFaultsAtTheirPlaces) {
  Sample sample;
  Problems problems;
  const Value values = Value::map(
      {
          {"count", Value("0", {"f.yaml", 2, 10})},
          {"nonsense", Value("0", {"f.yaml", 3, 13}), {"f.yaml", 3, 3}},
          {"wait", Value("x", {"f.yaml", 4, 9})},
          {"store", "s"},
          {"from", "p"},
          {"port", "p"},
      },
      {"f.yaml", 1, 5});
  EXPECT_FALSE(assign_parameters(static_cast<Element*>(&sample), sample_info().parameters, values, "x", {}, problems));
  std::vector<std::uint32_t> lines;
  for (const Problem& p : problems.list()) lines.push_back(p.where.line);
  EXPECT_THAT(lines, ElementsAre(2, 3, 4, 1)) << "the missing one is reported at the whole map";
  EXPECT_EQ(problems.list()[1].where.column, 3U) << "an unknown parameter is reported at its name";
}

class Surroundings final : public Environment {
 public:
  State& state(const std::string& name) override {
    asked.push_back("state " + name);
    return store;
  }
  RxQueue rx_queue(const std::string& port, std::optional<std::uint16_t> queue) override {
    asked.push_back("rx " + port + " " + (queue ? std::to_string(*queue) : "any"));
    return {3, 1};
  }
  TxQueue tx_queue(const std::string& port) override {
    asked.push_back("tx " + port);
    return {4, 2};
  }
  Store store;
  std::vector<std::string> asked;
};

TEST(Bind, AsksForWhatParametersReferTo) {
  Surroundings surroundings;
  Sample sample;
  Element* element = &sample;
  EXPECT_FALSE(sample.store);
  sample_info().parameter("store")->bind(element, "hot", surroundings);
  sample_info().parameter("from")->bind(element, "clients", surroundings);
  sample_info().parameter("from")->bind(element, "clients.1", surroundings);
  sample_info().parameter("from")->bind(element, "clients.x", surroundings);
  sample_info().parameter("port")->bind(element, "servers", surroundings);
  EXPECT_THAT(surroundings.asked, ElementsAre("state hot", "rx clients any", "rx clients 1", "rx clients.x any", "tx servers"));
  EXPECT_EQ(&*sample.store, &surroundings.store);
  EXPECT_EQ(sample.from.port_id, 3);
  EXPECT_EQ(sample.port.queue_id, 2);
  EXPECT_FALSE(sample_info().parameter("count")->bind);
}

TEST(Registry, KnowsRoomsByFolder) {
  EXPECT_EQ(detail::room_of("/src/smartswitch/elements/basic/queue.cc"), "basic");
  EXPECT_EQ(detail::room_of("basic/queue.cc"), "basic");
  EXPECT_EQ(detail::room_of("queue.cc"), "own");
}

TEST(Registry, FindsByExactName) {
  EXPECT_EQ(Registry::instance().element("No such thing"), nullptr);
  EXPECT_EQ(Registry::instance().state("No such thing"), nullptr);
  const auto elements = Registry::instance().elements();
  for (std::size_t i = 0; i < elements.size(); ++i) {
    EXPECT_EQ(Registry::instance().element(elements[i]->name), elements[i]);
    if (i > 0) {
      EXPECT_LT(elements[i - 1]->name, elements[i]->name);
    }
  }
}

TEST(RegistryDeathTest, RefusesTwoClassesOfOneName) {
  const auto add = [] {
    auto info = std::make_unique<ElementInfo>();
    info->name = "TwiceThere";
    Registry::instance().add(std::move(info));
  };
  EXPECT_DEATH(
      {
        add();
        add();
      },
      "two classes are called TwiceThere");
}

}  // namespace
}  // namespace smartswitch
