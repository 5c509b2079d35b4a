# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""The machine on which a run was made, for its report."""

import os
import pathlib
import platform
import re
import subprocess

from harness.lab import Placement
from harness.paths import BIN, ROOT, SMARTSWITCH


def _said(*words):
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr


def _read(path, otherwise=""):
    try:
        return pathlib.Path(path).read_text().strip()
    except OSError:
        return otherwise


def _field(text, name):
    found = re.search(rf"^{name}\s*:\s*(.*)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def describe():
    """Names and values, in the order to show them in."""
    lscpu = _said("lscpu")
    memory = _read("/proc/meminfo")
    governor = _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "not shown by this machine")
    return {
        "processor": f"{_field(lscpu, 'Model name')}, {os.cpu_count()} cores, {_field(lscpu, 'BogoMIPS')} BogoMIPS",
        "hypervisor": _field(lscpu, "Hypervisor vendor") or "none",
        "memory": f"{int(_field(memory, 'MemTotal').split()[0]) >> 20} GiB, huge pages {_field(memory, 'HugePages_Total')} of "
                  f"{_field(memory, 'Hugepagesize')}",
        "kernel": platform.release(),
        "frequency governor": governor,
        "load before": " ".join(_read("/proc/loadavg").split()[:3]),
        "smartswitch": " ".join(_said(str(SMARTSWITCH), "--version").split()).removeprefix("smartswitch "),
        "memcached": _said("memcached", "-V").split("\n")[0].removeprefix("memcached ").strip(),
        "nutcracker": _said("nutcracker", "-V").split("\n")[0].removeprefix("This is nutcracker-").strip(),
        "programs": "build/release/bin" if BIN == ROOT / "build/release/bin" else "elsewhere (SMARTSWITCH_BIN)",
        "places": Placement(sorted(os.sched_getaffinity(0))).text(),
    }
