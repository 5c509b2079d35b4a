# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Whatever is asked through the switch is answered as memcached answers it directly.

Each conversation is held twice, with empty servers: with one memcached directly, and with two behind the MemSwitch. The answers must be the same, but
for numbers that a server makes up (versions of items) and for how text is cut into datagrams."""

import re
import socket
import struct
import unittest

from support import MEMCACHED_PORT, OWN, SERVERS, SERVICE, MemswitchTest, UdpMemcached


def binary(opcode, extras=b"", key=b"", value=b"", opaque=7, cas=0):
    return struct.pack("!BBHBBHIIQ", 0x80, opcode, len(key), len(extras), 0, 0, len(extras) + len(key) + len(value), opaque, cas) + extras + key + value


def storage(flags=0, expiry=0):
    return struct.pack("!II", flags, expiry)


SO_RCVBUFFORCE = 33  # socket(7); Python's socket has no name for it
GETKQ, NOOP = 0x0D, 0x0A

# The examples of protocol.txt and protocol_binary.txt, and every command in every form. A request with several keys is one whose keys are at both servers.
KEYS = [b"key-%d" % i for i in range(12)]
CONVERSATIONS = {
    "storage": [b"set xyzkey 0 0 6\r\nabcdef\r\n", b"get xyzkey\r\n", b"add xyzkey 0 0 1\r\nx\r\n", b"replace xyzkey 5 0 3\r\nnew\r\n", b"get xyzkey\r\n",
                b"append xyzkey 0 0 1\r\n!\r\n", b"prepend xyzkey 0 0 1\r\n?\r\n", b"get xyzkey\r\n", b"replace nothing 0 0 1\r\nx\r\n",
                b"append nothing 0 0 1\r\nx\r\n", b"add other 4294967295 0 0\r\n\r\n", b"get other\r\n", b"delete xyzkey\r\n", b"delete xyzkey\r\n",
                b"get xyzkey\r\n"],
    "versions": [b"set k 0 0 1\r\nx\r\n", b"gets k\r\n", b"cas k 0 0 1 1\r\ny\r\n", b"cas nothing 0 0 1 1\r\ny\r\n", b"get k\r\n"],
    "numbers": [b"set n 0 0 2\r\n10\r\n", b"incr n 5\r\n", b"decr n 7\r\n", b"decr n 100\r\n", b"incr nothing 1\r\n", b"incr n x\r\n", b"set t 0 0 1\r\nx\r\n",
                b"incr t 1\r\n", b"incr n 18446744073709551615\r\n", b"get n\r\n"],
    "expiry": [b"set k 0 100 1\r\nx\r\n", b"touch k 200\r\n", b"touch nothing 10\r\n", b"gat 100 k\r\n", b"gats 100 k\r\n", b"gat 10 nothing\r\n",
               b"set gone 0 -1 1\r\nx\r\n", b"get gone\r\n", b"touch k -1\r\n", b"get k\r\n"],
    "meta": [b"ms foo 2\r\nhi\r\n", b"mg foo t v\r\n", b"mg foo s c v f t k O123 q\r\n", b"mg nothing v\r\n", b"mg foo\r\n", b"ms foo 3 T90 F5 c\r\nnew\r\n",
             b"mg foo f v t\r\n", b"ms foo 1 MA\r\n!\r\n", b"ms foo 1 ME\r\nx\r\n", b"mg foo v\r\n", b"md foo I T30\r\n", b"mg foo s c v W\r\n", b"md foo\r\n", b"md foo\r\n",
             b"ma n\r\n", b"ma n N60 J13 v\r\n", b"ma n D5 v\r\n", b"ma n MD D3 t v\r\n", b"mn\r\n", b"mg Zm9v b v\r\n", b"ms Zm9v 2 b\r\nhi\r\n",
             b"mg Zm9v b k v\r\n", b"mg foo v\r\n", b"me nothing\r\n", b"mg viv N30 v t\r\n", b"mg viv s v\r\n"],
    "binary": [binary(1, storage(7), b"bk", b"hello"), binary(0, b"", b"bk"), binary(0x0C, b"", b"bk"), binary(0, b"", b"nothing"), binary(2, storage(), b"bk", b"x"),
               binary(3, storage(), b"bk", b"new"), binary(0x0E, b"", b"bk", b"!"), binary(0x0F, b"", b"bk", b"?"), binary(0, b"", b"bk"),
               binary(5, struct.pack("!QQI", 1, 10, 0), b"bn"), binary(5, struct.pack("!QQI", 5, 0, 0), b"bn"), binary(6, struct.pack("!QQI", 3, 0, 0), b"bn"),
               binary(5, struct.pack("!QQI", 1, 0, 0xFFFFFFFF), b"bnothing"), binary(0x1C, struct.pack("!I", 60), b"bk"), binary(0x1D, struct.pack("!I", 60), b"bk"),
               binary(4, b"", b"bk"), binary(4, b"", b"bk"), binary(NOOP), binary(0x0B), binary(1, storage(), b"bk", b"", cas=99)],
    "refusals": [b"get " + b"k" * 251 + b"\r\n", b"get\r\n", b"set k 0 0 1 2 3 4\r\n", b"nonsense\r\n", b"\r\n", b"set k 0 0 abc\r\n", b"touch k\r\n", b"delete\r\n",
                 b"incr k\r\n", b"get a\tb\r\n", b"set a\tb 0 0 1\r\nx\r\n", b"get a\tb\r\n",
                 b"get " + b"k" * 251 + b"\r\nset behind 0 0 1\r\nx\r\n", b"get behind\r\n"],
    "several keys": [*(b"set %s 0 0 8\r\nof %s\r\n" % (key, (key + b"     ")[:5]) for key in KEYS), b"get " + b" ".join(KEYS) + b"\r\n",
                     b"get " + b" ".join(KEYS + [b"nothing", KEYS[0]]) + b"\r\n", b"gets " + b" ".join(KEYS[:4]) + b"\r\n",
                     b"gat 100 " + b" ".join(KEYS[:6]) + b"\r\n", b"get nothing neither\r\n",
                     b"".join(b"mg %s v k q\r\n" % key for key in [*KEYS, b"nothing"]) + b"mn\r\n",
                     b"".join(binary(GETKQ, b"", key, opaque=i) for i, key in enumerate([*KEYS, b"nothing"])) + binary(NOOP),
                     b"".join(b"get %s\r\n" % key for key in KEYS), b"incr x 1\r\nset x 0 0 1\r\n5\r\nget x\r\n"],
    "long values": [*(b"set long-%d 0 0 %d\r\n%s\r\n" % (size, size, b"v" * size) for size in (1300, 1390)), b"get long-1300\r\n", b"get long-1390\r\n",
                    b"get long-1300 long-1390\r\n"],
}
# Versions of items, and what depends on a server's own history.
MADE_UP = [(re.compile(rb"(VALUE \S+ \d+ \d+) \d+\r"), rb"\1 cas\r"), (re.compile(rb"\bc\d+"), b"c"), (re.compile(rb"\bt[1-9]\d*"), b"t"), (re.compile(rb"exp=\S+ la=\S+ cas=\S+"), b"")]


class Protocol(MemswitchTest):
    """The MemSwitch answers as memcached does."""

    def setUp(self):
        for role in SERVERS:
            self.lab.flush(role)

    def converse(self, address, requests):
        """What is answered to each of the requests, asked one after the other."""
        answers = []
        with self.lab.socket("client", timeout=5.0) as udp:
            udp.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
            udp.connect((address, MEMCACHED_PORT))
            for number, request in enumerate(requests):
                udp.send(struct.pack("!HHHH", number, 0, 1, 0) + request)
                answers.append(self.answer(udp, number, request))
        return answers

    def answer(self, udp, number, request):
        parts = {}
        text = b""
        while not self.complete(text, request):
            datagram = udp.recv(65536)
            got, sequence, total, _ = struct.unpack("!HHHH", datagram[:8])
            if got != number:
                continue
            if total > 1:
                parts[sequence] = datagram[8:]
                if len(parts) == total:
                    text += b"".join(parts[i] for i in sorted(parts))
                    parts = {}
            else:
                text += datagram[8:]
        return text

    @staticmethod
    def complete(text, request):
        """Whether nothing more is to come. Of several commands in one request, all answers are waited for."""
        if not text:
            return False
        if request[0] == 0x80:
            opcode, size, asked, got = request[1], 0, 0, 0
            while size < len(request):
                asked += request[size + 1] != GETKQ
                size += 24 + struct.unpack("!I", request[size + 8:size + 12])[0]
            size = 0
            while size + 24 <= len(text):
                got += text[size + 1] != GETKQ
                size += 24 + struct.unpack("!I", text[size + 8:size + 12])[0]
            return size == len(text) and got >= asked
        if b"\r\nmn\r\n" in request:
            return text.endswith(b"MN\r\n")
        if request.startswith((b"incr x", b"get key-0\r\nget")):
            return text.count(b"END\r\n") >= request.count(b"get ")
        if b"\r\nset behind" in request:
            return text.count(b"\r\n") == 2
        if request.startswith((b"get", b"gat")) and not text.startswith((b"ERROR", b"CLIENT_ERROR")):
            return text.endswith(b"END\r\n")
        return text.endswith(b"\r\n")

    @staticmethod
    def plain(text, request):
        if request[0] == 0x80:
            # Versions: the last eight bytes of each header.
            plain, size = b"", 0
            while size + 24 <= len(text):
                end = size + 24 + struct.unpack("!I", text[size + 8:size + 12])[0]
                plain += text[size:size + 16] + text[size + 24:end]
                size = end
            return plain
        for pattern, replacement in MADE_UP:
            text = pattern.sub(replacement, text)
        return text

    def test_answers_are_those_of_memcached(self):
        switch = self.start_memswitch(OPERATOR_NETWORKS=OWN["client"])
        for name, requests in CONVERSATIONS.items():
            with self.subTest(conversation=name):
                for role in SERVERS:
                    self.lab.flush(role)
                directly = self.converse(OWN["server1"], requests)
                for role in SERVERS:
                    self.lab.flush(role)
                through = self.converse(SERVICE, requests)
                for request, expected, got in zip(requests, directly, through):
                    self.assertEqual(self.plain(got, request), self.plain(expected, request), f"{request!r}")
        with UdpMemcached(self.lab) as client:
            for key in KEYS:
                client.set(key, b"to be flushed")
            self.assertEqual(client.ask(b"flush_all\r\n"), b"OK\r\n")
            self.assertEqual([client.get(key) for key in KEYS], [None] * len(KEYS), "flush_all is for all servers")
        self.stop_cleanly(switch)
        self.assertGreater(switch.counter("split", "parts"), 80)

    def test_hot_keys_are_answered_as_memcached_does(self):
        """Each question again and again, until the switch has fetched the item and answers by itself."""
        items = {b"hot": (5, 0, b"hello"), b"lives": (0, 1000, b"x" * 50), b"empty": (1, 0, b""), b"page": (0, 0, b"p" * 5000),
                 b"large": (0, 1000, bytes(range(33, 123)) * 1000), b"largest": (0, 0, b"l" * 1_000_000)}
        requests = []
        for key in [*items, b"nothing"]:
            forms = [b"get %s\r\n", b"gets %s\r\n", b"mg %s v\r\n", b"mg %s v f s c k O77\r\n", b"mg %s t\r\n", b"mg %s\r\n"]
            if key == b"largest":
                forms = forms[1:3]
            else:
                requests += [binary(opcode, b"", key) for opcode in (0x00, 0x0C)] * 4
            requests += [form % key for form in forms] * 4
        for role in SERVERS:
            self.lab.flush(role)
            for key, (flags, expiry, value) in items.items():
                self.assertEqual(self.lab.tell(role, b"set %s %d %d %d\r\n%s\r\n" % (key, flags, expiry, len(value), value), b"\r\n"), b"STORED\r\n")
        # Rings that take all of a large value at once.
        switch = self.start_memswitch(CLIENT_DEV="net_af_packet0,iface=client,framecnt=2048", SERVER1_DEV="net_af_packet1,iface=server1,framecnt=2048",
                                      SERVER2_DEV="net_af_packet2,iface=server2,framecnt=2048")
        directly = self.converse(OWN["server1"], requests)
        through = self.converse(SERVICE, requests)
        for request, expected, got in zip(requests, directly, through):
            self.assertEqual(self.plain(got, request), self.plain(expected, request), f"{request!r}")
        self.stop_cleanly(switch)
        self.assertEqual(switch.counter("fetched", "fills"), len(items))
        self.assertGreater(switch.counter("cache", "hits"), len(items) * 20)


if __name__ == "__main__":
    unittest.main()
