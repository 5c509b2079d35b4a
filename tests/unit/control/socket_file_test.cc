// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/control/socket_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

namespace smartswitch::runtime::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SocketFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/smartswitch-socket-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }

  // As a process leaves it that is killed.
  void leave_stale(const std::string& name) const {
    const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path(name).c_str(), sizeof(address.sun_path) - 1);
    ASSERT_EQ(bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    ASSERT_EQ(listen(descriptor, 1), 0);
    close(descriptor);
  }

  std::string folder_;
  Problems problems_;
};

TEST_F(SocketFileTest, IsForItsOwnerAndGoesWithIt) {
  {
    const SocketFile file = SocketFile::listen(path("a.sock"), false, problems_);
    ASSERT_TRUE(file.good());
    struct stat status {};
    ASSERT_EQ(stat(path("a.sock").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    EXPECT_TRUE(answers(path("a.sock")));
    EXPECT_THAT(live_sockets({folder_, "/no/such/folder"}), ElementsAre(path("a.sock")));
    EXPECT_EQ(file.look(), SocketFile::Presence::kThere);
  }
  EXPECT_FALSE(std::filesystem::exists(path("a.sock")));
}

TEST_F(SocketFileTest, TakesOverWhatAKilledProcessLeft) {
  leave_stale("a.sock");
  EXPECT_FALSE(answers(path("a.sock")));
  EXPECT_THAT(live_sockets({folder_}), IsEmpty());
  EXPECT_EQ(SocketFile::listen(path("a.sock"), false, problems_).path(), path("a.sock"));
}

TEST_F(SocketFileTest, IsFoundInAServicesOwnFolder) {
  std::filesystem::create_directories(path("service/deeper"));
  const SocketFile file = SocketFile::listen(path("service/control.sock"), false, problems_);
  const SocketFile hidden = SocketFile::listen(path("service/deeper/control.sock"), false, problems_);
  ASSERT_TRUE(file.good() && hidden.good());
  EXPECT_THAT(live_sockets({folder_}), ElementsAre(path("service/control.sock")));
}

TEST_F(SocketFileTest, LeavesALiveOneAlone) {
  const SocketFile first = SocketFile::listen(path("a.sock"), true, problems_);
  const SocketFile second = SocketFile::listen(path("a.sock"), true, problems_);
  EXPECT_EQ(second.path(), path("a-" + std::to_string(getpid()) + ".sock"));
  EXPECT_TRUE(problems_.empty());
  EXPECT_FALSE(SocketFile::listen(path("a.sock"), false, problems_).good());
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_THAT(problems_.list()[0].message, HasSubstr("another switch answers there"));
  EXPECT_EQ(first.look(), SocketFile::Presence::kThere);
}

TEST_F(SocketFileTest, RemovesNothingElse) {
  std::ofstream(path("a.sock")) << "precious";
  EXPECT_FALSE(SocketFile::listen(path("a.sock"), false, problems_).good());
  EXPECT_THAT(problems_.list()[0].message, HasSubstr("something else is there"));
  EXPECT_TRUE(std::filesystem::exists(path("a.sock")));
}

TEST_F(SocketFileTest, KnowsWhenItsFileIsNotItsOwnAnyMore) {
  const SocketFile first = SocketFile::listen(path("a.sock"), false, problems_);
  std::filesystem::remove(path("a.sock"));
  EXPECT_EQ(first.look(), SocketFile::Presence::kGone);
  {
    const SocketFile second = SocketFile::listen(path("a.sock"), false, problems_);
    EXPECT_EQ(first.look(), SocketFile::Presence::kOthers);
    EXPECT_EQ(second.look(), SocketFile::Presence::kThere);
  }
}

TEST_F(SocketFileTest, SaysWhyItCannotBe) {
  EXPECT_FALSE(SocketFile::listen("/no/such/folder/a.sock", false, problems_).good());
  EXPECT_FALSE(SocketFile::listen(path(std::string(200, 'x')), false, problems_).good());
  ASSERT_EQ(problems_.size(), 2U);
  EXPECT_THAT(problems_.list()[0].message, HasSubstr("No such file or directory"));
  EXPECT_THAT(problems_.list()[1].message, HasSubstr("1 to 107 characters"));
}

TEST(SwitchName, ComesFromTheFile) {
  EXPECT_EQ(name_from_file("configs/memswitch.yaml"), "memswitch");
  EXPECT_EQ(name_from_file("a b/c d;e.yaml"), "c_d_e");
  EXPECT_EQ(name_from_file(""), "switch");
}

}  // namespace
}  // namespace smartswitch::runtime::control
