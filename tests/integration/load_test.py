# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""`smartswitch load` with real memcached: what it counts is what the server counts, and what is wrong it finds."""

import base64
import json
import pathlib
import struct
import subprocess
import unittest
import zlib

from support import CLIENT, DIRECT, MEMCACHED_PORT, SERVICE, SMARTSWITCH, LabTest, MemswitchTest, until

OK, WRONG, BAD_USAGE, REFUSED = 0, 1, 2, 3
SHORT = ("--warm-up", "50ms", "--requests", "2000")
NOTHING = ("--warm-up", "0", "--for", "200ms")  # where no answers will come


def counts_of_histogram(line):
    """The counts in a line of a log of HdrHistogram's: its V2 form, read by its definition."""
    framed = base64.b64decode(line.rsplit(",", 1)[1])
    cookie, size = struct.unpack(">II", framed[:8])
    assert (cookie, size) == (0x1C849314, len(framed) - 8), framed[:8]
    plain = zlib.decompress(framed[8:])
    assert struct.unpack(">II", plain[:8]) == (0x1C849313, len(plain) - 40), plain[:8]
    counts, i = [], 40
    while i < len(plain):
        value, shift = 0, 0
        while True:
            value |= (plain[i] & 0x7F) << shift
            shift += 7
            i += 1
            if plain[i - 1] < 0x80:
                break
        number = (value >> 1) ^ -(value & 1)
        counts += [0] * -number if number < 0 else [number]
    return counts


class LoadTest:
    """How the tests of this file run it."""

    def load(self, *words, code=OK, timeout="5s"):
        """The time-out is long, so that a crowded machine loses nothing."""
        done = self.lab.run("client", SMARTSWITCH, "load", "--json", "--timeout", timeout, *words)
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        self.said = done.stderr
        if not done.stdout:
            return None
        result = json.loads(done.stdout)
        self.assertEqual(result["requests"], result["answers"] + result["lost"], result)
        answers = sum(result[kind] for kind in ("hits", "misses", "stored", "errors"))
        self.assertLessEqual(answers, result["answers"], result)
        self.assertLessEqual(result["answers"] - answers, result["wrong"], result)
        return result

    def assert_all_well(self, result):
        self.assertEqual([result[kind] for kind in ("wrong", "errors", "lost", "misses")], [0, 0, 0, 0], result)
        self.assertGreater(result["answers"], 100)
        latency = [result["latency_us"][point] for point in ("min", "p50", "p90", "p99", "p999", "p9999", "max")]
        self.assertEqual(latency, sorted(latency))
        self.assertGreater(latency[0], 0)


class Load(LoadTest, LabTest):
    """Straight to a server, by the cable that goes past the switch."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lab.start_memcached("server1")

    def setUp(self):
        if self.lab.servers["server1"].poll() is not None:
            self.lab.start_memcached("server1")
        self.lab.flush("server1")

    def asked(self, *kinds):
        stats = self.lab.stats("server1")
        return [int(stats[kind]) for kind in kinds]

    def start(self, *words):
        """One that runs until it is told to end; returns when it has sent gets."""
        before, = self.asked("cmd_get")
        process = self.lab.start("client", SMARTSWITCH, "load", "--json", "--server", DIRECT, "--warm-up", "0", *words, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        until(lambda: self.asked("cmd_get")[0] > before + 500, "requests to arrive")
        return process

    def test_what_was_filled_is_found_over_both_protocols(self):
        for protocol in ("udp", "tcp"):
            with self.subTest(protocol):
                sets, gets = self.asked("cmd_set", "cmd_get")
                result = self.load("--server", DIRECT, "--protocol", protocol, "--fill", "--keys", 3000, "--clients", 3, "--window", 4,
                                   "--warm-up", "0", "--requests", 5000, "--distribution", "zipf:0.99")
                self.assert_all_well(result)
                self.assertEqual((result["filled"], result["hits"], result["stored"]), (3000, 5000, 0))
                after = self.asked("cmd_set", "cmd_get")
                self.assertEqual((after[0] - sets, after[1] - gets), (3000, 5000))

    def test_gets_and_sets_are_mixed_as_asked(self):
        for protocol in ("udp", "tcp"):
            with self.subTest(protocol):
                result = self.load("--server", DIRECT, "--protocol", protocol, "--fill", "--keys", 50, "--clients", 4, "--window", 4,
                                   "--get-ratio", 0.7, "--value-size", "32:0.5,1KiB:0.5", *SHORT)
                self.assert_all_well(result)
                self.assertAlmostEqual(result["stored"] / result["answers"], 0.3, delta=0.05)
                self.assertEqual(result["settings"]["value_size"], "32:0.5,1KiB:0.5")

    def test_large_values_come_in_several_datagrams(self):
        for protocol in ("udp", "tcp"):
            with self.subTest(protocol):
                result = self.load("--server", DIRECT, "--protocol", protocol, "--fill", "--keys", 200, "--value-size", "11KiB",
                                   "--get-ratio", 0.5, "--window", 2, *SHORT)
                self.assert_all_well(result)
                self.assertEqual(int(self.lab.stats("server1")["curr_items"]), 200)

    def test_open_loop_sends_what_is_due(self):
        for arrivals in ("poisson", "even"):
            with self.subTest(arrivals):
                result = self.load("--server", DIRECT, "--fill", "--keys", 500, "--rate", "5k", "--arrivals", arrivals, "--clients", 2,
                                   "--warm-up", "50ms", "--requests", 1000)
                self.assert_all_well(result)
                self.assertEqual((result["requests"], result["offered"]), (1000, 5000))
                self.assertIsNotNone(result["generator"]["late_p99_us"])

    def test_keys_that_are_not_there_are_misses_and_those_of_an_earlier_run_are_known(self):
        result = self.load("--server", DIRECT, "--keys", 100, "--first-key", 1000, "--requests", 500, "--warm-up", "0")
        self.assertEqual((result["misses"], result["hits"], result["wrong"]), (500, 0, 0))
        filled = self.load("--server", DIRECT, "--keys", 100, "--first-key", 1000, "--fill", "--for", "0")
        self.assertEqual((filled["filled"], filled["requests"]), (100, 0))
        result = self.load("--server", DIRECT, "--keys", 100, "--first-key", 1000, "--requests", 500, "--warm-up", "0")
        self.assertEqual((result["misses"], result["hits"], result["wrong"]), (0, 500, 0))

    def test_the_log_has_every_answer(self):
        log = pathlib.Path(self.lab.directory, "load.hlog")
        result = self.load("--server", DIRECT, "--fill", "--get-ratio", 0.8, "--hdr", log, *SHORT)
        lines = [line for line in log.read_text().splitlines() if line.startswith("Tag=")]
        self.assertEqual([line.split(",")[0] for line in lines], ["Tag=get", "Tag=set"])
        gets, sets = (sum(counts_of_histogram(line)) for line in lines)
        self.assertEqual((gets, sets), (result["hits"], result["stored"]))

    def end_of_server(self, *words):
        """The server is killed under load. Returns what was said of that, and the result."""
        process = self.start("--fill", "--for", "30s", "--timeout", "50ms", *words)
        self.lab.stop_memcached("server1")
        said = process.stderr.readline()
        process.terminate()
        output, rest = process.communicate(timeout=20)
        self.assertEqual(process.returncode, OK, said + rest)
        result = json.loads(output)
        self.assertEqual(result["requests"], result["answers"] + result["lost"])
        return said, result

    def test_a_server_that_ends_costs_requests_and_no_more(self):
        said, result = self.end_of_server()
        self.assertGreater(result["lost"], 0)
        self.assertIn(f"{DIRECT}:{MEMCACHED_PORT} refuses", said)

    def test_a_connection_that_ends_is_told(self):
        said, result = self.end_of_server("--protocol", "tcp", "--window", "8")
        self.assertGreater(result["lost"], 0)
        self.assertRegex(said, f"connection to {DIRECT}:{MEMCACHED_PORT}: (closed by the server|Connection reset by peer); \\d+ requests")

    def test_values_changed_behind_its_back_are_found(self):
        for version in (b"x" * 32, b"short"):
            with self.subTest(version):
                process = self.start("--fill", "--keys", 20, "--for", "30s")
                for key in range(20):
                    self.lab.tell("server1", b"set key%013d 0 0 %d\r\n%s\r\n" % (key, len(version), version), b"STORED\r\n")
                hits, = self.asked("get_hits")
                until(lambda: self.asked("get_hits")[0] > hits + 100, "gets of the new values")
                process.terminate()
                output, said = process.communicate(timeout=20)
                self.assertEqual(process.returncode, WRONG, said)
                result = json.loads(output)
                self.assertGreater(result["wrong"], 0)
                self.assertIn("no set of ours wrote", result["complaints"][0])

    def test_older_versions_and_those_of_another_run_are_found(self):
        key = b"get key%013d\r\n" % 3
        process = self.start("--fill", "--keys", 4, "--for", "30s", "--get-ratio", 0.9)
        old = self.lab.tell("server1", key, b"END\r\n").split(b"\r\n", 1)[1][:32]
        hits, = self.asked("get_hits")
        until(lambda: self.asked("get_hits")[0] > hits + 1000, "newer versions")
        for _ in range(20):  # its own set may be faster than its next get
            self.lab.tell("server1", b"set key%013d 0 0 32\r\n%s\r\n" % (3, old), b"STORED\r\n")
        hits, = self.asked("get_hits")
        until(lambda: self.asked("get_hits")[0] > hits + 1000, "gets of the old version")
        process.terminate()
        output, said = process.communicate(timeout=20)
        self.assertEqual(process.returncode, WRONG, said)
        self.assertRegex(json.loads(output)["complaints"][0], r"is version \d+; \d+ to \d+ could be")

    def test_says_so_when_nothing_answers(self):
        self.load("--server", f"{DIRECT}:9", *NOTHING, code=REFUSED, timeout="20ms")
        self.assertIn("does not answer", self.said)
        self.load("--server", f"{DIRECT}:9", "--protocol", "tcp", *NOTHING, code=REFUSED)
        self.assertIn(f"{DIRECT}:9 (number 1 of 1): Connection refused", self.said)

    def test_bad_usage_is_told(self):
        for words, text in ((["--window", "2", "--rate", "1k"], "--window"), (["--for", "0"], "measures nothing"),
                            (["--value-size", "3"], "`3` is not a size"), (["--distribution", "zip"], "`zip` is not a distribution"),
                            (["--keys", "100", "--key-size", "4"], "no room for the number 99"), (["--device", "net_null0"], "--address")):
            with self.subTest(words):
                self.load("--server", DIRECT, *words, code=BAD_USAGE)
                self.assertIn(text, self.said)


class LoadThroughTheSwitch(LoadTest, MemswitchTest):
    """The same through the MemSwitch, with a client in the kernel and one without."""

    DEVICE = ("--device", "net_af_packet0,iface=eth0", "--address", "10.11.0.77")

    def test_clients_in_the_kernel_and_beside_it(self):
        self.start_memswitch()
        for words in ((), self.DEVICE, (*self.DEVICE, "--server-mac", "02:00:00:00:00:64")):
            with self.subTest(words):
                result = self.load("--server", SERVICE, "--fill", "--keys", 1000, "--distribution", "zipf:0.99", "--get-ratio", 0.9,
                                   "--window", 2, "--clients", 2, *SHORT, *words)
                self.assert_all_well(result)
                self.assertEqual(result["filled"], 1000)

    def test_an_address_that_nobody_has(self):
        self.load("--server", "10.11.0.99", *self.DEVICE, *NOTHING, code=REFUSED, timeout="20ms")
        self.assertIn("does not answer", self.said)


if __name__ == "__main__":
    unittest.main()
