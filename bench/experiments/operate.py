# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""What it costs to look into a switch and to change it while it works at full load."""

import contextlib
import http.client
import json
import multiprocessing
import os
import re
import socket
import subprocess
import tempfile
import time

from harness.lab import LabError, die_with_parent
from harness.paths import ROOT, SMARTSWITCH
from harness.result import Result
from harness.statistics import Spread, interleaved, ratio

TITLE = "looking in and changing it, under full load"
QUESTION = "How long does a reload stop a worker, how long do answers of the control API take, and what do metrics and traces cost?"
# Devices that always have packets for whoever polls.
ALWAYS = [word for device, number in (("CLIENT_DEV", 0), ("SERVER1_DEV", 1), ("SERVER2_DEV", 2))
          for word in ("--set", f"{device}=net_null{number}")]
MEMSWITCH = (ROOT / "configs/memswitch.yaml").read_text()
SCRAPES_A_SECOND = 10
# After so many reloads allocators have what they keep.
RELOADS_TO_SETTLE = 50


def _attack(path, cores):
    """Does what clients should not, as fast as it can, until it is killed. Off the worker's core: what is asked is what the switch lets them do."""
    os.sched_setaffinity(0, cores)
    bad = [b"", b"GET /v1/gra", b"GET /" + b"x" * 20_000, b"\x16\x03\x01" + b"\0" * 300, b"GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n",
           b"POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000000\r\n\r\n", b"GET /v1/graph HTTP/1.1\r\nHost: x\r\n\r\n" * 20]
    held = []
    while True:
        for text in bad:
            held.append(socket.socket(socket.AF_UNIX))
            with contextlib.suppress(OSError):
                held[-1].connect(path)
                held[-1].send(text)
        while len(held) > 300:
            held.pop(0).close()


@contextlib.contextmanager
def hostile_clients(control):
    cores = os.sched_getaffinity(0) - {worker["core"] for worker in control.ask("GET", "/v1/workers").values()}
    attacker = multiprocessing.Process(target=_attack, args=(control.path, cores), daemon=True)
    attacker.start()
    try:
        yield
    finally:
        attacker.kill()
        attacker.join()


class Control(http.client.HTTPConnection):
    """The control API on its socket."""

    def __init__(self, path):
        super().__init__("switch", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def ask(self, method, path, body=None):
        self.request(method, path, None if body is None else json.dumps(body))
        response = self.getresponse()
        text = response.read().decode()
        if response.status >= 300:
            raise LabError(f"{method} {path}: {response.status} {text}")
        return json.loads(text) if response.headers["Content-Type"] == "application/json" else text


@contextlib.contextmanager
def busy_switch(folder):
    """A MemSwitch whose worker has a core and never rests; the control API's thread has the others."""
    path = f"{folder}/control.sock"
    process = subprocess.Popen([SMARTSWITCH, "run", ROOT / "configs/memswitch.yaml", *ALWAYS, "--control", path],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
    try:
        for _ in range(1000):
            if process.poll() is not None:
                raise LabError("the switch does not run")
            if os.path.exists(path):
                break
            time.sleep(0.01)
        control = Control(path)
        control.pid = process.pid
        while control.ask("GET", "/v1/stats")["seconds"] < 0.5:
            time.sleep(0.05)
        yield control
    finally:
        process.terminate()
        process.wait()


def _percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _pauses(control, folder, times):
    """Seconds that the worker stood still, by its own clock, at each of so many reloads that change elements and connections; and how many
    bytes of memory the switch took meanwhile."""
    counted = re.sub(r"cut_to_clients -> to_clients", "cut_to_clients -> passed -> to_clients",
                     MEMSWITCH.replace("  cut_to_clients:", "  passed: Counter\n  cut_to_clients:", 1))
    files = []
    for name, text in (("a.yaml", counted), ("b.yaml", MEMSWITCH.replace("CACHE_MAX_AGE: 10s", "CACHE_MAX_AGE: 11s"))):
        files.append(f"{folder}/{name}")
        with open(files[-1], "w") as file:
            file.write(text)
    def reload(i):
        return max(control.ask("POST", "/v1/reload", {"file": files[i % 2]})["pause_seconds"])

    for i in range(RELOADS_TO_SETTLE):
        reload(i)
    before = _memory(control)
    pauses = [reload(i) for i in range(times)]
    return pauses, _memory(control) - before


def _memory(control):
    """Bytes of the switch that are in memory."""
    with open(f"/proc/{control.pid}/status", encoding="utf-8") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) * 1024


def _answers(control, path, times):
    """Seconds that each answer took."""
    took = []
    for _ in range(times):
        start = time.monotonic()
        control.ask("GET", path)
        took.append(time.monotonic() - start)
    return took


def _rate(control, seconds, each=None):
    """Packets a second, while `each` is done SCRAPES_A_SECOND times a second."""
    before = control.ask("GET", "/v1/stats")
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if each is not None:
            each()
        time.sleep(min(left, 1 / SCRAPES_A_SECOND))
    after = control.ask("GET", "/v1/stats")
    return (after["packets"]["came"] - before["packets"]["came"]) / (after["seconds"] - before["seconds"])


def run(session):
    result = Result("operate", TITLE, QUESTION)
    session.close_lab()
    session.progress.step("operate", "reloads, answers, metrics")
    times = session.effort.pick(200, 1000)
    seconds = session.effort.pick(0.3, 1.0)
    with tempfile.TemporaryDirectory() as folder, busy_switch(folder) as control:
        pauses, growth = _pauses(control, folder, times)
        answers = {path: _answers(control, path, times) for path in ("/v1/stats", "/v1/graph", "/metrics")}
        looks = {"nobody looks": None, "metrics": lambda: control.ask("GET", "/metrics")}
        rates = {look: [] for look in looks}
        for _, look in interleaved(session.effort.rounds, looks):
            rates[look].append(_rate(control, seconds, looks[look]))
        attacked = {"none": [], "hostile": []}
        for _, clients in interleaved(session.effort.rounds, attacked):
            with hostile_clients(control) if clients == "hostile" else contextlib.nullcontext():
                attacked[clients].append(_rate(control, seconds))
    rows = [[f"a reload stops the worker, us ({times} times)", *(f"{share * 1e6:.0f}" for share in _three(pauses)), "p99 1000"]]
    for path, took in answers.items():
        rows.append([f"GET {path}, ms ({times} times)", *(f"{share * 1e3:.2f}" for share in _three(took)), "p99 10"])
    result.table(["", "median", "p99", "most", "asked"], rows)
    result.ratio("reload_pause_p99_us", Spread([_percentile(pauses, 0.99) * 1e6]), "us that a reload stops the worker, p99", better="lower", asked=1000)
    worst = max(_percentile(took, 0.99) for took in answers.values()) * 1e3
    result.ratio("control_answer_p99_ms", Spread([worst]), "ms that an answer takes, p99 of the slowest", better="lower", asked=10)
    result.ratio("metrics_over_none", ratio(rates["metrics"], rates["nobody looks"]),
                 f"throughput with metrics scraped {SCRAPES_A_SECOND} times a second / without", asked=0.98)
    result.ratio("attacked_over_none", ratio(attacked["hostile"], attacked["none"]),
                 "throughput while hostile clients hold and spoil connections as fast as they can / without")
    result.note(f"{times} reloads, after {RELOADS_TO_SETTLE} to settle, let the switch grow by {growth / 1024:.0f} KiB.")
    result.note(f"Throughput: {Spread(rates['nobody looks']).text(1e6)} M packets/s when nobody looks, {Spread(rates['metrics']).text(1e6)} with "
                f"{SCRAPES_A_SECOND} scrapes a second.")
    return result


def _three(values):
    return _percentile(values, 0.5), _percentile(values, 0.99), max(values)
