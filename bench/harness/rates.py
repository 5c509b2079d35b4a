# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Systems' rates, and whose processor time a request took, as tables and ratios."""

from harness.session import spread
from harness.statistics import Spread

COLUMNS = ["gets of 32-byte values", "k requests/s", "mean us", "p99 us", "its CPU us per request", "servers'", "generator's",
           "k requests/s per core of it", "rate bound by"]


def row(system, runs, which):
    """Of what came of `which` in each round: see COLUMNS."""
    found = [run[which] for run in runs]
    servers = [sum(us for name, us in run["cpu_us"].items() if name.startswith("memcached")) for run in found]
    itself_is_server = system.kind == "direct"
    bounds = sorted({run["limit"] for run in found if run["limit"]})
    return [system.title, spread(found, "rate").text(1e3), spread(found, "latency_us", "mean").text(),
            spread(found, "latency_us", "p99").text(), spread(found, "under_test_us").text(),
            "" if itself_is_server else Spread(servers).text(), spread(found, "cpu_us", "generator").text(),
            per_core(runs, which).text(1e3), ", ".join(bounds)]


def per_core(runs, which="saturation"):
    """Requests a second that a core full of it would do."""
    return Spread(1e6 / run[which]["under_test_us"] for run in runs)
