# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Medians, spreads, and ratios that are taken within a round, where both sides met the same machine."""

import math


class Spread:
    """The median of some measurements, and the least and the greatest."""

    def __init__(self, values):
        self.values = list(values)
        if not self.values:
            raise ValueError("no measurements")
        ordered = sorted(self.values)
        middle = len(ordered) // 2
        self.median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
        self.low, self.high = ordered[0], ordered[-1]

    @classmethod
    def given(cls, median, low, high):
        """One that somebody else has taken."""
        spread = cls([low, median, high])
        spread.values = []
        return spread

    def text(self, scale=1.0, digits=None):
        """`median [low-high]`, in units of `scale`; three figures that count unless `digits` behind the point are given."""
        median, low, high = (number(v / scale, digits) for v in (self.median, self.low, self.high))
        return median if self.low == self.high else f"{median} [{low} to {high}]" if self.low < 0 else f"{median} [{low}-{high}]"

    def as_dict(self):
        return {"median": self.median, "low": self.low, "high": self.high, "rounds": self.values}


def number(value, digits=None):
    """A figure for people: 3 digits that count, no exponent."""
    if value == math.inf:
        return "none"
    if digits is None:
        size = abs(value)
        digits = 0 if size >= 100 or size == 0 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:,.{digits}f}"


def interleaved(rounds, variants):
    """(round, variant): A B C A B C ..., so that a slow spell of the machine meets all alike."""
    for turn in range(rounds):
        for variant in variants:
            yield turn, variant


def ratio(above, below):
    """The ratios of two lists of measurements, round by round. A round in which one side measured nothing (0, or without end) does not
    count."""
    if len(above) != len(below):
        raise ValueError(f"{len(above)} rounds over {len(below)}")
    return Spread(a / b for a, b in zip(above, below) if 0 < a < math.inf and 0 < b < math.inf)
