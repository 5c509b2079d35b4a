# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Each file in configs/, run between real hosts; memswitch.yaml has memswitch_test.py to itself."""

import socket
import struct
import subprocess
import time
import unittest

from support import CONFIGS, OWN, ROOT, SMARTSWITCH, LabTest, until

MARK = b"packet %06d of the test"


def udp_pair(lab, port):
    """Sockets on the client and on server1 that send to each other."""
    ends = [lab.socket(role) for role in ("client", "server1")]
    for end, own, other in zip(ends, ("client", "server1"), ("server1", "client")):
        end.bind((OWN[own], port))
        end.connect((OWN[other], port))
    return ends


def packets_of(capture):
    """The frames of a capture file (pcap, microseconds or nanoseconds, little-endian)."""
    data = capture.read_bytes()
    if len(data) < 24 or struct.unpack("<I", data[:4])[0] not in (0xA1B2C3D4, 0xA1B23C4D):
        raise AssertionError(f"{capture} is no capture file")
    frames = []
    at = 24
    while at + 16 <= len(data):
        kept, _ = struct.unpack("<II", data[at + 8:at + 16])
        frames.append(data[at + 16:at + 16 + kept])
        at += 16 + kept
    return frames


class Checks(unittest.TestCase):
    """What `smartswitch` says about each configuration, without a device."""

    def test_each_passes_check_and_can_be_drawn(self):
        files = sorted(CONFIGS.glob("*.yaml"))
        self.assertGreaterEqual(len(files), 5)
        for file in files:
            with self.subTest(file=file.name):
                done = subprocess.run([SMARTSWITCH, "check", file], capture_output=True, text=True, timeout=30, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                drawn = subprocess.run([SMARTSWITCH, "graph", file, "-o", "-"], capture_output=True, text=True, timeout=30, check=False)
                self.assertEqual(drawn.returncode, 0, drawn.stderr)
                self.assertIn("digraph", drawn.stdout)

    def test_a_wrong_file_is_refused(self):
        done = subprocess.run([SMARTSWITCH, "check", ROOT / "LICENSE"], capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)


class Bridge(LabTest):
    def test_two_hosts_reach_each_other(self):
        switch = self.start_switch("bridge.yaml")
        switch.wait_until(lambda: self.lab.pings("client", OWN["server1"]), "ping through the bridge")
        one, other = udp_pair(self.lab, 6000)
        with one, other:
            for number in range(500):
                one.send(MARK % number)
                self.assertEqual(other.recv(100), MARK % number)
                other.send(b"back")
                self.assertEqual(one.recv(100), b"back")
        self.stop_cleanly(switch)

    def test_a_missing_interface_is_refused_with_a_reason(self):
        done = self.lab.run("switch", SMARTSWITCH, "run", CONFIGS / "bridge.yaml", "--set", "A_DEV=net_af_packet0,iface=nosuch")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("nosuch", done.stderr)


class Capture(LabTest):
    def test_chosen_packets_are_in_the_file_and_all_pass(self):
        file = self.lab.directory / "capture.pcap"
        switch = self.start_switch("capture.yaml", FILTER="udp port 6001", FILE=file)
        switch.wait_until(lambda: self.lab.pings("client", OWN["server1"]), "ping through the wire")
        for port in (6001, 6002):
            one, other = udp_pair(self.lab, port)
            with one, other:
                for number in range(100):
                    one.send(MARK % number)
                    self.assertEqual(other.recv(100), MARK % number)
                    other.send(MARK % number)
                    self.assertEqual(one.recv(100), MARK % number)
        self.stop_cleanly(switch)
        frames = packets_of(file)
        self.assertEqual(len(frames), 200)
        for index, frame in enumerate(frames):
            self.assertEqual(struct.unpack("!HH", frame[34:38]), (6001, 6001))
            self.assertTrue(frame[42:].startswith(MARK % (index // 2)), frame)


class Generate(LabTest):
    RATE = 2000

    def test_requests_come_at_the_rate(self):
        with self.lab.raw_socket("server1") as wire:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
            switch = self.start_switch("generate.yaml", RATE=f"{self.RATE}/s", KEYS=100, COUNT=3 * self.RATE)
            until(lambda: switch.check_alive() and self.next_request(wire) == 0, "the first request", seconds=30)
            start = time.monotonic()
            numbers = [0]
            while numbers[-1] < 3 * self.RATE - 1:
                number = self.next_request(wire)
                if number is not None:
                    numbers.append(number)
            seconds = time.monotonic() - start
        self.assertEqual(numbers, list(range(3 * self.RATE)))
        # Never faster; a machine that is busy with other things may make it slower.
        self.assertGreater(seconds, 2.8)
        self.assertLess(seconds, 6)
        self.stop_cleanly(switch)

    def next_request(self, wire):
        """The number of the next request on the wire; None if it is something else, or late."""
        try:
            frame = wire.recv(2048)
        except TimeoutError:
            return None
        if frame[12:14] != b"\x08\x00" or frame[23] != 17 or frame[36:38] != struct.pack("!H", 11211):
            return None
        number, sequence, total, reserved = struct.unpack("!HHHH", frame[42:50])
        self.assertEqual((sequence, total, reserved), (0, 1, 0))
        self.assertRegex(frame[50:], rb"^get key-0000000000\d\d\r\n$")
        return number


class Impair(LabTest):
    def test_delay_and_loss(self):
        switch = self.start_switch("impair.yaml", LOSS="0.2", DELAY="30ms", SEED="7", BANDWIDTH="1G")
        switch.wait_until(lambda: self.lab.pings("client", OWN["server1"]), "a ping to get through")
        one, other = udp_pair(self.lab, 6003)
        with one, other:
            fastest = min(self.round_trip(one, other, number) for number in range(40))
            self.assertGreater(fastest, 0.060)
            self.assertLess(fastest, 0.150)
            # In portions that fit the receive ring even if the switch waits for its core.
            arrived = sum(self.portion_arrives(one, other, 100) for _ in range(10))
            # 800 on average; the standard deviation is 13.
            self.assertGreater(arrived, 730)
            self.assertLess(arrived, 870)
        self.stop_cleanly(switch)

    @staticmethod
    def portion_arrives(one, other, packets):
        """How many of so many packets come out."""
        for number in range(packets):
            one.send(MARK % number)
        other.settimeout(0.3)
        for arrived in range(packets):
            try:
                other.recv(100)
            except TimeoutError:
                return arrived
        return packets

    @staticmethod
    def round_trip(one, other, number):
        """Seconds there and back, or a lot if one of the two packets was lost."""
        start = time.monotonic()
        one.settimeout(0.3)
        one.send(MARK % number)
        other.settimeout(0.3)
        try:
            other.send(other.recv(100))
            one.recv(100)
        except TimeoutError:
            return 10.0
        return time.monotonic() - start


if __name__ == "__main__":
    unittest.main()
