# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Runs the C++ programs of bench/, and reads what they print."""

import json
import os
import re
import subprocess

from harness.lab import LabError, Placement, die_with_parent
from harness.paths import BIN
from harness.statistics import Spread


def exists(name):
    return (BIN / name).exists()


def run(name, *words, core=None, timeout=600):
    """Its standard output. On one core if `core` says so."""
    if not exists(name):
        raise LabError(f"{name} is not built: cmake --build --preset release --target {name}")
    command = [*(["taskset", "-c", str(core)] if core is not None else []), str(BIN / name), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout, preexec_fn=die_with_parent)
    if done.returncode != 0:
        raise LabError(f"{name} ended with code {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def google_benchmark(name, *words, core=None):
    """The single measurements of a Google Benchmark program, without its means."""
    output = run(name, "--benchmark_format=json", *words, core=core)
    return [one for one in json.loads(output)["benchmarks"] if one["run_type"] == "iteration" and not one.get("error_occurred")]


def by_repetition(measurements, name, field="items_per_second"):
    """What each repetition of the benchmark `name` gave, in order."""
    rows = [one for one in measurements if one["name"] == name]
    return [one[field] for one in sorted(rows, key=lambda one: one["repetition_index"])]


def spreads(output):
    """What bench_devices and bench_scaling print: {case: {line: Spread}}."""
    cases, case = {}, None
    for line in output.splitlines():
        head = re.match(r"(\w+): \d+ rounds", line)
        value = re.match(r"  (\S.*?)\s{2,}([\d.]+)\s+(?:M\S+)?\s*\[([\d.]+)-([\d.]+)\]", line)
        if head:
            case = cases.setdefault(head[1], {})
        elif value and case is not None:
            case[value[1]] = Spread.given(*(float(value[i]) for i in (2, 3, 4)))
    return cases


def core_under_test():
    """Where programs run that need no other."""
    return Placement(sorted(os.sched_getaffinity(0))).under_test
