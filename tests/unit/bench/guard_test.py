# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""What bench/compare calls slower, and its exit codes."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import support
from harness import guard


def of(median, low=None, high=None, better="higher"):
    return {"median": median, "low": median if low is None else low, "high": median if high is None else high, "better": better, "meaning": "m"}


def word(ratio, baseline):
    return guard.compare({"x": ratio}, {"x": baseline})[0][0].word


class Verdicts(unittest.TestCase):
    def test_less_of_what_should_be_high_is_slower(self):
        self.assertEqual(word(of(0.8), of(1.0)), "slower")
        self.assertEqual(word(of(1.2), of(1.0)), "faster")

    def test_more_of_what_should_be_low_is_slower(self):
        self.assertEqual(word(of(1.2, better="lower"), of(1.0, better="lower")), "slower")
        self.assertEqual(word(of(0.8, better="lower"), of(1.0, better="lower")), "faster")

    def test_small_changes_are_none(self):
        self.assertEqual(word(of(0.96), of(1.0)), "same")

    def test_noise_of_either_side_excuses(self):
        self.assertEqual(word(of(0.85, 0.65, 1.05), of(1.0)), "same")
        self.assertEqual(word(of(0.85), of(1.0, 0.8, 1.2)), "same")
        self.assertEqual(word(of(0.85, 0.84, 0.86), of(1.0, 0.98, 1.02)), "slower")

    def test_noise_adds_up_as_squares(self):
        self.assertAlmostEqual(guard.noise(of(1.0, 0.7, 1.3), of(2.0, 1.2, 2.8)), 0.5)

    def test_the_same_loss_is_as_large_in_times_as_in_rates(self):
        self.assertAlmostEqual(guard.change(of(0.5), of(1.0)), guard.change(of(2.0, better="lower"), of(1.0, better="lower")))

    def test_nothing_to_divide_by(self):
        self.assertEqual(guard.change(of(0.0, better="lower"), of(0.0, better="lower")), 0.0)

    def test_the_worst_comes_first_and_what_is_missing_is_named(self):
        verdicts, missing = guard.compare({"a": of(1.0), "b": of(0.5), "new": of(1)}, {"a": of(1.0), "b": of(1.0), "gone": of(1.0)})
        self.assertEqual([verdict.name for verdict in verdicts], ["b", "a"])
        self.assertEqual(missing, ["gone"])


class Command(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.baseline = self.folder / "baseline" / "baseline.json"
        self.baseline.parent.mkdir()

    def write(self, median):
        result = {"experiment": "one", "machine": {"kernel": "6"}, "ratios": {"r": of(median, median * 0.99, median * 1.01)}}
        (self.folder / "one.json").write_text(json.dumps(result))

    def compare(self, *words):
        command = [sys.executable, support.ROOT / "bench/compare", self.folder, self.baseline, *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_from_baseline_to_slower(self):
        self.assertEqual(self.compare().returncode, 2, "no results")
        self.write(0.9)
        self.assertEqual(self.compare().returncode, 2, "no baseline")
        self.assertEqual(self.compare("--update").returncode, 0)
        self.assertEqual(self.compare().returncode, 0)
        self.write(0.7)
        slower = self.compare()
        self.assertEqual(slower.returncode, 1)
        self.assertIn("1 slower beyond noise: one/r", slower.stdout)

    def test_an_update_keeps_what_was_not_measured(self):
        self.baseline.write_text(json.dumps({"ratios": {"other/r": of(1.0)}}))
        self.write(0.9)
        self.compare("--update")
        self.assertEqual(sorted(json.loads(self.baseline.read_text())["ratios"]), ["one/r", "other/r"])


if __name__ == "__main__":
    unittest.main()
