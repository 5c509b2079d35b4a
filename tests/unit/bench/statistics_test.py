# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Medians, spreads, ratios by round, and the order of rounds."""

import math
import unittest

import support  # noqa: F401
from harness.statistics import Spread, interleaved, number, ratio


class Spreads(unittest.TestCase):
    def test_median_of_odd_and_even_numbers(self):
        self.assertEqual(Spread([9, 1, 5]).median, 5)
        self.assertEqual(Spread([9, 1, 5, 7]).median, 6)
        self.assertEqual((Spread([9, 1, 5]).low, Spread([9, 1, 5]).high), (1, 9))

    def test_nothing_has_no_median(self):
        with self.assertRaises(ValueError):
            Spread([])

    def test_rounds_stay_in_order(self):
        self.assertEqual(Spread([3, 1, 2]).values, [3, 1, 2])

    def test_text(self):
        self.assertEqual(Spread([1000, 3000, 2000]).text(1e3), "2.00 [1.00-3.00]")
        self.assertEqual(Spread([0.5]).text(), "0.500")
        self.assertEqual(Spread.given(2.0, 1.0, 4.0).text(digits=1), "2.0 [1.0-4.0]")

    def test_three_digits_that_count(self):
        self.assertEqual([number(v) for v in (0, 0.1234, 1.234, 12.34, 123.4, 12345)], ["0", "0.123", "1.23", "12.3", "123", "12,345"])


class Rounds(unittest.TestCase):
    def test_variants_take_turns(self):
        self.assertEqual(list(interleaved(2, "AB")), [(0, "A"), (0, "B"), (1, "A"), (1, "B")])

    def test_ratios_are_of_the_same_round(self):
        # Everything took twice as long in the second round: the ratio does not care.
        found = ratio([10, 20, 10], [5, 10, 4])
        self.assertEqual((found.low, found.median, found.high), (2, 2, 2.5))

    def test_a_round_without_a_measurement_does_not_count(self):
        self.assertEqual(ratio([10, 0, 9, 1], [5, 1, 0, math.inf]).median, 2)

    def test_rounds_must_match(self):
        with self.assertRaises(ValueError):
            ratio([1, 2], [1])


if __name__ == "__main__":
    unittest.main()
