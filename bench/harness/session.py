# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""What experiments are given: the effort, the hosts, a place for files, progress. And the rounds of systems against each other."""

import contextlib

from harness.generator import Workload, warm_cache
from harness.lab import BenchLab, LabError
from harness.statistics import Spread, interleaved


class Session:
    """A context manager; the hosts are made when the first experiment wants them."""

    def __init__(self, effort, folder, progress):
        self.effort, self.folder, self.progress = effort, folder, progress
        self._stack = contextlib.ExitStack()
        self._lab = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._stack.close()

    @property
    def lab(self):
        if self._lab is None:
            self._lab = self._stack.enter_context(BenchLab())
        return self._lab

    def close_lab(self):
        """Before work that needs the machine alone."""
        self._stack.close()
        self._lab = None

    def rounds(self, result, systems, measure, workload=None, cached=(), optional=False):
        """Starts each system once a round and lets `measure(lab, running, system)` ask it: a dict of what came of it. Keys of those in
        `cached` are in the switch's cache before. With `optional`, a system that this machine cannot run is noted and left out, and
        so is a round in which it fails. Returns {system name: [what came of it, a dict a round]}."""
        workload = workload or Workload()
        self.lab.fill(workload.keys, workload.value_size)
        found = {system.name: [] for system in systems}
        for turn, system in interleaved(self.effort.rounds, systems):
            if system.name not in found:
                continue
            self.progress.step(result.data["experiment"], f"round {turn + 1} of {self.effort.rounds}", system.title)
            try:
                measured = self._once(system, measure, workload, system.name in cached)
            except (LabError, TimeoutError) as error:
                if not optional:
                    raise
                what = "could not run here" if not found[system.name] else f"failed in round {turn + 1}, which does not count"
                result.note(f"{system.title} {what}: {_first_line(error)}")
                if not found[system.name]:
                    del found[system.name]
                continue
            found[system.name].append(measured)
            result.sample(system=system.name, round=turn, **measured)
        return found

    def _once(self, system, measure, workload, cached):
        with system.start(self.lab) as running:
            if cached:
                warm_cache(self.lab, running, workload)
            measured = measure(self.lab, running, system)
        if running.summary and "from_clients" in running.summary["elements"]:
            measured["work_us"] = work_us(running.summary)
        return measured


def _first_line(error):
    return str(error).strip().splitlines()[0]


def work_us(summary):
    """What the switch's worker itself says that it worked, by request that came from clients: without polling in vain."""
    requests = summary["elements"]["from_clients"]["received"]
    busy = sum(worker["busy_seconds"] for worker in summary["workers"].values())
    return busy / requests * 1e6 if requests else None


def spread(runs, *path):
    """A figure of several runs: spread(runs, "saturation", "latency_us", "p99")."""
    values = []
    for run in runs:
        for name in path:
            run = run[name]
        values.append(run)
    return Spread(values)
