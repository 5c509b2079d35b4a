// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/connection_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smartswitch::graph {
namespace {

TEST(ConnectionText, Chain) {
  const Chain chain = parse_chain("  rx.0,b ->c:in.out->  d-e:1");
  ASSERT_FALSE(chain.fault);
  ASSERT_EQ(chain.starts.size(), 2U);
  EXPECT_EQ(chain.starts[0].element, "rx");
  EXPECT_EQ(chain.starts[0].output, "0");
  EXPECT_EQ(chain.starts[0].offset, 2U);
  EXPECT_EQ(chain.starts[0].length, 4U);
  EXPECT_EQ(chain.starts[1].element, "b");
  EXPECT_FALSE(chain.starts[1].output);
  EXPECT_EQ(chain.starts[1].offset, 7U);
  ASSERT_EQ(chain.rest.size(), 2U);
  EXPECT_EQ(chain.rest[0].input, "in");
  EXPECT_EQ(chain.rest[0].output, "out");
  EXPECT_EQ(chain.rest[1].element, "d-e");
  EXPECT_EQ(chain.rest[1].input, "1");
  EXPECT_EQ(chain.rest[1].offset, 23U);
}

TEST(ConnectionText, PortNamesMayHaveDotsAndColons) {
  const Chain chain = parse_chain("sw.mc1.example:1 -> x");
  ASSERT_FALSE(chain.fault);
  EXPECT_EQ(chain.starts[0].output, "mc1.example:1");
}

TEST(ConnectionText, BracketsAroundTheStart) {
  const Chain chain = parse_chain("[ a.x, b.y ] -> c");
  ASSERT_FALSE(chain.fault);
  ASSERT_EQ(chain.starts.size(), 2U);
  EXPECT_EQ(chain.starts[0].offset, 2U);
  EXPECT_EQ(chain.starts[1].offset, 7U);
}

TEST(ConnectionText, Faults) {
  for (const char* text : {"", "a", "->", "a ->", "-> a", "a -> -> b", "a, -> b", "a b -> c", "a -> b, c", "a:in -> b", "a -> b.out",
                           ".x -> b", "a. -> b", "a -> b:", "[a -> b", "a] -> b", "[] -> b", "a -> [b]", "a -> :in -> b"}) {
    EXPECT_TRUE(parse_chain(text).fault) << text;
  }
}

}  // namespace
}  // namespace smartswitch::graph
