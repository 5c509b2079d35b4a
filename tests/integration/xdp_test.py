# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""XdpRedirect between real servers: what the kernel redirects, and what becomes of its programs."""

import json
import pathlib
import signal
import subprocess
import tempfile
import threading
import unittest

from support import CONFIGS, SERVERS, SERVICE, SMARTSWITCH, MemswitchTest, UdpMemcached, until

KEYS = [b"key-%d" % i for i in range(100)] + [b"k" * length for length in (1, 2, 3, 8, 9, 16, 17, 64, 128, 129, 250)]


class Xdp(MemswitchTest):
    def start(self, config=CONFIGS / "memswitch_xdp.yaml", **variables):
        self.socket = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "control.sock"
        self.switch = self.lab.start_switch(SMARTSWITCH, config, "--control", self.socket, variables=variables)
        self.addCleanup(self.end, self.switch)
        self.switch.wait_until(lambda: self.program() and self.lab.service_answers(), f"the program on the interface, and ping to {SERVICE}")

    def program(self, interface="client"):
        """What the kernel runs on an interface, the clients' if none is named."""
        link = json.loads(self.lab.ip("switch", "-json", "link", "show", "dev", interface))[0]
        return link.get("xdp", {}).get("prog", {}).get("name") or link.get("xdp", {}).get("mode")

    def counters(self, element="from_clients/express"):
        return json.loads(self.order("stats", "--json"))["elements"][element]["counters"]

    def redirected(self):
        return self.counters()["redirected"]

    def replies_redirected(self):
        return self.counters()["replies_redirected"]

    def order(self, verb, *words):
        done = subprocess.run([SMARTSWITCH, verb, "--control", self.socket, *words], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def each_server_tells_its_name(self):
        for role in SERVERS:
            for key in KEYS:
                self.lab.tell(role, b"set %s 0 0 %d\r\n%s\r\n" % (key, len(role), role.encode()), b"STORED\r\n")
        self.addCleanup(lambda: [self.lab.flush(role) for role in SERVERS])

    def test_gets_go_to_the_servers_that_the_switch_would_choose(self):
        self.start()
        self.each_server_tells_its_name()
        with UdpMemcached(self.lab) as client:
            by_kernel = [client.get(key).decode() for key in KEYS]
            by_switch = [client.ask(b"mg %s v\r\n" % key).split(b"\r\n")[1].decode() for key in KEYS]
        self.assertEqual(by_kernel, by_switch)
        self.assertEqual(set(by_kernel), set(SERVERS))
        until(lambda: self.redirected() == sum(len(key) <= 128 for key in KEYS), "the kernel's count")
        self.stop_cleanly(self.switch)
        self.assertIsNone(self.program())

    def test_native_mode(self):
        for role in ("client", *SERVERS):  # whose interfaces take packets from XDP only so
            self.lab.run(role, "ethtool", "-K", "eth0", "gro", "on", check=True)
            self.addCleanup(self.lab.run, role, "ethtool", "-K", "eth0", "gro", "off", check=True)
        self.start(XDP_MODE="native")
        link = json.loads(self.lab.ip("switch", "-json", "link", "show", "dev", "client"))[0]
        self.assertEqual(link["xdp"]["mode"], 1, "XDP_ATTACHED_DRV, linux/if_link.h")
        self.each_server_tells_its_name()
        with UdpMemcached(self.lab) as client:
            self.assertEqual({client.get(key).decode() for key in KEYS}, set(SERVERS))
        until(lambda: self.replies_redirected() == sum(len(key) <= 128 for key in KEYS), "the kernel's count")
        self.stop_cleanly(self.switch)

    def test_replies_to_redirected_gets_go_back_by_the_kernel_and_no_others(self):
        self.start()
        keys = [b"key-%d" % i for i in range(20)]
        value = bytes(range(256)) * 44
        parts = 9  # datagrams of memcached's
        for role in SERVERS:
            for key in keys:
                self.lab.tell(role, b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value), b"STORED\r\n")
        self.addCleanup(lambda: [self.lab.flush(role) for role in SERVERS])

        def replies_in_the_graph():
            return sum(self.counters(element)["replies"] for element in ("fill1", "fill2"))

        with UdpMemcached(self.lab) as client:
            first = client.id
            for key in keys:
                self.assertEqual(client.get(key), value)
            until(lambda: self.replies_redirected() == len(keys) * parts, "the kernel's count")
            self.assertEqual(replies_in_the_graph(), 0)
            # The same numbers again, for requests that the kernel leaves to the switch, and whose replies the cache waits for.
            client.id = first
            for key in keys:
                self.assertEqual(client.ask(b"set %s 0 0 3\r\nnew\r\n" % key), b"STORED\r\n")
            until(lambda: replies_in_the_graph() == len(keys), "the replies to sets in the graph")
            client.id = first
            for key in keys:
                self.assertEqual(client.get(key), b"new")
        until(lambda: self.replies_redirected() == len(keys) * (parts + 1), "the kernel's count")
        self.assertEqual(replies_in_the_graph(), len(keys))
        self.stop_cleanly(self.switch)
        self.assertEqual([self.program(role) for role in SERVERS], [None, None])

    def test_replies_take_the_graphs_way_if_told_to(self):
        self.start(XDP_REPLIES="false")
        self.each_server_tells_its_name()
        with UdpMemcached(self.lab) as client:
            self.assertEqual({client.get(key).decode() for key in KEYS}, set(SERVERS))
        until(lambda: self.redirected() > 0, "the kernel's count")
        self.assertEqual(self.replies_redirected(), 0)
        self.assertEqual([self.program(role) for role in SERVERS], [None, None])
        self.stop_cleanly(self.switch)

    def test_gets_leave_a_server_that_is_drained_or_dies(self):
        self.start(PROBE_INTERVAL="100ms")
        self.each_server_tells_its_name()
        with UdpMemcached(self.lab) as client:
            def servers():
                return {client.get(key) for key in KEYS[:40]}

            self.assertEqual(servers(), {b"server1", b"server2"})
            self.order("set", "backends", "servers/mc2/drained", "true")
            until(lambda: servers() == {b"server1"}, "no more gets to the drained server")
            self.order("set", "backends", "servers/mc2/drained", "false")
            until(lambda: servers() == {b"server1", b"server2"}, "gets to the server that is back")
        self.lab.stop_memcached("server2")
        self.addCleanup(self.lab.start_memcached, "server2")
        with UdpMemcached(self.lab, timeout=0.2) as client:
            def all_answer():
                try:
                    return {client.get(key) for key in KEYS[:40]} == {b"server1"}
                except (TimeoutError, ConnectionRefusedError):
                    return False

            until(all_answer, "the other server to answer for the one that died")
        self.stop_cleanly(self.switch)

    def test_no_request_is_lost_when_one_program_takes_anothers_place(self):
        text = (CONFIGS / "memswitch_xdp.yaml").read_text().replace("[memswitch.yaml]", f"[{CONFIGS / 'memswitch.yaml'}]")
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        file = folder / "memswitch_xdp.yaml"
        file.write_text(text)
        self.start(file)
        self.load(500)
        found = []
        load = threading.Thread(target=lambda: found.append(
            self.ask("run", "--server", SERVICE, "--keys", 500, "--requests", 20_000, "--rate", 5000, "--get-ratio", 0.9)))
        load.start()
        reloads = 0
        while load.is_alive():
            reloads += 1
            file.write_text(text.replace('clients: "${CLIENT_NETWORKS}"', f'clients: [10.0.0.0/8, 11.0.0.{reloads % 200}/32]'))
            self.order("reload")
        load.join()
        self.assertGreater(reloads, 3)
        self.assert_all_right(found[0])
        with UdpMemcached(self.lab) as client:
            client.get(b"key")
        until(lambda: self.redirected() > 0, "the last program to redirect")
        self.stop_cleanly(self.switch)

    def test_the_program_ends_with_the_switch_however_that_ends(self):
        self.start()
        self.switch.process.send_signal(signal.SIGKILL)
        self.switch.process.wait()
        until(lambda: self.program() is None, "the kernel to take the program off")
        self.start()
        self.stop_cleanly(self.switch)

    def test_another_program_on_the_interface_is_left_alone(self):
        bridge = self.start_switch("bridge.yaml", A_DEV="net_af_xdp0,iface=client", B_DEV="net_af_packet0,iface=server1")
        self.addCleanup(self.lab.ip, "switch", "link", "set", "dev", "client", "xdp", "off")  # if the bridge did not get to do it
        bridge.wait_until(lambda: self.program() is not None, "the driver's program")
        before = self.program()
        switch = self.lab.start_switch(SMARTSWITCH, CONFIGS / "memswitch_xdp.yaml")
        self.addCleanup(self.end, switch)
        self.assertNotEqual(switch.process.wait(timeout=30), 0)
        self.assertIn("the interface client runs another XDP program already", switch.log.read_text())
        self.assertIn("ip link set dev client xdp off", switch.log.read_text())
        self.assertEqual(self.program(), before)
        self.stop_cleanly(bridge)


if __name__ == "__main__":
    unittest.main()
