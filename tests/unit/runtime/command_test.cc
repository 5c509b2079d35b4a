// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The program as a shell would run it: exit codes, what goes where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/runtime/command_fixture.h"

namespace smartswitch {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kGood = R"(smartswitch: 1
elements:
  source: {class: Source, count: "${COUNT:-100}"}
  count: {class: Counter}
  end: {class: Discard}
connections:
  - source -> count -> end
)";
constexpr const char* kBad = R"(smartswitch: 1
elements:
  source: {class: Sourc}
  end: {class: Discard}
connections:
  - source -> end
)";

TEST_F(CommandTest, ChecksAFile) {
  const Result good = run("check " + file("good.yaml", kGood));
  EXPECT_EQ(good.exit_code, 0);
  EXPECT_EQ(good.out, "ok: 3 elements, 2 connections, 0 state objects, 0 ports, 1 worker\n");
  EXPECT_THAT(good.err, IsEmpty());

  const std::string bad = file("bad.yaml", kBad);
  const Result wrong = run("check " + bad);
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.out, IsEmpty());
  EXPECT_THAT(wrong.err, HasSubstr(bad + ":3:"));
  EXPECT_THAT(wrong.err, HasSubstr("did you mean `Source`?"));
  EXPECT_THAT(wrong.err, Not(HasSubstr("\x1b")));
}

TEST_F(CommandTest, RunsUntilIdleAndSumsUpAsJson) {
  const Result result = run("run " + file("good.yaml", kGood) + " --set COUNT=250 --until-idle 100ms --json --stats 20ms");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["elements"]["count"]["counters"]["packets"], 250);
  EXPECT_EQ(json["packets"]["unaccounted"], 0);
  EXPECT_THAT(result.err, HasSubstr(" s: in "));
}

TEST_F(CommandTest, TakesVariablesFromTheEnvironment) {
  const Result result = run("run " + file("good.yaml", kGood) + " --until-idle 100ms --json", "COUNT=33");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(nlohmann::json::parse(result.out)["elements"]["count"]["counters"]["packets"], 33);
}

TEST_F(CommandTest, StopsInOrderOnSignals) {
  for (const char* signal : {"INT", "TERM"}) {
    // The shell ends with the switch's exit code; the switch is told to stop once it says that it runs.
    const std::string log = folder_ / (std::string("log") + signal);
    const std::string script = file("signal.sh", R"(program=$1; file=$2; log=$3; signal=$4
"$program" run "$file" 2>"$log" &
pid=$!
until grep -q 'Ctrl-C stops' "$log"; do kill -0 $pid || exit 99; done
kill -$signal $pid
wait $pid
)");
    const std::string program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "smartswitch";
    const std::string out = folder_ / "out";
    // dash starts background jobs with SIGINT ignored; the program blocks and takes it all the same.
    const int status =
        std::system(("sh " + script + " " + program + " " + file("good.yaml", kGood) + " " + log + " " + signal + " >" + out).c_str());
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0) << signal << read(log);
    EXPECT_THAT(read(out), HasSubstr("dropped, 0 held; pool: 0 of")) << signal;
  }
}

TEST_F(CommandTest, SaysWhenADeviceRefuses) {
  const std::string path = file("device.yaml", R"(smartswitch: 1
ports:
  a: {device: "net_af_packet0,iface=nosuchif0"}
elements:
  rx: {class: PollDevice, port: a}
  end: {class: Discard}
connections:
  - rx -> end
)");
  const Result result = run("run " + path);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr(path + ":3:"));
  EXPECT_THAT(result.err, HasSubstr("no interface called `nosuchif0`"));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST_F(CommandTest, LoadsElementsBuiltOutsideTheTree) {
  const std::filesystem::path build = std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path();
  const std::string module = build / "examples/own_element/own_element.so";
  const std::string pipeline = SMARTSWITCH_SOURCE_DIR "/examples/own_element/pipeline.yaml";
  EXPECT_THAT(run("check " + pipeline).err, HasSubstr("`Thin`"));
  const Result result = run("run " + pipeline + " --load " + module + " --until-idle 100ms --json");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["elements"]["count"]["counters"]["packets"], 250);
  EXPECT_EQ(json["elements"]["thin"]["drops"]["thinned"], 750);
  EXPECT_THAT(run("describe Thin --load " + module).out, HasSubstr("keep_one_in"));
}

TEST_F(CommandTest, TellsWrongUsage) {
  const std::string good = file("good.yaml", kGood);
  for (const std::string& arguments :
       {std::string(""), std::string("fly"), "run " + good + " --for soon", "run " + good + " --huge-pages maybe",
        "check " + good + " --set x", "graph " + good + " -o picture.bmp", std::string("describe"), std::string("describe Quue"),
        std::string("list nothing")}) {
    EXPECT_EQ(run(arguments).exit_code, 2) << arguments;
  }
  EXPECT_EQ(run("check " + file("no.so.yaml", kGood) + " --load no/such.so").exit_code, 3);
}

TEST_F(CommandTest, HelpsAndTellsItsVersion) {
  const Result help = run("--help");
  EXPECT_EQ(help.exit_code, 0);
  for (const char* word : {"run", "check", "graph", "list", "describe", "where", "import-twemproxy", "Exit codes", "Examples"})
    EXPECT_THAT(help.out, HasSubstr(word));
  const Result version = run("--version");
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.out, StartsWith("smartswitch "));
  EXPECT_THAT(version.out, HasSubstr("-march="));
  EXPECT_THAT(version.out, HasSubstr("DPDK "));
}

TEST_F(CommandTest, Draws) {
  const std::string good = file("good.yaml", kGood);
  const Result dot = run("graph " + good);
  EXPECT_EQ(dot.exit_code, 0);
  EXPECT_THAT(dot.out, HasSubstr("digraph"));
  const std::string picture = folder_ / "picture.svg";
  // Without Graphviz the program says how to get it.
  const Result missing = run("graph " + good + " -o " + picture, "PATH=" + folder_.string());
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_THAT(missing.err, HasSubstr("apt install graphviz"));
  EXPECT_EQ(run("graph " + good + " -o " + picture).exit_code, 0);
  EXPECT_THAT(read(picture), HasSubstr("<svg"));
}

TEST_F(CommandTest, ListsAndDescribesClasses) {
  const Result list = run("list");
  EXPECT_EQ(list.exit_code, 0);
  EXPECT_THAT(list.out, HasSubstr("Queue"));
  const Result queue = run("describe Queue");
  EXPECT_EQ(queue.exit_code, 0);
  for (const char* word : {"Queue", "Inputs", "Outputs", "capacity", "default 1024", "full", "Example"})
    EXPECT_THAT(queue.out, HasSubstr(word));
  const Result page = run("describe --all --markdown");
  EXPECT_EQ(page.exit_code, 0);
  EXPECT_THAT(page.out, StartsWith("# Element reference"));
  EXPECT_THAT(page.out, HasSubstr("### Queue"));
  EXPECT_THAT(page.out, HasSubstr("[Queue](#queue)"));
}

}  // namespace
}  // namespace smartswitch
