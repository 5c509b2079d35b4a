# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Pools used in every way: replicated, shadowed, warmed up. What is where is asked of the real servers, on their own hosts."""

import pathlib
import unittest

from support import SERVERS, SERVICE, MemswitchTest, UdpMemcached, until

HERE = pathlib.Path(__file__).resolve().parent
NEW, OLD = SERVERS


class Pools(MemswitchTest):
    """server1 is the new pool, server2 the old one, and both together are a replicated one."""

    def setUp(self):
        for role in SERVERS:
            self.lab.flush(role)
        self.switch = self.start_switch(HERE / "pools.yaml")
        self.switch.wait_until(self.lab.service_answers, f"ping to {SERVICE}")
        self.client = self.enterContext(UdpMemcached(self.lab))

    def there(self, role, key):
        """The value that a server has, without asking the switch."""
        return self.lab.value(role, key)

    def test_replicas_have_the_same_and_one_is_enough(self):
        self.client.set(b"both:k", b"twice")
        self.assertEqual([self.there(role, b"both:k") for role in SERVERS], [b"twice", b"twice"])
        for _ in range(20):
            self.assertEqual(self.client.get(b"both:k"), b"twice")
        self.assertEqual(self.client.ask(b"delete both:k\r\n"), b"DELETED\r\n")
        self.assertEqual([self.there(role, b"both:k") for role in SERVERS], [None, None])
        self.stop_cleanly(self.switch)

    def test_shadow_traffic_reaches_the_second_pool_and_its_replies_nobody(self):
        self.client.set(b"shadow:k", b"copied")
        self.assertEqual(self.there(NEW, b"shadow:k"), b"copied")
        until(lambda: self.there(OLD, b"shadow:k") == b"copied", "the copy to arrive")
        self.assertEqual(self.client.get(b"shadow:k"), b"copied")
        self.client.set(b"elsewhere", b"not copied")
        self.assertIsNone(self.there(OLD, b"elsewhere"))
        self.stop_cleanly(self.switch)
        self.assertEqual(self.switch.counter("shadow", "copies"), 2)

    def test_a_new_pool_is_warmed_up_with_what_is_left_of_the_time_to_live(self):
        self.lab.tell(OLD, b"set warm:k 7 1000 4\r\nheat\r\n", b"STORED\r\n")
        self.lab.tell(OLD, b"set warm:long 0 0 5000\r\n" + b"v" * 5000 + b"\r\n", b"STORED\r\n")
        self.assertEqual(self.client.ask(b"get warm:k\r\n"), b"VALUE warm:k 7 4\r\nheat\r\nEND\r\n")
        until(lambda: self.there(NEW, b"warm:k") == b"heat", "the item to be in the new pool")
        left = int(self.lab.tell(NEW, b"mg warm:k t\r\n", b"\r\n").split(b"t")[1])
        self.assertTrue(900 < left <= 1000, left)
        self.lab.tell(OLD, b"set warm:k 0 0 3\r\nold\r\n", b"STORED\r\n")
        self.assertEqual(self.client.get(b"warm:k"), b"heat", "the new pool is asked first")
        self.assertEqual(self.client.ask(b"delete warm:k\r\n"), b"DELETED\r\n")
        until(lambda: self.there(OLD, b"warm:k") is None, "the old pool to have deleted it as well")
        self.assertIsNone(self.client.get(b"warm:k"))
        self.client.set(b"warm:k", b"again")
        self.assertEqual([self.there(role, b"warm:k") for role in SERVERS], [b"again", None])
        self.stop_cleanly(self.switch)
        self.assertEqual(self.switch.counter("warm", "warmed"), 1)

    def test_the_first_answer_is_enough_and_all_replicas_get_the_value(self):
        for i in range(50):
            value = b"%d" % i
            self.assertEqual(self.client.ask(b"set first:k 0 0 %d\r\n%s\r\n" % (len(value), value)), b"STORED\r\n")
            until(lambda: all(self.there(role, b"first:k") == value for role in SERVERS), "both to have it")
        self.stop_cleanly(self.switch)

    def test_keys_have_another_name_at_the_server(self):
        self.client.set(b"mine:k", b"value")
        self.assertEqual(self.there(NEW, b"theirs:k"), b"value")
        self.assertIsNone(self.there(NEW, b"mine:k"))
        self.assertEqual(self.client.ask(b"get mine:k\r\n"), b"VALUE mine:k 0 5\r\nvalue\r\nEND\r\n")
        self.assertEqual(self.client.ask(b"get theirs:k\r\n"), b"VALUE theirs:k 0 5\r\nvalue\r\nEND\r\n")
        self.assertEqual(self.client.ask(b"mg mine:k k v\r\n"), b"VA 5 kmine:k\r\nvalue\r\n")
        self.assertEqual(self.client.ask(b"me mine:k\r\n").split(b" ")[:2], [b"ME", b"mine:k"])
        self.assertEqual(self.client.ask(b"delete mine:k\r\n"), b"DELETED\r\n")
        self.assertIsNone(self.there(NEW, b"theirs:k"))
        self.stop_cleanly(self.switch)

    def test_items_live_no_longer_than_they_may(self):
        for i, request in enumerate(
            (b"set short:%d 0 0 1\r\nx\r\n", b"set short:%d 0 5000 1\r\nx\r\n", b"ms short:%d 1\r\nx\r\n", b"set short:%d 0 50 1\r\nx\r\n")
        ):
            self.assertIn(self.client.ask(request % i), (b"STORED\r\n", b"HD\r\n"))
            left = int(self.lab.tell(NEW, b"mg short:%d t\r\n" % i, b"\r\n").split(b"t")[1])
            self.assertTrue(left <= (50 if i == 3 else 100) and left >= 0, (request, left))
        self.stop_cleanly(self.switch)
        self.assertEqual(self.switch.counter("bound", "changed"), 3)

    def test_commands_have_ways_of_their_own(self):
        self.lab.tell(OLD, b"set sort:n 0 0 1\r\n5\r\n", b"STORED\r\n")
        self.client.set(b"sort:n", b"7")
        self.assertEqual(self.client.ask(b"incr sort:n 1\r\n"), b"6\r\n")
        self.assertEqual([self.there(role, b"sort:n") for role in SERVERS], [b"7", b"6"])
        self.stop_cleanly(self.switch)


if __name__ == "__main__":
    unittest.main()
