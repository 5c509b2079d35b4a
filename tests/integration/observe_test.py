# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Looking into a running switch: packets followed, places tapped, what elements cost. Real memcached, real clients."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

from support import CONFIGS, SERVICE, SMARTSWITCH, MemswitchTest, UdpMemcached


class Observe(MemswitchTest):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.socket = self.folder / "control.sock"
        self.switch = self.lab.start_switch(SMARTSWITCH, CONFIGS / "memswitch.yaml", "--control", str(self.socket))
        self.addCleanup(self.end, self.switch)
        self.switch.wait_until(self.lab.service_answers, f"ping to {SERVICE}")

    def start(self, verb, *words, **options):
        process = subprocess.Popen([SMARTSWITCH, verb, *words, "--control", self.socket], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, **options)
        self.addCleanup(self.end_verb, process)
        return process

    @staticmethod
    def end_verb(process):
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()

    def at_work(self, process, ask):
        """Asks until `process` has seen enough and ends; returns what it wrote."""
        with UdpMemcached(self.lab) as client:
            while process.poll() is None:
                ask(client)
        out, err = process.communicate()
        self.assertEqual(process.returncode, 0, err)
        return out

    def test_a_get_is_followed_to_its_server(self):
        process = self.start("trace", "--json", "--count", "1", "--filter", "udp dst port 11211")
        trace = json.loads(self.at_work(process, lambda client: client.get(b"nobody")))
        visits = {visit["element"]: visit for visit in trace["packets"][0]["visits"]}
        self.assertEqual(visits["classify"]["exits"][0]["output"], "get")
        self.assertEqual(visits["choose"]["annotations"]["key"], "nobody")
        sent = [visit for visit in visits.values() if visit["fate"] == "sent"]
        self.assertEqual([visit["class"] for visit in sent], ["ToDevice"], visits.keys())
        self.stop_cleanly(self.switch)

    def test_a_drop_is_named(self):
        process = self.start("trace", "--count", "1", "--filter", "udp dst port 11211", "--element", "classify")
        text = self.at_work(process, lambda client: client.ask(b"flush_all\r\n")).decode()
        self.assertRegex(text, r"filter_control +CommandFilter +-> refused +forbidden \+1")
        self.stop_cleanly(self.switch)

    def test_a_tap_is_read_by_tcpdump(self):
        for place in ("clients", "classify.get"):
            file = self.folder / f"{place}.pcapng"
            process = self.start("tap", place, "-w", file, "--count", "6", "--filter", "udp port 11211")
            self.at_work(process, lambda client: client.get(b"nobody"))
            lines = subprocess.run(["tcpdump", "-nn", "-r", file], capture_output=True, text=True, check=True).stdout.splitlines()
            self.assertEqual(len(lines), 6)
            requests = [line for line in lines if f"> {SERVICE}.11211" in line]
            self.assertTrue(requests)
            # What leaves the classifier goes one way; through a port packets go both ways.
            self.assertEqual(len(requests) == 6, place != "clients", lines)
        self.stop_cleanly(self.switch)

    def test_a_tap_ends_by_a_signal_and_by_a_full_disk(self):
        file = self.folder / "none.pcapng"
        process = self.start("tap", "clients", "-w", file, "--filter", "tcp port 1")
        self.switch.wait_until(lambda: file.exists() and file.stat().st_size > 0, "the beginning of a capture")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=20), 0)
        self.assertEqual(subprocess.run(["tcpdump", "-nn", "-r", file], capture_output=True, check=True).stdout, b"")
        full = self.start("tap", "clients", "-w", "/dev/full")
        self.assertEqual(full.wait(timeout=20), 3)
        self.assertIn(b"cannot write `/dev/full`: No space left on device", full.stderr.read())
        self.assertTrue(self.lab.service_answers())
        self.stop_cleanly(self.switch)

    def test_wrong_questions(self):
        for words, message in ((("trace", "--element", "clasify"), "did you mean `classify`?"),
                               (("trace", "--filter", "udp prt 1"), "does not compile"),
                               (("tap", "clients.rx", "-w", self.folder / "x"), "there is no port or element `clients.rx`"),
                               (("tap", "classify.gte", "-w", self.folder / "x"), "`classify` has the outputs")):
            process = self.start(*words)
            self.assertEqual(process.wait(timeout=20), 2)
            self.assertIn(message, process.stderr.read().decode())
        self.assertFalse(os.path.exists(self.folder / "x"))
        first = second = None

        def refused():
            nonlocal first, second
            if first is None or first.poll() is not None:  # the second one was there before it
                first = self.start("trace", "--filter", "tcp port 1", "--for", "30s")
            second = subprocess.run([SMARTSWITCH, "trace", "--control", self.socket, "--filter", "tcp port 1", "--for", "1ms"],
                                    capture_output=True, text=True, check=False)
            return second.returncode == 3
        self.switch.wait_until(refused, "a second trace is refused")
        self.assertIn("another trace is at work", second.stderr)
        first.kill()
        self.stop_cleanly(self.switch)

    def test_a_profile_is_taken(self):
        process = self.start("ctl", "POST", "/v1/profile?for=500ms")
        profile = json.loads(self.at_work(process, lambda client: client.get(b"nobody")))
        costs = {cost["element"]: cost for cost in profile["elements"]}
        self.assertGreater(costs["classify"]["packets"], 0)
        self.assertGreater(costs["classify"]["ns_per_packet"], 0)
        self.assertAlmostEqual(sum(cost["share"] for cost in costs.values()), 1, delta=0.05)
        self.stop_cleanly(self.switch)


if __name__ == "__main__":
    unittest.main()
