# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Requests that lie about themselves, or break the protocol: each is answered as memcached answers it, or reaches a server as it was sent."""

import contextlib
import socket
import struct
import subprocess
import unittest

from support import DIRECT, MEMCACHED_PORT, OWN, SERVERS, SERVICE, MemswitchTest, UdpMemcached


def framed(text, sequence=0, total=1, reserved=0):
    """A datagram; its request id is put in when it is sent."""
    return struct.pack("!HHHH", 0, sequence, total, reserved) + text


def binary_error(opcode, status, words, opaque=7):
    return struct.pack("!BBHBBHIIQ", 0x81, opcode, 0, 0, 0, status, len(words), opaque, 0) + words


def binary(opcode, extras=b"", key=b"", value=b"", cas=0, magic=0x80, data_type=0, vbucket=0, key_bytes=None, extras_bytes=None, body_bytes=None):
    """A binary command; whatever is given by name for a length is a lie."""
    return struct.pack("!BBHBBHIIQ", magic, opcode, len(key) if key_bytes is None else key_bytes, len(extras) if extras_bytes is None else extras_bytes,
                       data_type, vbucket, len(extras) + len(key) + len(value) if body_bytes is None else body_bytes, 7, cas) + extras + key + value


BAD_LINE = b"CLIENT_ERROR bad command line format\r\n"
BAD_DATA = b"CLIENT_ERROR bad data chunk\r\n"
INCOMPLETE = b"CLIENT_ERROR incomplete request\r\n"
SERVICE_BYTES = socket.inet_aton(SERVICE)
STORAGE = struct.pack("!II", 0, 0)
LONG = b"k" * 251
# A request that has nothing wrong about it.
CLEAN = b"get canary\r\n"

# Answered as memcached answers: in its words, or not at all.
HOSTILE = {
    # The frame header.
    "no bytes": b"",
    "one byte": b"\0",
    "seven bytes": b"\0\1\0\0\0\1\0",
    "part 0 of 0": framed(CLEAN, total=0),
    "part 1 of 1, counted from 0": framed(CLEAN, sequence=1),
    "part 65535 of 1": framed(CLEAN, sequence=65535),
    "part 0 of 2": framed(CLEAN, total=2),
    "part 7 of 2": framed(CLEAN, sequence=7, total=2),
    "part 0 of 65535": framed(CLEAN, total=65535),
    "part 65535 of 65535": framed(CLEAN, sequence=65535, total=65535),
    "reserved bytes": framed(CLEAN, reserved=0xFFFF),
    # Keys.
    "key of 250": framed(b"get " + LONG[:250] + b"\r\n"),
    "key of 251": framed(b"get " + LONG + b"\r\n"),
    "key of 1300": framed(b"get " + b"k" * 1300 + b"\r\n"),
    "second key of 251": framed(b"get canary " + LONG + b"\r\n"),
    "delete of a key of 251": framed(b"delete " + LONG + b"\r\n"),
    "incr of a key of 251": framed(b"incr " + LONG + b" 1\r\n"),
    "touch of a key of 251": framed(b"touch " + LONG + b" 0\r\n"),
    "gat of a key of 251": framed(b"gat 0 " + LONG + b"\r\n"),
    "mg of a key of 251": framed(b"mg " + LONG + b" v\r\n"),
    "md of a key of 251": framed(b"md " + LONG + b"\r\n"),
    "mg without a key": framed(b"mg\r\n"),
    "mg of no base64": framed(b"mg !!! b v\r\n"),
    "mg of a key that is base64 of 251": framed(b"mg " + b"a2tr" * 84 + b" b v\r\n"),
    "control characters": framed(b"get \x01\x02\x7f\r\n"),
    "set with control characters": framed(b"set \x01\x02\x7f 0 0 1\r\nx\r\n"),
    "a tab in a key": framed(b"get a\tb\r\n"),
    "a vertical tab in a key": framed(b"get a\vb\r\n"),
    "bytes above 127": framed(b"get \xff\xfe\x80\r\n"),
    "a carriage return in a key": framed(b"get a\rb\r\n"),
    # Lines.
    "only a line feed": framed(b"get canary\n"),
    "an empty line": framed(b"\r\n"),
    "a line feed": framed(b"\n"),
    "spaces": framed(b"    \r\n"),
    "a space before": framed(b" get canary\r\n"),
    "spaces between": framed(b"get   canary   \r\n"),
    "upper case": framed(b"GET canary\r\n"),
    "no key": framed(b"get \r\n"),
    "noise": framed(bytes(range(1, 10)) + b"\r\n"),
    "1300 letters": framed(b"x" * 1300 + b"\r\n"),
    "a set of 30 words": framed(b"set" + b" 1" * 30 + b"\r\n"),
    "a delete of 30 words": framed(b"delete" + b" 1" * 30 + b"\r\n"),
    "quit": framed(b"quit\r\n"),
    # Numbers.
    "incr by nothing": framed(b"incr canary\r\n"),
    "incr by -1": framed(b"incr number -1\r\n"),
    "incr by 2^64": framed(b"incr number 18446744073709551616\r\n"),
    "incr by a word": framed(b"incr number many\r\n"),
    "incr of text": framed(b"incr canary 1\r\n"),
    "touch for a word": framed(b"touch canary long\r\n"),
    "touch for 2^63": framed(b"touch nothing 9223372036854775808\r\n"),
    "gat for a word": framed(b"gat long canary\r\n"),
    "ma by a word": framed(b"ma number Dmany\r\n"),
    "ma with an unknown mode": framed(b"ma number MX\r\n"),
    "mg with a flag twice": framed(b"mg canary v v\r\n"),
    "mg with all flags": framed(b"mg canary b c f h k l O1 q s t v\r\n"),
    "mg with a long opaque": framed(b"mg canary v O" + b"x" * 40 + b"\r\n"),
    "md with an unknown flag": framed(b"md nothing !\r\n"),
    # Lengths of data.
    "set of -1 bytes": framed(b"set lies 0 0 -1\r\n"),
    "set of a word": framed(b"set lies 0 0 many\r\n"),
    "set with flags of 2^32": framed(b"set lies 4294967296 0 1\r\nx\r\n"),
    "ms of -1 bytes": framed(b"ms lies -1\r\n"),
    "ms of a word": framed(b"ms lies many\r\n"),
    "ms with an unknown mode": framed(b"ms lies 1 MX\r\nx\r\n"),
    "cas with a word for a version": framed(b"cas lies 0 0 1 new\r\nx\r\n"),
    # The binary protocol.
    "binary unknown command": framed(binary(0xFF)),
    "binary get of no key": framed(binary(0)),
    "binary get with extras": framed(binary(0, b"abcd", b"canary")),
    "binary get with data": framed(binary(0, b"", b"canary", b"data")),
    "binary get of a key of 251": framed(binary(0, b"", LONG)),
    "binary get of 4 GiB": framed(binary(0, b"", b"canary", body_bytes=0xFFFFFFFF)),
    "binary get with a type and a bucket": framed(binary(0, b"", b"canary", data_type=9, vbucket=9)),
    "binary set without extras": framed(binary(1, b"", b"lies", b"x")),
    "binary delete with data": framed(binary(4, b"", b"lies", b"data")),
    "binary incr with short extras": framed(binary(5, b"12345678", b"number")),
    "binary version with a key": framed(binary(0x0B, b"", b"canary")),
    "binary noop with data": framed(binary(0x0A, b"", b"", b"data")),
}
# What memcached says nothing to, or has not understood the end of: it would take other clients' datagrams for the rest, or find another command in it
# than stands there. The switch refuses it, in memcached's words where there are some.
REFUSED = {
    "only a frame": (framed(b""), INCOMPLETE),
    "set of a key of 251": (framed(b"set " + LONG + b" 0 0 1\r\nx\r\n"), BAD_LINE),
    "ms of a key of 251": (framed(b"ms " + LONG + b" 1\r\nx\r\n"), BAD_LINE),
    "a NUL in a key": (framed(b"get a\0b\r\n"), BAD_LINE),
    "a NUL behind a command": (framed(b"flush_all\0x\r\n"), BAD_LINE),
    "only a carriage return": (framed(b"get canary\r"), INCOMPLETE),
    "no end of line": (framed(b"get canary"), INCOMPLETE),
    "a long line without an end": (framed(b"x" * 1300), INCOMPLETE),
    "two commands, the second one cut": (framed(b"get canary\r\nget cana"), INCOMPLETE),
    "set of 2^31 - 1 bytes": (framed(b"set lies 0 0 2147483647\r\nx\r\n"), BAD_LINE),
    "set of 2^32 - 1 bytes": (framed(b"set lies 0 0 4294967295\r\nx\r\n"), BAD_LINE),
    "set of 2^64 bytes": (framed(b"set lies 0 0 18446744073709551616\r\nx\r\n"), BAD_LINE),
    "set with no data": (framed(b"set lies 0 0 5\r\n"), INCOMPLETE),
    "set of more data than announced": (framed(b"set lies 0 0 2\r\nhello\r\n"), BAD_DATA),
    "set of less data than announced": (framed(b"set lies 0 0 9\r\nhello\r\n"), INCOMPLETE),
    "set whose data has no end": (framed(b"set lies 0 0 5\r\nhello"), INCOMPLETE),
    "ms of more data than announced": (framed(b"ms lies 2\r\nhello\r\n"), BAD_DATA),
    "ms of less data than announced": (framed(b"ms lies 9\r\nhello\r\n"), INCOMPLETE),
    "cas without a version": (framed(b"cas lies 0 0 1\r\nx\r\n"), b"ERROR\r\n"),
    "binary reply": (framed(binary(0, b"", b"canary", magic=0x81)), INCOMPLETE),
    "binary half a header": (framed(binary(0, b"", b"canary")[:12]), binary_error(0, 0x04, b"Incomplete request", opaque=0)),
    "binary get without its key": (framed(binary(0, b"", b"canary")[:24]), binary_error(0, 0x04, b"Incomplete request")),
    "binary get whose key is longer than all": (framed(binary(0, b"", b"canary", key_bytes=65535)), binary_error(0, 0x04, b"Invalid arguments")),
    "binary get whose extras are longer than all": (framed(binary(0, b"", b"canary", extras_bytes=255)), binary_error(0, 0x04, b"Invalid arguments")),
    "binary get with less body than key": (framed(binary(0, b"", b"canary", body_bytes=1)), binary_error(0, 0x04, b"Invalid arguments")),
    "binary set of 1 GiB": (framed(binary(1, STORAGE, b"lies", b"x", body_bytes=1 << 30)), binary_error(1, 0x04, b"Incomplete request")),
    "binary set of less than announced": (framed(binary(1, STORAGE, b"lies", b"x", body_bytes=100)), binary_error(1, 0x04, b"Incomplete request")),
    "binary set of more than announced": (framed(binary(1, STORAGE, b"lies", b"x") + b"more"), binary_error(1, 0x81, b"Unknown command")),
    "text behind binary": (framed(binary(0, b"", b"canary") + b"get canary\r\n"), binary_error(0, 0x81, b"Unknown command")),
    "binary behind text": (framed(b"get canary\r\n" + binary(0, b"", b"canary")), b"ERROR\r\n"),
}


class Listener:
    """What is asked and answered at one address, in order."""

    def __init__(self, lab, address, fences):
        self.socket = lab.socket("client", timeout=0.7)
        self.socket.connect((address, MEMCACHED_PORT))
        self.fences = fences
        self.id = 0x4000

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.close()

    def ask(self, datagram):
        """All that comes back, until later requests to each server are answered: nothing more can come then."""
        self.id += 4
        self.socket.send(self.with_id(datagram, self.id))
        for i, key in enumerate(self.fences, 1):
            self.socket.send(self.with_id(framed(b"get %s\r\n" % key), self.id + i))
        waiting = {self.id + i for i in range(1, len(self.fences) + 1)}
        answers = []
        while waiting:
            answer = self.socket.recv(65536)
            number, sequence, total, _ = struct.unpack("!HHHH", answer[:8])
            if number == self.id:
                answers.append((sequence, total, answer[8:]))
            elif number in waiting:
                waiting.remove(number)
        return b"".join(self.without_version(text) for _, _, text in sorted(answers, key=lambda a: a[0]))

    @staticmethod
    def without_version(text):
        """A server makes up the versions of its items: the last eight bytes of a binary header."""
        return text[:16] + bytes(8) + text[24:] if text[:1] == b"\x81" else text

    @staticmethod
    def with_id(datagram, number):
        return struct.pack("!H", number) + datagram[2:] if len(datagram) >= 2 else datagram


class HostileTest(MemswitchTest):
    def setUp(self):
        for role in SERVERS:
            self.lab.flush(role)

    def fill(self, address):
        with UdpMemcached(self.lab, address=address) as client:
            client.set(b"canary", b"sings")
            client.set(b"number", b"5")

    def keys_at_each_server(self):
        """A key that is not there for each server, by way of the switch."""
        keys = {}
        with UdpMemcached(self.lab) as client:
            for i in range(50):
                key, before = b"fence-%d" % i, self.lab.gets_by_server()
                client.get(key)
                after = self.lab.gets_by_server()
                keys.update({role: key for role in SERVERS if after[role] > before[role]})
                if len(keys) == len(SERVERS):
                    return list(keys.values())
        raise AssertionError(f"50 keys are all at {list(keys)}")

    def end_with_nothing_left(self, switch):
        """What waited for the rest of a request is gone when its time is over: the service runs longer than that, and well."""
        version = self.load(100)
        self.assert_all_right(self.ask("run", "--server", SERVICE, "--keys", 100, "--requests", 1200, "--rate", 1000, "--get-ratio", 0.9,
                                       "--at-least", version))
        summary = self.stop_cleanly(switch)
        self.assertEqual({name: e["held"] for name, e in summary["elements"].items() if e["held"]}, {})
        return summary


class HostileDatagrams(HostileTest):
    """Each alone, directly to memcached and through the switch."""

    def test_each_is_answered_by_memcached_or_in_its_words(self):
        switch = self.start_memswitch(PROBE_INTERVAL="10s")
        fences = self.keys_at_each_server()
        fence_texts = {b"get %s\r\n" % key for key in fences} | {CLEAN}
        self.fill(DIRECT)
        with Listener(self.lab, DIRECT, fences) as direct:
            expected = {name: direct.ask(datagram) for name, datagram in HOSTILE.items()}
        for role in SERVERS:
            self.lab.flush(role)
        self.fill(SERVICE)
        with Listener(self.lab, SERVICE, fences) as through, contextlib.ExitStack() as stack:
            captures = {role: stack.enter_context(self.lab.raw_socket(role)) for role in SERVERS}
            for name, datagram in HOSTILE.items():
                with self.subTest(name):
                    self.assertEqual(through.ask(datagram), expected[name])
                    self.assertLessEqual(self.came_to(captures) - fence_texts, {datagram[8:]}, "it has reached a server as it was, or not at all")
            for name, (datagram, answer) in REFUSED.items():
                with self.subTest(name):
                    self.assertEqual(through.ask(datagram), answer)
                    self.assertEqual(self.came_to(captures) - fence_texts, set(), "it has not reached a server")
                    self.assertEqual(through.ask(framed(CLEAN)), b"VALUE canary 0 5\r\nsings\r\nEND\r\n")
        self.check_nothing_stale()
        self.end_with_nothing_left(switch)

    @staticmethod
    def came_to(captures):
        """The texts of requests to the service address that have come to servers since the last time."""
        texts = set()
        for capture in captures.values():
            capture.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    frame = capture.recv(65536)
                    if frame[12:14] == b"\x08\x00" and frame[23] == 17 and frame[30:34] == SERVICE_BYTES:
                        texts.add(frame[14 + 20 + 8 + 8:14 + struct.unpack("!H", frame[16:18])[0]])
        return texts

    def check_nothing_stale(self):
        with UdpMemcached(self.lab) as client:
            for key in (b"canary", b"number", b"lies", b"nothing", b"\x01\x02\x7f"):
                at_servers = [value for value in (self.lab.value(role, key) for role in SERVERS) if value is not None]
                self.assertEqual([client.get(key)] * len(at_servers), at_servers, key)


class HostileLoad(HostileTest):
    """Requests that ask for much, or wait for what never comes."""

    def send_long(self, client, text, without=()):
        """A request in several datagrams, all but some of them."""
        pieces = [text[at:at + 1400] for at in range(0, len(text), 1400)]
        client.id = (client.id + 1) & 0xFFFF
        for i, piece in enumerate(pieces):
            if i not in without:
                client.socket.send(struct.pack("!HHHH", client.id, i, len(pieces), 0) + piece)
        return len(pieces)

    def test_a_get_of_many_keys(self):
        switch = self.start_memswitch()
        with UdpMemcached(self.lab) as client, UdpMemcached(self.lab) as other:
            keys = [b"many-%d" % i for i in range(250)]
            for key in keys:
                client.set(key, b"of " + key)
            self.send_long(client, b"get " + b" ".join(keys) + b"\r\n")
            self.assertEqual(client.answer(), b"".join(b"VALUE %s 0 %d\r\nof %s\r\n" % (k, len(k) + 3, k) for k in keys) + b"END\r\n")
            gets = self.lab.gets_by_server()
            for _ in range(20):
                self.assertEqual(self.send_long(client, b"get" + b"".join(b" k%d" % i for i in range(10_000)) + b"\r\n"), 43)
                self.assertEqual(client.answer(), b"CLIENT_ERROR too many keys\r\n")
                self.assertEqual(other.get(keys[0]), b"of " + keys[0])
            self.assertLess(sum(self.lab.gets_by_server().values()) - sum(gets.values()), 30, "no server has seen any of it")
        summary = self.stop_cleanly(switch)
        self.assertEqual(summary["states"]["joins"]["counters"], {"joined": 1, "timed_out": 0, "no_room": 0})

    def test_requests_that_never_become_whole(self):
        switch = self.start_memswitch()
        sent = 0
        for _ in range(8):  # more than the switch keeps of all, and of one client
            with UdpMemcached(self.lab) as client:
                for _ in range(20):
                    sent += self.send_long(client, b"set lies 0 0 5000\r\n" + b"x" * 5000 + b"\r\n", without=[2]) - 1
                self.assertTrue(client.ask(b"version\r\n").startswith(b"VERSION "))  # no faster than they are taken
        self.fill(SERVICE)
        summary = self.end_with_nothing_left(switch)
        self.assertEqual(sum(summary["elements"]["join"]["drops"].values()), sent)
        self.assertGreater(summary["elements"]["join"]["drops"]["timed_out"], 0)
        self.assertEqual([self.lab.value(role, b"lies") for role in SERVERS], [None, None])

    def test_parts_that_nobody_answers(self):
        switch = self.start_memswitch(PROBE_INTERVAL="10s")
        keys = self.keys_at_each_server()
        self.lab.stop_memcached("server2")
        with UdpMemcached(self.lab, timeout=1.0) as client:
            for _ in range(2):  # a third one in a row, and the server would be out
                client.send(b"get " + b" ".join(keys) + b"\r\n")
            with self.assertRaises(TimeoutError):
                client.answer()
        self.lab.start_memcached("server2")
        summary = self.end_with_nothing_left(switch)
        self.assertEqual(summary["states"]["joins"]["counters"], {"joined": 0, "timed_out": 2, "no_room": 0})
        fetches_lost = summary["states"]["hot"]["counters"]["fetched"] - summary["elements"]["fetched"]["counters"]["replies"]
        self.assertEqual(summary["states"]["own"]["counters"]["lost"], 2 + fetches_lost)


class Memccapable(MemswitchTest):
    """libmemcached's test of servers, over TCP: it finds through the switch what it finds without it."""

    def test_it_finds_the_same_as_without_the_switch(self):
        switch = self.start_memswitch()
        # At the same time, so at two servers: it empties the one that it tries.
        runs = [self.lab.start("client", "memccapable", "-h", address, "-p", str(MEMCACHED_PORT), "-t", "2", stdout=subprocess.PIPE, text=True)
                for address in (DIRECT, OWN["server2"])]
        (direct, _), (through, _) = (run.communicate(timeout=60) for run in runs)
        self.assertEqual(through.splitlines(), direct.splitlines())
        self.assertEqual(runs[1].returncode, runs[0].returncode)
        self.assertGreater(sum(line.endswith("[pass]") for line in direct.splitlines()), 30, direct)
        self.stop_cleanly(switch)


if __name__ == "__main__":
    unittest.main()
