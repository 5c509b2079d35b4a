# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Who used the processor while requests were measured: each process by the scheduler's own clock (/proc/PID/task/*/schedstat, nanoseconds
on a core), each core by /proc/stat. Time in which a worker polls in vain counts like any other. Packets that the kernel handles in a
process's system calls or interrupts (softirq) are charged to whoever is on the core, unless the kernel is built to do otherwise."""

import os
import pathlib
import threading
import time

PERIOD = 0.05  # seconds between samples
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """All threads of a process; 0 when it is gone."""
    total = 0
    for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            total += int(path.read_text().split()[0])
        except (OSError, IndexError):
            pass
    return total / 1e9


def core_seconds():
    """By core: seconds in which it was busy, and how many of these in softirq."""
    cores = {}
    for line in pathlib.Path("/proc/stat").read_text().splitlines():
        name, *fields = line.split()
        if name.startswith("cpu") and name != "cpu":
            user, nice, system, _idle, _wait, irq, softirq = (int(field) / TICKS for field in fields[:7])
            cores[int(name[3:])] = (user + nice + system + irq + softirq, softirq)
    return cores


class Usage:
    """Shares of a core between two samples."""

    def __init__(self, before, after):
        self.seconds = after[0] - before[0]
        self.processes = {name: (after[1][name] - cpu) / self.seconds for name, cpu in before[1].items()}
        self.cores = {core: {"busy": (after[2][core][0] - busy) / self.seconds, "softirq": (after[2][core][1] - soft) / self.seconds}
                      for core, (busy, soft) in before[2].items()}


class Sampler:
    """Reads the accounts of some processes ({name: pid}) again and again, on a thread of its own, while it is entered."""

    def __init__(self, processes):
        self.processes = processes
        self.samples = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._stop.set()
        self._thread.join()

    def _run(self):
        while True:
            self.samples.append((time.monotonic(), {name: cpu_seconds(pid) for name, pid in self.processes.items()}, core_seconds()))
            if self._stop.wait(PERIOD):
                return

    def between(self, start, end):
        """The usage in that time (of time.monotonic()), from the last sample before it to the first behind it."""
        before = [s for s in self.samples if s[0] <= start] or self.samples[:1]
        after = [s for s in self.samples if s[0] >= end] or self.samples[-1:]
        if not before or after[0][0] <= before[-1][0]:
            raise ValueError(f"{len(self.samples)} samples, none in these {end - start:.2f} s")
        return Usage(before[-1], after[0])
