# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Runs `smartswitch load` against a system and says what came of it, and who paid for it."""

import json
import math
import subprocess
import time

from harness.accounting import Sampler
from harness.lab import LabError
from harness.paths import SMARTSWITCH

DRAIN = 0.1    # seconds after the last answer in which a generator ends
TIMEOUT = 0.25  # after which it gives up a request
NO_ANSWER = 3   # its exit code then
FULL = 0.95    # a core or a thread that was busy for more than this was what the rate depended on
# (clients, window) of which what is best for each system counts. Sockets hold some 280 small datagrams; a device has no such bound.
SATURATED = {"udp": ((32, 1), (32, 4)), "tcp": ((32, 1), (32, 8)), "device": ((32, 1), (32, 8))}


class Workload:
    """What is asked for: --keys and so on."""

    def __init__(self, keys=4_000, value_size=32, distribution="uniform"):
        self.keys, self.value_size, self.distribution = keys, value_size, distribution

    def words(self):
        return ["--keys", self.keys, "--value-size", self.value_size, "--distribution", self.distribution]


def call_load(lab, running, workload, words, seconds, warm_up):
    """One run of the load generator: its JSON. What gave no answer at all is asked once more (`asked_again`): a proxy that was pushed over its
    limit may need a while. If there is still none, that is the result: no rate, and latencies without end."""
    target = running.target
    polling = ["--spin"] if target.device else []  # most devices wake nobody
    command = ["taskset", "-c", lab.placement.generator, SMARTSWITCH, "load", "--server", target.server, *_protocol(target), *workload.words(),
               "--timeout", f"{TIMEOUT:g}s", "--warm-up", f"{warm_up:g}s", "--for", f"{seconds:g}s", "--json", *polling,
               *map(str, words)]
    code, output, complaints = _to_its_end(lab, target.role, command, warm_up + seconds + 30)
    asked_again = code == NO_ANSWER and not target.device
    if asked_again:
        code, output, complaints = _to_its_end(lab, target.role, command, warm_up + seconds + 30)
    if code == NO_ANSWER and output.lstrip().startswith("{"):
        result = json.loads(output)
        return {**result, "rate": 0.0, "latency_us": dict.fromkeys(result["latency_us"], math.inf), "asked_again": asked_again}
    if code != 0:
        raise LabError(f"`{' '.join(map(str, command[3:]))}` ended with code {code}: {complaints.strip()}")
    return {**json.loads(output), "asked_again": asked_again}


def _to_its_end(lab, role, command, seconds):
    process = lab.start(role, *command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        output, complaints = process.communicate(timeout=seconds)
    finally:
        lab.end(process)
    return process.returncode, output, complaints


def run_load(lab, running, workload, words, seconds, warm_up):
    """The same, with `cpu_us` (of each process, by request), `cpu_share`, `cores` and `limit`: see account()."""
    with Sampler({**running.under_test, **running.servers}) as sampler:
        result = call_load(lab, running, workload, words, seconds, warm_up)
        end = time.monotonic()
    unsure = DRAIN + (TIMEOUT if result["lost"] else 0)
    end -= unsure
    usage = sampler.between(end - max(seconds - unsure - DRAIN, 0.25), end)
    return {**result, **account(result, usage, list(running.under_test), lab.placement, polling=bool(running.target.device))}


def _protocol(target):
    return target.device if target.device else ("--protocol", target.protocol)


def account(result, usage, under_test, placement, polling=False):
    """CPU time by request, and what the rate depended on. A generator that polls has a full core whatever it does."""
    rate = result["rate"]
    measured = sum(usage.processes[name] for name in under_test)
    generator = result["generator"]
    cpu_us = {name: share / rate * 1e6 if rate else math.inf for name, share in usage.processes.items()}
    cpu_us["generator"] = generator["cpu_seconds"] / result["answers"] * 1e6 if result["answers"] else math.inf
    other = usage.cores.get(placement.generator, {"busy": 0})
    limit = "what is measured" if measured >= FULL else \
        "the generator" if generator["busy_share"] >= FULL else \
        "the other core" if not polling and placement.generator != placement.under_test and other["busy"] >= FULL else ""
    return {"cpu_us": cpu_us, "cpu_share": usage.processes, "cores": usage.cores, "limit": limit,
            "under_test_us": measured / rate * 1e6 if rate else math.inf, "under_test_share": measured}


def closed(lab, running, workload, clients, window, effort):
    return run_load(lab, running, workload, ["--clients", clients, "--window", window], effort.seconds, effort.warm_up)


def opened(lab, running, workload, rate, effort, seconds=None, clients=32):
    if rate < 1:
        raise LabError(f"{running.target.server} has answered nothing: there is no load to set in relation to that")
    return run_load(lab, running, workload, ["--clients", clients, "--rate", f"{rate:.0f}", "--arrivals", "poisson"], seconds or effort.seconds,
                    effort.warm_up)


def latencies(lab, running, workload, rate, seconds, warm_up):
    """One client that asks evenly, and nobody who looks at processor time meanwhile: he would be on a core that somebody waits for."""
    return call_load(lab, running, workload, ["--clients", 1, "--rate", f"{rate:.0f}", "--arrivals", "even"], seconds, warm_up)


def saturations(lab, running, workload, effort):
    """The rates that this system reaches in a closed loop, by requests under way: {"32": ..., "256": ...}; see SATURATED."""
    return {str(clients * window): closed(lab, running, workload, clients, window, effort) for clients, window in _choices(running.target)}


def most(lab, running, workload, effort):
    """The run with the most requests under way."""
    return closed(lab, running, workload, *_choices(running.target)[-1], effort)


def _choices(target):
    return SATURATED["device" if target.device else target.protocol]


def best(runs):
    """The run with the highest rate."""
    return max(runs.values(), key=lambda run: run["rate"])


def one_each(lab, running, workload, effort):
    """Closed loop of 32 clients, each with one request under way: what open loops are set in relation to, because they send one by one too."""
    return closed(lab, running, workload, 32, 1, effort)


def warm_cache(lab, running, workload):
    """Asks for every key so often that the switch fetches it."""
    asked = Workload(workload.keys, workload.value_size, "sequential")
    call_load(lab, running, asked, ["--clients", 8, "--window", 4, "--requests", 4 * workload.keys], seconds=5, warm_up=0)
