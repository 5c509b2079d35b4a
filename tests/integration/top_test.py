# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""`smartswitch top` at a running switch: one frame for scripts, and in a real terminal."""

import os
import pathlib
import pty
import re
import select
import subprocess
import tempfile
import threading
import unittest

from support import SMARTSWITCH, until

PIPELINE = """smartswitch: 1
elements: {rx: {class: Source, rate: 10k}, lose: {class: RandomDrop, probability: 0.5}, count: Counter, end: Discard}
connections: [rx -> lose -> count -> end]
"""


class Top(unittest.TestCase):
    def setUp(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / "top.yaml").write_text(PIPELINE)
        self.socket = folder / "control.sock"
        self.switch = subprocess.Popen([SMARTSWITCH, "run", folder / "top.yaml", "--control", self.socket], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.switch.wait)
        self.addCleanup(self.switch.kill)
        until(self.socket.exists, "the control socket", 60)

    def test_one_frame(self):
        done = subprocess.run([SMARTSWITCH, "top", "--control", self.socket, "--once", "--every", "500ms"], capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = done.stdout.splitlines()
        self.assertRegex(lines[0], r"^up \d+ s  in [\d.]+ k/s  out .*dropped [\d.]+ k/s  held 0  pool 0 %$")
        self.assertRegex(lines[1], r"^worker0 +core +\d+ +\d+ % \[\|* *\]")
        rows = {line.split()[0]: line for line in lines[4:]}
        self.assertEqual(set(rows), {"rx", "lose", "count", "end"})
        self.assertRegex(rows["lose"], r"^lose +RandomDrop +[\d.]+ k +[\d.]+ k +[1-9][\d.]*( k| M)? +[\d.]+ k +0$")
        self.assertTrue(all(len(line) <= 80 for line in lines))

    def test_costs_are_left_out(self):
        done = subprocess.run([SMARTSWITCH, "top", "--control", self.socket, "--once", "--every", "100ms", "--no-profile"], capture_output=True, text=True, check=False,
                              timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertNotIn("NS/PACKET", done.stdout)

    def test_while_another_measures(self):
        """One profile at a time: who comes second shows all but costs."""
        measured = []

        def measure():
            for _ in range(100):  # it may come second itself
                done = subprocess.run([SMARTSWITCH, "ctl", "POST", "/v1/profile?for=1s", "--control", self.socket], capture_output=True, text=True,
                                      check=False, timeout=60)
                measured.append(done.stdout)
                if done.returncode == 0:
                    return

        other = threading.Thread(target=measure)
        other.start()
        seen = ""
        while other.is_alive():
            done = subprocess.run([SMARTSWITCH, "top", "--control", self.socket, "--once", "--every", "20ms"], capture_output=True, text=True, check=False, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            seen += done.stdout
        other.join()
        self.assertIn('"ns_per_packet"', measured[-1])
        self.assertRegex(seen, r"\nend +Discard +[\d.]+( k)? +[\d.]+( k)? +- ")

    def test_in_a_terminal(self):
        ours, its = pty.openpty()
        self.addCleanup(os.close, ours)
        process = subprocess.Popen([SMARTSWITCH, "top", "--control", self.socket, "--every", "100ms"], stdin=its, stdout=its, stderr=its,
                                   env={**os.environ, "TERM": "xterm"})
        self.addCleanup(os.close, its)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        seen = ""

        def shows(pattern):
            nonlocal seen  # one read a call: what is drawn ten times a second never leaves select() at rest
            if select.select([ours], [], [], 0.1)[0]:
                seen = (seen + os.read(ours, 65536).decode(errors="replace"))[-16384:]
            return re.search(pattern, seen, re.DOTALL)

        until(lambda: shows(r"lose +RandomDrop +[\d.]+ k .*q quits"), "elements with their rates", 60)
        os.write(ours, b"n")
        until(lambda: shows(r"PACKETS/S[^\n]*\n(\x1b\[[0-9;]*m)*count [^\x00]*?\n(\x1b\[[0-9;]*m)*end "), "elements by name", 60)
        os.write(ours, b"c")
        until(lambda: shows(r"NS/PACKET[^\n]*\n([^\n]* [1-9][\d.]*( k| M)? +[\d.]+( k)? +0[^\n]*\n){4}[^\n]*p, d, n, c: "), "what elements cost", 60)
        os.write(ours, b"q")
        until(lambda: shows(r"\x1b\[\?1049l"), "the page before", 60)
        self.assertEqual(process.wait(timeout=60), 0)

    def test_no_terminal_and_no_switch(self):
        done = subprocess.run([SMARTSWITCH, "top", "--control", self.socket], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--once", done.stderr)
        done = subprocess.run([SMARTSWITCH, "top", "--once", "--control", "/nowhere.sock"], capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 3)


if __name__ == "__main__":
    unittest.main()
