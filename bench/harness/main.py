# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""scripts/bench: runs the experiments and writes what they bring."""

import argparse
import pathlib
import signal
import sys
import time
import traceback

import experiments
from harness import machine, report, result as results
from harness.effort import FULL, QUICK
from harness.lab import LabError
from harness.paths import OUTPUT
from harness.progress import Progress
from harness.session import Session


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench",
                                     description="Measures SmartSwitch beside memcached, TwemProxy and the paper. See bench/README.md.")
    parser.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help="only these (see --list)")
    parser.add_argument("--quick", action="store_true", help="all in five minutes: fewer rounds, shorter ones, fewer points")
    parser.add_argument("--list", action="store_true", help="name the experiments and what they answer, and stop")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)  # of the command line only: scripts/bench builds for minutes
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT, metavar="DIR", help="where results go (build/bench)")
    parsed = parser.parse_args()
    unknown = [name for name in parsed.experiments if name not in experiments.NAMES]
    if unknown:
        parser.error(f"there is no experiment `{unknown[0]}`; there are {', '.join(experiments.NAMES)}")
    return parsed


def draw(data, folder):
    from harness import plots  # matplotlib: --list does without

    for plot in data["plots"]:
        if plot["kind"] in plots.KINDS:
            plots.draw(plot, folder)


def measure(name, session, about):
    """Runs one experiment; False if it could not be done."""
    start = time.monotonic()
    session.progress.line(f"{name}: {experiments.load(name).TITLE}")
    try:
        result = experiments.load(name).run(session)
    except LabError as error:
        session.progress.line(f"{name} failed: {error}")
        session.close_lab()
        return False
    except Exception:  # a fault of ours: the other experiments are worth having all the same
        session.progress.line(f"{name} failed:\n{traceback.format_exc()}")
        session.close_lab()
        return False
    settings = {"quick": session.effort.quick, "rounds": session.effort.rounds, "seconds": round(time.monotonic() - start, 1)}
    result.write(session.folder, about, settings)
    draw(result.data, session.folder)
    session.progress.line(f"{name}: done in {settings['seconds']:.0f} s")
    print("\n" + report.section(result.data) + "\n", flush=True)
    return True


def main():
    parsed = arguments()
    if parsed.list:
        for name in experiments.NAMES:
            print(f"{name:10} {experiments.load(name).QUESTION}")
        return 0
    if parsed.check:
        return 0
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    parsed.output.mkdir(parents=True, exist_ok=True)
    about = machine.describe()
    names = parsed.experiments or experiments.NAMES
    with Session(QUICK if parsed.quick else FULL, parsed.output.resolve(), Progress()) as session:
        failed = [name for name in names if not measure(name, session, about)]
    found = results.read(parsed.output)
    (parsed.output / "report.md").write_text(report.report([found[name] for name in experiments.NAMES if name in found]))
    print(f"results: {parsed.output}/report.md" + (f"; not done: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
