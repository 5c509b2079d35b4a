// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/runtime/command_fixture.h"

namespace smartswitch {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class WhereTest : public CommandTest {
 protected:
  std::string pipeline(const std::string& state) {
    return file("where.yaml", "smartswitch: 1\nstate:\n" + state +
                                  "elements:\n  source: {class: Source, count: 1}\n  end: Discard\nconnections: [source -> end]\n");
  }
  Result ask(const std::string& keys, const std::string& arguments) { return run("where " + arguments, "printf '" + keys + "' |"); }

  static constexpr const char* kPool =
      "  one: {class: BackendPool, distribution: modula, hash: fnv1a_32, servers: [{name: mc0}, {name: mc1}]}\n";
  static constexpr const char* kPinned = "  two: {class: BackendPool, keys: {a: mc9}, servers: [{name: mc8}, {name: mc9}]}\n";
};

TEST_F(WhereTest, NamesTheServerOfEachKey) {
  // The FNV-1a of `a` is even, that of `apple` odd (key_hashes_test.cc).
  const Result result = ask("a\\napple\\nk\\351y", pipeline(kPool));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "a mc0\napple mc1\nk\351y mc0\n");
  EXPECT_THAT(result.err, IsEmpty());
}

TEST_F(WhereTest, AsksWhichPoolIsMeant) {
  const std::string both = pipeline(std::string(kPool) + kPinned);
  EXPECT_EQ(ask("a\\n", both + " --pool two").out, "a mc9\n");
  const Result several = ask("a\\n", both);
  EXPECT_EQ(several.exit_code, 2);
  EXPECT_THAT(several.err, HasSubstr("there are several pools"));
  EXPECT_THAT(several.err, HasSubstr("say which with --pool: `one` and `two`"));
  const Result wrong = ask("a\\n", both + " --pool on");
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("there is no pool `on`"));
  EXPECT_THAT(wrong.err, HasSubstr("did you mean `one`?"));
  const Result none = ask("a\\n", pipeline("  hot: {class: KeyCache, memory: 64MiB}\n"));
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("no state object of this file gives keys a server"));
}

TEST_F(WhereTest, ChecksTheFile) {
  const Result result = ask("a\\n", pipeline("  one: {class: BackendPool, servers: []}\n"));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("the pool has no servers"));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST_F(WhereTest, SaysIfItCannotWrite) {
  const std::string why = folder_ / "why";
  const Result result = ask("a\\n", pipeline(kPool) + " 2>" + why + " >/dev/full; echo $?");
  EXPECT_EQ(result.out, "3\n");
  EXPECT_THAT(read(why), HasSubstr("not all could be written to stdout"));
}

}  // namespace
}  // namespace smartswitch
