# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""configs/memswitch.yaml and requests that are too long for one packet: IP fragments, and several datagrams of memcached's."""

import itertools
import random
import socket
import struct
import unittest

from support import CLIENT_MAC, MEMCACHED_PORT, OWN, SERVERS, SERVICE, SERVICE_MAC, MemswitchTest, UdpMemcached

# Where fragments come in. net_af_packet can't: there the kernel puts IPv4 fragments together and cuts off what does not fit a frame.
XDP = {"CLIENT_DEV": "net_af_xdp0,iface=client"}
OTHER_CLIENT = "10.11.0.2"
PORT = 45000


def internet_checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


def fragment(payload, begin, end, number, source=OWN["client"], more=None):
    """[begin, end) of a UDP datagram's bytes, as a frame from the client to the service."""
    more = end < len(payload) if more is None else more
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + end - begin, number, begin // 8 | (0x2000 if more else 0), 64, 17, 0,
                         socket.inet_aton(source), socket.inet_aton(SERVICE))
    header = header[:10] + struct.pack("!H", internet_checksum(header)) + header[12:]
    return bytes.fromhex((SERVICE_MAC + CLIENT_MAC).replace(":", "")) + b"\x08\x00" + header + payload[begin:end]


def fragments(payload, number, source=OWN["client"], size=1480):
    return [fragment(payload, at, min(at + size, len(payload)), number, source) for at in range(0, len(payload), size)]


class LongRequestTest(MemswitchTest):
    def setUp(self):
        self.random = random.Random(self.id())
        self.numbers = itertools.count(1)
        self.client = self.enterContext(UdpMemcached(self.lab, port=PORT))
        self.healthy = self.enterContext(UdpMemcached(self.lab))
        self.raw = self.enterContext(self.lab.raw_socket("client"))

    def value(self, size):
        return self.random.randbytes(size)

    def check_health(self):
        """Another client gets the right answers from both servers: nothing is stuck in front of them."""
        for i in range(20):
            key = b"health-%d" % i
            self.healthy.set(key, key)
            self.assertEqual(self.healthy.get(key), key)

    def check_stored(self, key, value):
        self.assertEqual(self.client.answer(), b"STORED\r\n")
        self.assertEqual(self.client.get(key), value)


class Fragments(LongRequestTest):
    """Sets in IP fragments."""

    def datagram(self, key, value, port=PORT):
        """The UDP datagram of a set whose answer `self.client` awaits; without a checksum."""
        text = self.client.frame() + b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value)
        return struct.pack("!HHHH", port, MEMCACHED_PORT, 8 + len(text), 0) + text

    def send(self, frames):
        for frame in frames:
            self.raw.send(frame)

    def test_sets_of_all_sizes_as_the_kernel_cuts_them(self):
        switch = self.start_memswitch(**XDP)
        before = {role: int(self.lab.stats(role)["cmd_set"]) for role in SERVERS}
        for size in (1400, 1473, 2000, 2951, 2960, 8000, 30000, 60000, 65200):
            for i in range(4):
                with self.subTest(size=size, key=i):
                    key, value = b"kernel-%d-%d" % (size, i), self.value(size)
                    self.client.set(key, value)
                    self.assertEqual(self.client.get(key), value)
        sets = {role: int(self.lab.stats(role)["cmd_set"]) - before[role] for role in SERVERS}
        self.assertEqual(sum(sets.values()), 36)
        for role in SERVERS:
            self.assertGreater(sets[role], 5)
        self.stop_cleanly(switch)
        self.assertEqual(switch.counter("defragment", "reassembled"), 32)
        self.assertEqual(switch.drops("defragment"), {})

    def test_fragments_in_any_order(self):
        switch = self.start_memswitch(**XDP)
        orders = {
            "in order": lambda f: f,
            "backwards": lambda f: f[::-1],
            "the first one last": lambda f: f[1:] + f[:1],
            "the last one first": lambda f: f[-1:] + f[:-1],
            "shuffled": lambda f: self.random.sample(f, len(f)),
            "each twice": lambda f: [frame for frame in f[:-1] for _ in range(2)] + f[-1:],
        }
        for size in (2000, 60000):
            for name, order in orders.items():
                with self.subTest(size=size, order=name):
                    key, value = b"ordered", self.value(size)
                    self.send(order(fragments(self.datagram(key, value), next(self.numbers))))
                    self.check_stored(key, value)
        self.check_health()
        self.stop_cleanly(switch)
        self.assertEqual(switch.drops("defragment"), {"duplicate": 1 + 40})

    def test_a_set_with_one_fragment_missing_harms_nobody(self):
        switch = self.start_memswitch(**XDP)
        lost = 0
        for missing in (0, 1, 20, 40):
            with self.subTest(missing=missing):
                key, value = b"missing-%d" % missing, self.value(60000)
                frames = fragments(self.datagram(key, value), next(self.numbers))
                lost += len(frames) - 1
                self.send(frames[:missing] + frames[missing + 1:])
                self.check_health()
                self.assertIsNone(self.client.get(key))
                # The same again, whole.
                self.client.set(key, value)
                self.assertEqual(self.client.get(key), value)
        summary = self.stop_cleanly(switch)
        waiting = summary["elements"]["defragment"]["held"]
        self.assertEqual(switch.drops("defragment").get("timed_out", 0) + waiting, lost)
        self.assertEqual(switch.drops("classify"), {})

    def test_overlapping_fragments_reach_nobody(self):
        switch = self.start_memswitch(**XDP)
        key, value = b"teardrop", self.value(5000)
        payload = self.datagram(key, value)
        forged = payload[:1480] + b"x" * (len(payload) - 1480)
        number = next(self.numbers)
        honest = fragments(payload, number)
        self.send([honest[0], fragment(forged, 1472, 2944, number), *honest[1:]])
        self.check_health()
        self.assertIsNone(self.client.get(key))
        self.stop_cleanly(switch)
        self.assertEqual(switch.drops("defragment"), {"conflict": 2, "abandoned": len(honest) - 1})

    def test_nobody_takes_all_places_for_himself(self):
        switch = self.start_memswitch(**XDP)
        payload = self.datagram(b"flood", self.value(3000))
        for number in range(500):
            self.raw.send(fragment(payload, 0, 1480, 1000 + number, OTHER_CLIENT))
            if number % 50 == 0:
                value = self.value(20000)
                self.client.set(b"honest", value)
                self.assertEqual(self.client.get(b"honest"), value)
        self.stop_cleanly(switch)
        drops = switch.drops("defragment")
        self.assertGreater(drops.get("over_share", 0), 300, drops)
        self.assertNotIn("table_full", drops)

    def test_a_long_set_ends_what_the_cache_has(self):
        switch = self.start_memswitch(**XDP)
        key = b"hot"
        for _ in range(20):
            short, long = self.value(100), self.value(self.random.randrange(2000, 60000))
            self.client.set(key, short)
            for _ in range(3):
                self.assertEqual(self.client.get(key), short)
            self.client.set(key, long)
            self.assertEqual(self.client.get(key), long)
        self.stop_cleanly(switch)
        self.assertGreater(switch.counter("cache", "hits"), 10)

    def test_long_pings_to_the_service(self):
        switch = self.start_memswitch(**XDP)
        for size in (1472, 1473, 8000, 65000):
            done = self.lab.run("client", "ping", "-n", "-q", "-c", "3", "-i", "0.01", "-W", "2", "-s", size, SERVICE)
            self.assertEqual(done.returncode, 0, f"{size}: {done.stdout}")
        self.stop_cleanly(switch)


class Parts(LongRequestTest):
    """Sets in several datagrams, each with a frame header of memcached's: "part 2 of 5". memcached itself drops such ones."""

    def parts(self, key, value, size=1400):
        text = b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value)
        pieces = [text[at:at + size] for at in range(0, len(text), size)]
        self.client.frame()  # a new id for the whole
        return [struct.pack("!HHHH", self.client.id, i, len(pieces), 0) + piece for i, piece in enumerate(pieces)]

    def send(self, parts):
        for part in parts:
            self.client.socket.send(part)

    def test_parts_in_any_order(self):
        switch = self.start_memswitch()
        for size in (1500, 5000, 60000):
            for name in ("in order", "backwards", "shuffled", "the first one last"):
                with self.subTest(size=size, order=name):
                    key, value = b"parts-%d" % size, self.value(size)
                    parts = self.parts(key, value)
                    self.send({"in order": parts, "backwards": parts[::-1], "shuffled": self.random.sample(parts, len(parts)),
                               "the first one last": parts[1:] + parts[:1]}[name])
                    self.check_stored(key, value)
        self.check_health()
        self.stop_cleanly(switch)
        self.assertEqual(switch.counter("join", "joined"), 12)
        self.assertEqual(switch.drops("join"), {})

    def test_parts_in_fragments(self):
        switch = self.start_memswitch(**XDP)
        value = self.value(60000)
        self.send(self.parts(b"both", value, 7000)[::-1])
        self.check_stored(b"both", value)
        self.stop_cleanly(switch)
        self.assertEqual(switch.counter("defragment", "reassembled"), 9)

    def test_a_request_with_one_part_missing_harms_nobody(self):
        switch = self.start_memswitch()
        for missing in (0, 10, 42):
            key, value = b"lost-%d" % missing, self.value(60000)
            parts = self.parts(key, value)
            self.send(parts[:missing] + parts[missing + 1:])
            self.check_health()
            self.assertIsNone(self.client.get(key))
        # The sender sends what was missing: the rest is still there, for a while.
        value = self.value(60000)
        parts = self.parts(b"again", value)
        self.send(parts[:7] + parts[8:])
        self.send(parts[7:8])
        self.check_stored(b"again", value)
        self.stop_cleanly(switch)

    def test_parts_that_lie_harm_nobody(self):
        switch = self.start_memswitch()
        for i in range(200):
            if i % 20 == 0:  # in portions that fit the receive ring even if the switch waits for its core
                self.check_health()
            parts = self.parts(b"lies", self.value(5000))
            victim = self.random.randrange(len(parts))
            header = list(struct.unpack("!HHHH", parts[victim][:8]))
            header[self.random.choice((1, 2))] = self.random.randrange(65536)
            parts[victim] = struct.pack("!HHHH", *header) + parts[victim][8:]
            self.send(parts)
        self.check_health()
        self.assertIsNone(self.client.get(b"lies"))
        self.stop_cleanly(switch)
        self.assertGreater(sum(switch.drops("join").values()), 500)


if __name__ == "__main__":
    unittest.main()
