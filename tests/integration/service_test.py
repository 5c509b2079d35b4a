# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""The switch as a service: what it tells systemd, as whom it runs, and the unit file."""

import os
import pathlib
import pwd
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from support import CONFIGS, OWN, SMARTSWITCH, LabTest, until

UNIT = CONFIGS / "smartswitch@.service"
INSTALLED = "/usr/bin/smartswitch"
# capabilities(7): NET_ADMIN, NET_RAW, IPC_LOCK
KEPT = 1 << 12 | 1 << 13 | 1 << 14


def status_of_threads(pid):
    """What /proc says of each thread of a process, as maps."""
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        yield dict(line.split(":\t", 1) for line in (thread / "status").read_text().splitlines() if ":\t" in line)


class Unit(unittest.TestCase):
    """systemd's own opinion of the unit file."""

    def setUp(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.unit = folder / "smartswitch@test.service"
        text = UNIT.read_text()
        self.assertIn(INSTALLED, text)
        for name in (UNIT.name, self.unit.name):
            (folder / name).write_text(text.replace(INSTALLED, str(SMARTSWITCH)))

    def analyze(self, *words):
        return subprocess.run(["systemd-analyze", *words, str(self.unit)], capture_output=True, text=True, check=False, timeout=60)

    def test_is_right(self):
        done = self.analyze("verify", "--man=no")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_exposes_little(self):
        # 0 to 10, in tenths here; what is left is packet sockets, the host's network and its devices.
        done = self.analyze("security", "--offline=true", "--threshold=27")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_its_command_is_ours(self):
        command = next(line for line in UNIT.read_text().splitlines() if line.startswith("ExecStart="))
        self.assertEqual(command, f"ExecStart={INSTALLED} run --control %t/smartswitch/%i/control.sock /etc/smartswitch/%i.yaml")


class Notify(unittest.TestCase):
    """This test is the service manager."""

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.socket = self.enterContext(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        self.socket.settimeout(60)

    def start(self, config, address, stderr=subprocess.DEVNULL, **environment):
        path = self.folder / "config.yaml"
        path.write_text(config)
        self.socket.bind(address)
        name = "@" + address[1:] if address[0] == "\0" else address
        process = subprocess.Popen([SMARTSWITCH, "run", path], stdout=subprocess.DEVNULL, stderr=stderr,
                                   env={**os.environ, "NOTIFY_SOCKET": name, **environment})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def hear(self):
        """The next message, as a map."""
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())

    def hear_until(self, condition):
        heard = [self.hear()]
        while not condition(heard[-1]):
            self.assertLess(len(heard), 300, heard[-3:])
            heard.append(self.hear())
        return heard

    IDLE = "smartswitch: 1\nelements: {rx: {class: Source, rate: 1k}, end: Discard}\nconnections: [rx -> end]\n"

    def test_start_life_and_stop(self):
        process = self.start(self.IDLE, str(self.folder / "notify"), WATCHDOG_USEC="300000")
        ready = self.hear()
        self.assertEqual(ready["READY"], "1")
        self.assertIn("config.yaml", ready["STATUS"])
        for _ in range(3):
            self.hear_until(lambda message: message.get("WATCHDOG") == "1")
        self.hear_until(lambda message: "dropped" in message.get("STATUS", ""))
        process.send_signal(signal.SIGTERM)
        self.hear_until(lambda message: message.get("STOPPING") == "1")
        self.assertEqual(process.wait(timeout=60), 0)

    def test_an_abstract_socket_and_a_watchdog_for_another_process(self):
        process = self.start(self.IDLE, f"\0smartswitch-test-{os.getpid()}", WATCHDOG_USEC="100000", WATCHDOG_PID="1")
        self.assertEqual(self.hear()["READY"], "1")
        process.send_signal(signal.SIGTERM)
        heard = self.hear_until(lambda message: message.get("STOPPING") == "1")
        self.assertFalse(any("WATCHDOG" in message for message in heard), heard)

    def test_a_stuck_worker_gives_no_sign_of_life(self):
        # It writes to a pipe that nobody reads.
        config = """smartswitch: 1
elements: {rx: {class: Source, length: 1000, rate: 10k}, show: {class: Print, limit: 0, bytes: 1000}, end: Discard}
connections: [rx -> show -> end]
"""
        process = self.start(config, str(self.folder / "notify"), stderr=subprocess.PIPE, WATCHDOG_USEC="300000")
        self.addCleanup(process.stderr.close)
        self.hear_until(lambda message: message.get("STATUS") == "worker0 is stuck")
        self.assertTrue(select.select([process.stderr], [], [], 60)[0])
        self.socket.settimeout(0.001)
        while os.read(process.stderr.fileno(), 1 << 20):
            try:
                if self.hear().get("WATCHDOG") == "1":
                    return
            except TimeoutError:
                pass
        self.fail("the switch ended")


class Privileges(LabTest):
    def check_threads(self, pid, uid):
        threads = list(status_of_threads(pid))
        self.assertGreater(len(threads), 1)
        for thread in threads:
            with self.subTest(thread=thread["Name"]):
                self.assertEqual(set(thread["Uid"].split()), {str(uid)})
                self.assertEqual(thread["NoNewPrivs"], "1")
                self.assertEqual(int(thread["CapEff"], 16) & ~KEPT, 0)
                self.assertEqual(int(thread["CapPrm"], 16) & ~KEPT, 0)

    def test_root_becomes_another_user_when_its_devices_are_open(self):
        nobody = pwd.getpwnam("nobody").pw_uid
        switch = self.lab.start_switch(SMARTSWITCH, CONFIGS / "bridge.yaml", "--user", "nobody")
        self.addCleanup(self.end, switch)
        switch.wait_until(lambda: self.lab.pings("client", OWN["server1"]), "ping through the bridge")
        self.check_threads(switch.process.pid, nobody)
        self.stop_cleanly(switch)

    def test_as_the_unit_starts_it(self):
        """Never root, with three capabilities and no way to more."""
        # Whoever cannot see the checkout needs a copy.
        self.lab.directory.chmod(0o755)
        shutil.copy(SMARTSWITCH, self.lab.directory)
        shutil.copy(CONFIGS / "bridge.yaml", self.lab.directory)
        program = self.lab.directory / "as_a_service"
        names = "+net_raw,+net_admin,+ipc_lock"
        program.write_text(f"#!/bin/sh\nexec setpriv --reuid nobody --regid nogroup --clear-groups --no-new-privs --bounding-set -all,{names}"
                           f" --inh-caps -all,{names} --ambient-caps -all,{names} {self.lab.directory}/smartswitch \"$@\"\n")
        program.chmod(0o755)
        switch = self.lab.start_switch(program, self.lab.directory / "bridge.yaml")
        self.addCleanup(self.end, switch)
        switch.wait_until(lambda: self.lab.pings("client", OWN["server1"]), "ping through the bridge")
        self.check_threads(switch.process.pid, pwd.getpwnam("nobody").pw_uid)
        self.stop_cleanly(switch)

    def test_a_user_that_is_not_there(self):
        switch = self.lab.start_switch(SMARTSWITCH, CONFIGS / "bridge.yaml", "--user", "nobody-of-that-name")
        self.addCleanup(self.end, switch)
        until(lambda: switch.process.poll() is not None, "the switch to refuse")
        self.assertEqual(switch.process.poll(), 3)
        self.assertIn("there is no user `nobody-of-that-name`", switch.log.read_text())


if __name__ == "__main__":
    unittest.main()
