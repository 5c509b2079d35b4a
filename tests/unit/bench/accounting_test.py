# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Shares of a core, what a rate depended on, and who sits on which core."""

import math
import os
import time
import unittest

import support  # noqa: F401
from harness.accounting import Sampler, Usage, cpu_seconds
from harness.generator import account
from harness.lab import Placement


def usage(switch, memcached=0.3, other_core=0.5, seconds=2.0):
    before = (10.0, {"switch": 1.0, "memcached": 5.0}, {0: (100.0, 10.0), 1: (50.0, 0.0)})
    after = (10.0 + seconds, {"switch": 1.0 + switch * seconds, "memcached": 5.0 + memcached * seconds},
             {0: (100.0 + other_core * seconds, 10.0 + 0.1 * seconds), 1: (50.0 + switch * seconds, 0.0)})
    return Usage(before, after)


def result(rate=100_000.0, busy=0.5):
    return {"rate": rate, "answers": 50_000, "generator": {"busy_share": busy, "cpu_seconds": 0.2}}


class Shares(unittest.TestCase):
    def test_between_two_samples(self):
        used = usage(0.8)
        self.assertAlmostEqual(used.processes["switch"], 0.8)
        self.assertAlmostEqual(used.cores[0]["busy"], 0.5)
        self.assertAlmostEqual(used.cores[0]["softirq"], 0.1)

    def test_our_own_time_is_counted(self):
        with Sampler({"us": os.getpid()}) as sampler:
            start = time.monotonic()
            from_cpu = cpu_seconds(os.getpid())
            while cpu_seconds(os.getpid()) < from_cpu + 0.1:
                pass
            end = time.monotonic()
        self.assertGreater(sampler.between(start, end).processes["us"], 0)

    def test_a_process_that_is_gone_used_nothing(self):
        self.assertEqual(cpu_seconds(1 << 30), 0)


class Accounts(unittest.TestCase):
    TWO_CORES = Placement([0, 1])

    def test_processor_time_by_request(self):
        found = account(result(), usage(0.8), ["switch"], self.TWO_CORES)
        self.assertAlmostEqual(found["under_test_us"], 8.0)
        self.assertAlmostEqual(found["cpu_us"]["memcached"], 3.0)
        self.assertAlmostEqual(found["cpu_us"]["generator"], 4.0)
        self.assertEqual(found["limit"], "")

    def test_what_the_rate_depended_on(self):
        self.assertEqual(account(result(), usage(0.99), ["switch"], self.TWO_CORES)["limit"], "what is measured")
        self.assertEqual(account(result(busy=0.99), usage(0.5), ["switch"], self.TWO_CORES)["limit"], "the generator")
        self.assertEqual(account(result(), usage(0.5, other_core=1.0), ["switch"], self.TWO_CORES)["limit"], "the other core")

    def test_no_answers_at_all(self):
        found = account({**result(rate=0.0), "answers": 0}, usage(0.8), ["switch"], self.TWO_CORES)
        self.assertEqual(found["under_test_us"], math.inf)


class Cores(unittest.TestCase):
    def test_what_is_measured_has_its_own(self):
        for cores in ([0, 1], [0, 1, 2], [0, 1, 2, 3], [4, 5, 6, 7, 8]):
            placement = Placement(cores)
            self.assertNotIn(placement.under_test, [placement.generator, *placement.servers])

    def test_servers_share_with_the_generator_only_on_two(self):
        self.assertEqual(Placement([0, 1]).servers, [0, 0])
        self.assertEqual(Placement([0, 1, 2]).servers, [2, 2])
        self.assertEqual(Placement([0, 1, 2, 3]).servers, [2, 3])

    def test_one_core_is_everybodys(self):
        self.assertEqual(Placement([0]).under_test, 0)


if __name__ == "__main__":
    unittest.main()
