# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Where the cycles go."""

import subprocess
import time

from harness import flame
from harness.generator import SATURATED, Workload, call_load, warm_cache
from harness.lab import LabError, die_with_parent
from harness.paths import BIN
from harness.programs import core_under_test
from harness.result import Result
from harness.systems import cached, memswitch

TITLE = "where the cycles go"
QUESTION = "In which functions does the MemSwitch spend its time?"
RATE = 997  # samples a second: no multiple of any timer's
MOST = 12   # functions in the table


def run(session):
    result = Result("flame", TITLE, QUESTION)
    seconds = session.effort.pick(1.0, 5.0)
    workload = Workload()
    session.lab.fill(workload.keys, workload.value_size)
    for system in (memswitch(2), cached()):
        session.progress.step("flame", system.title)
        with system.start(session.lab) as running:
            if system.name == "memswitch_cache":
                warm_cache(session.lab, running, workload)
            perf = _record(session, running.under_test["switch"], seconds, delay=0.5)
            clients, window = SATURATED["udp"][-1]
            call_load(session.lab, running, workload, ["--clients", clients, "--window", window], seconds + 1.5, 0)
            _finish(perf)
        _picture(session, result, system.name, f"{system.title}, over af_packet at saturation")
    session.close_lab()
    in_memory = [("composed", "the redirect, in memory"), ("cache_hit", "cache hits, in memory")]
    for name, title in session.effort.pick(in_memory[:1], in_memory):
        session.progress.step("flame", title)
        _record_program(session, name, seconds)
        _picture(session, result, f"memory_{name}", title)
    return result


def _data(session):
    return session.folder / "perf.data"


def _words(session):
    # The stack's bytes are kept and unwound by .eh_frame: optimised code has no frame pointers. A batch takes 520 bytes of it at each hop.
    return ["perf", "record", "-q", "-e", "cpu-clock", "-F", str(RATE), "--call-graph", "dwarf,24576", "-o", str(_data(session))]


def _record(session, pid, seconds, delay):
    return subprocess.Popen(["sh", "-c", f"sleep {delay} && exec \"$@\"", "sh", *_words(session), "-p", str(pid), "--", "sleep", str(seconds)],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=die_with_parent)


def _finish(perf):
    _, complaints = perf.communicate(timeout=60)
    if perf.returncode != 0:
        raise LabError(f"perf ended with code {perf.returncode}: {complaints.strip()}")


def _record_program(session, name, seconds):
    """The one benchmark of bench_pipeline, from when it has filled its cache."""
    program = subprocess.Popen(["taskset", "-c", str(core_under_test()), str(BIN / "bench_pipeline"), f"--benchmark_filter=memswitch/{name}$",
                                f"--benchmark_min_time={seconds + 4}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               preexec_fn=die_with_parent)
    try:
        time.sleep(3)
        _finish(_record(session, program.pid, seconds, delay=0))
    finally:
        program.kill()
        program.wait()


def _picture(session, result, name, title):
    script = subprocess.run(["perf", "script", "-i", str(_data(session)), "-F", "comm,ip,sym", "--no-inline"], capture_output=True, text=True,
                            check=False, timeout=300)
    _data(session).unlink(missing_ok=True)
    root = flame.tree(flame.stacks(script.stdout))
    if not root.count:
        raise LabError(f"perf has seen nothing of {title}: {script.stderr.strip()}")
    (session.folder / f"flame_{name}.svg").write_text(flame.draw(root, title))
    result.plot(f"flame_{name}", "drawn", title=f"Where the cycles go: {title}")
    own = sorted(root.own().items(), key=lambda item: -item[1])[:MOST]
    result.table([title, "% of samples in it, not in what it calls"], [[f"`{function}`", f"{100 * count / root.count:.1f}"] for function, count in own])
    result.sample(name=name, samples=root.count, own=dict(own))
