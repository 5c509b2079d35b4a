# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""What is read from programs, and what is written from results."""

import unittest

import support  # noqa: F401
from harness import flame, paste, report
from harness.programs import spreads
from harness.result import Result
from harness.statistics import Spread

PRINTED = """null: 9 rounds of 1.0 s, 0 left out because the core was shared
  bare DPDK loop            24.40 Mpps  [21.20-32.50]
  composed / bare            0.71       [0.51-0.77]
mix: 15 rounds of 1.0 s, 2 left out because a core was shared
  two workers      4.00 M/s  [3.70-4.50]
  answered by the cache: 89.3 %
"""

SCRIPT = """switch 
\t    1 smartswitch::A::push+0x10
\t    2 smartswitch::(anonymous namespace)::run
\tffff [unknown]

switch 
\t    3 smartswitch::(anonymous namespace)::run
\t    4 main

"""


def measured(median=2.0):
    result = Result("figure3", "title", "question?")
    result.table(["a", "b"], [["x", 1]], "table")
    result.ratio("r", Spread([1.0, median, 3.0]), "a / b", asked=8, paper=2.39)
    result.plot("picture", "lines", title="Picture", series=[])
    result.note("A note.")
    return {**result.data, "machine": {"kernel": "6"}, "settings": {"quick": False, "rounds": 5}}


class Programs(unittest.TestCase):
    def test_spreads_that_programs_print(self):
        found = spreads(PRINTED)
        self.assertEqual(found["null"]["bare DPDK loop"].text(), "24.4 [21.2-32.5]")
        self.assertEqual(found["null"]["composed / bare"].median, 0.71)
        self.assertEqual(found["mix"]["two workers"].high, 4.5)
        self.assertNotIn("answered by the cache", found["mix"])


class Flames(unittest.TestCase):
    def test_stacks_outermost_first_without_lost_frames(self):
        self.assertEqual(list(flame.stacks(SCRIPT)), [["run", "A::push"], ["main", "run"]])

    def test_names_as_people_know_them(self):
        call = "smartswitch::DescribeElement<smartswitch::ToDevice>::input<&smartswitch::ToDevice::push>(std::string)::{lambda(void*)#1}::_FUN+0x2"
        self.assertEqual(flame.short(call), "ToDevice::push")
        self.assertEqual(flame.short("XXH3_64bits.lto_priv.2+0x1a"), "XXH3_64bits")
        self.assertEqual(flame.short("__libc_start_main@@GLIBC_2.34+0x10"), "__libc_start_main")

    def test_own_time_is_what_the_called_have_not(self):
        root = flame.tree([["main", "a"], ["main", "a"], ["main"]])
        self.assertEqual(root.own(), {"all": 0, "main": 1, "a": 2})

    def test_widths_are_shares(self):
        picture = flame.draw(flame.tree([["main", "a"], ["main", "b<int>"]]), "t")
        self.assertIn("<title>a: 50.0%</title>", picture)
        self.assertIn("b&lt;int&gt;", picture)


class Reports(unittest.TestCase):
    def test_a_section_has_command_table_ratios_and_picture(self):
        text = report.section(measured())
        self.assertIn("```\nscripts/bench figure3\n```", text)
        self.assertIn("| x | 1 |", text)
        self.assertIn("| a / b | **2.00** [1.00-3.00] | at least 8 | 2.39 |", text)
        self.assertIn("![Picture](picture.svg)", text)

    def test_fragments_are_replaced_and_the_rest_left(self):
        old = "before\n<!-- bench: figure3 -->\nold\n<!-- bench: end -->\nbetween\n<!-- bench: tails -->\nkept\n<!-- bench: end -->\n"
        new, left = paste.paste(old, {"figure3": measured()})
        self.assertNotIn("old", new)
        self.assertIn("bench/picture.svg", new)
        self.assertIn("between\n<!-- bench: tails -->\nkept\n<!-- bench: end -->\n", new)
        self.assertEqual(left, ["tails"])
        self.assertEqual(paste.paste(new, {"figure3": measured()})[0], new)
        self.assertEqual(paste.pictures(new, {"figure3": measured()}), ["picture.svg"])

    def test_tables_are_rectangular(self):
        with self.assertRaises(ValueError):
            Result("x", "", "").table(["a"], [["1", "2"]])


if __name__ == "__main__":
    unittest.main()
