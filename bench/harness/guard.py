# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Holds the ratios of a run against those of another. Absolute figures are left alone: they are the machine's."""

import dataclasses
import math

LEAST_NOISE = 0.05  # a change below this is never called one


def ratios_of(results):
    """{"experiment/ratio": {median, low, high, better, meaning}} of all results of a run."""
    return {f"{name}/{ratio_name}": {field: ratio[field] for field in ("median", "low", "high", "better", "meaning")}
            for name, result in results.items() for ratio_name, ratio in result["ratios"].items()}


def relative_spread(ratio):
    """Half of what lies between its least and its greatest, of the median."""
    return (ratio["high"] - ratio["low"]) / 2 / ratio["median"] if ratio["median"] else 0.0


def noise(ratio, baseline):
    """By how much (1 = all of it) the two medians may differ by chance. Half the range of five rounds is a little more than one standard
    deviation, and twice the standard error of a median of five; both sides have theirs."""
    return max(LEAST_NOISE, math.hypot(relative_spread(ratio), relative_spread(baseline)))


@dataclasses.dataclass(frozen=True)
class Verdict:
    name: str
    meaning: str
    change: float  # for the better above 0; 0.1 is 10 %
    noise: float
    ratio: dict
    baseline: dict

    @property
    def word(self):
        return "slower" if self.change < -self.noise else "faster" if self.change > self.noise else "same"


def change(ratio, baseline):
    """How much better; of two times or rates alike: half the time is twice as good."""
    above, below = (ratio, baseline) if ratio["better"] == "higher" else (baseline, ratio)
    if below["median"] <= 0:
        return 0.0
    return above["median"] / below["median"] - 1


def compare(ratios, baselines):
    """Verdicts on what both have, the worst first, and the names that the run lacks."""
    verdicts = [Verdict(name, ratio["meaning"], change(ratio, baselines[name]), noise(ratio, baselines[name]), ratio, baselines[name])
                for name, ratio in ratios.items() if name in baselines]
    return sorted(verdicts, key=lambda verdict: verdict.change + verdict.noise), sorted(set(baselines) - set(ratios))
