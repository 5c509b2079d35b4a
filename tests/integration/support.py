# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""What the integration tests share. They need root and the programs of a build, named by SMARTSWITCH_BIN; what is missing fails them."""

import os
import pathlib
import socket
import struct
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from hosts import DIRECT, HOSTS, MEMCACHED_PORT, SERVERS, SERVICE, Lab, LabError, Switch, until  # noqa: E402,F401

BIN = pathlib.Path(os.environ.get("SMARTSWITCH_BIN", ROOT / "build/release/bin"))
SMARTSWITCH = BIN / "smartswitch"
CLIENT = BIN / "memcached_client"
CONFIGS = ROOT / "configs"
CLIENT_MAC = HOSTS[0].mac
SERVICE_MAC = "02:00:00:00:00:64"  # as configs/memswitch.yaml has it
OWN = {host.role: host.address for host in HOSTS}
OWN6 = {host.role: host.address6 for host in HOSTS}


class LabTest(unittest.TestCase):
    """Hosts for all tests of a class; each test starts the switch it wants."""

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab())

    def start_switch(self, config, **variables):
        """A switch that ends with the test. Sanitizers make a build slow to start: the time is ample."""
        switch = self.lab.start_switch(SMARTSWITCH, CONFIGS / config, variables=variables)
        self.addCleanup(self.end, switch)
        return switch

    @staticmethod
    def end(switch):
        if switch.process.poll() is None:
            switch.process.kill()
            switch.process.wait()

    def stop_cleanly(self, switch):
        """SIGTERM, exit code 0, and a summary in which no packet is missing. Returns the summary."""
        code = switch.stop()
        self.assertEqual(code, 0, switch.log.read_text())
        summary = switch.summary()
        self.assert_all_accounted_for(summary)
        return summary

    def assert_all_accounted_for(self, summary):
        """To the packet, in the whole and in each element."""
        packets = summary["packets"]
        self.assertGreater(packets["came"], 0)
        self.assertEqual(packets["came"], packets["sent"] + packets["dropped"] + packets["consumed"] + packets["held"], packets)
        for name, element in summary["elements"].items():
            came = element["in"] + element["received"] + element["created"]
            went = element["out"] + element["sent"] + element["dropped"] + element["consumed"] + element["held"]
            self.assertEqual(came, went, f"{name}: {element}")

    def ask(self, *words, timeout=60):
        return self.lab.client(CLIENT, *words, timeout=timeout)

    def load(self, keys=1000, *words):
        loaded = self.ask("load", "--server", SERVICE, "--keys", keys, *words)
        self.assertEqual(loaded["stored"], keys, loaded["complaints"])
        return loaded["version"]

    def assert_all_right(self, result):
        self.assertEqual((result["wrong"], result["lost"], result["duplicates"]), (0, 0, 0), result)


class MemswitchTest(LabTest):
    """memcached on both servers and the MemSwitch between them and the client."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for role in SERVERS:
            cls.lab.start_memcached(role)

    def start_memswitch(self, **variables):
        switch = self.start_switch("memswitch.yaml", **variables)
        switch.wait_until(self.lab.service_answers, f"ping to {SERVICE}")
        return switch


class UdpMemcached:
    """memcached's text protocol over UDP, one command at a time. `timeout` in seconds: ample, so that only a lost answer meets it."""

    def __init__(self, lab, role="client", address=SERVICE, port=0, timeout=5.0):
        self.socket = lab.socket(role, timeout=timeout)
        self.socket.bind(("", port))
        self.socket.connect((address, MEMCACHED_PORT))
        self.id = os.getpid() & 0xFFFF

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.close()

    def frame(self):
        """The header of a request of its own."""
        self.id = (self.id + 1) & 0xFFFF
        return struct.pack("!HHHH", self.id, 0, 1, 0)

    def send(self, text):
        self.socket.send(self.frame() + text)

    def ask(self, text):
        """Sends a command and returns the text of its answer; TimeoutError if there is none."""
        self.send(text)
        return self.answer()

    def answer(self):
        """The text of the answer to the last request, whole, in however many datagrams it comes."""
        parts = {}
        deadline = time.monotonic() + self.socket.gettimeout()
        while time.monotonic() < deadline:
            answer = self.socket.recv(65536)
            number, sequence, total, _ = struct.unpack("!HHHH", answer[:8])
            if number != self.id:
                continue
            if sequence >= total or sequence in parts:
                raise AssertionError(f"part {sequence} of {total}, after {sorted(parts)}: {answer[8:]!r}")
            parts[sequence] = answer[8:]
            if len(parts) == total:
                return b"".join(parts[i] for i in range(total))
        raise TimeoutError(f"{len(parts)} parts of an answer")

    def get(self, key):
        """The value, or None."""
        answer = self.ask(b"get " + key + b"\r\n")
        if answer == b"END\r\n":
            return None
        line, _, rest = answer.partition(b"\r\n")
        verb, name, _, size = line.split(b" ")
        if (verb, name) != (b"VALUE", key) or rest[int(size):] != b"\r\nEND\r\n":
            raise AssertionError(f"the answer to a get of {key!r} is {answer!r}")
        return rest[:int(size)]

    def set(self, key, value, expiry=0):
        answer = self.ask(b"set %s 0 %d %d\r\n%s\r\n" % (key, expiry, len(value), value))
        if answer != b"STORED\r\n":
            raise AssertionError(f"the answer to a set of {key!r} is {answer!r}")


class TcpMemcached:
    def __init__(self, lab, address, role="client"):
        self.socket = lab.socket(role, socket.SOCK_STREAM, timeout=5.0)
        self.socket.connect((address, MEMCACHED_PORT))
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.file.close()
        self.socket.close()

    def ask(self, text):
        """Sends a command with an answer of one line, and returns that."""
        self.socket.sendall(text)
        return self.file.readline()
