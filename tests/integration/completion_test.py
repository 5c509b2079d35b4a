# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Completion of names that a running switch has, in a real bash."""

import os
import pathlib
import shlex
import subprocess
import tempfile
import unittest

from support import SMARTSWITCH, until

PIPELINE = """smartswitch: 1
ports: {p: {device: "net_null0,no-rx=1"}}
state:
  hot: {class: KeyCache, memory: 4MiB}
  servers: {class: BackendPool, servers: [{name: a, mac: "02:00:00:00:00:01"}]}
templates:
  lane:
    elements: {count: Counter}
    connections: [input -> count -> output]
elements: {rx: {class: Source, rate: 100}, lane1: lane, lose: {class: RandomDrop, probability: 0.5}, read: {class: PollDevice, port: p}, end: Discard, away: Discard}
connections: [rx -> lane1 -> lose -> end, read -> away]
"""

ASK = """set -u
source "$FOLDER/completion"
cd "$FOLDER"
COMP_WORDS=({program} {words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_smartswitch
printf '%s\\n' "${{COMPREPLY[@]-}}"
"""


class Completion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        (cls.folder / "my.yaml").write_text(PIPELINE)
        script = subprocess.run([SMARTSWITCH, "completion", "bash"], capture_output=True, text=True, check=True, timeout=60)
        (cls.folder / "completion").write_text(script.stdout)
        # A switch whose socket is where those of this user are.
        cls.environment = {**os.environ, "XDG_RUNTIME_DIR": str(cls.folder), "FOLDER": str(cls.folder)}
        cls.socket = cls.folder / "smartswitch" / "completed.sock"
        cls.socket.parent.mkdir(mode=0o700)
        with open(cls.folder / "log", "wb") as log:
            cls.switch = subprocess.Popen([SMARTSWITCH, "run", cls.folder / "my.yaml", "--control", cls.socket], stdout=log, stderr=log)
        cls.addClassCleanup(cls.switch.wait)
        cls.addClassCleanup(cls.switch.kill)
        until(cls.socket.exists, "the control socket", 60)

    def propose(self, words):
        asked = ASK.format(program=shlex.quote(str(SMARTSWITCH)), words=words)
        done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=False, timeout=60, env=self.environment)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return sorted(set(done.stdout.split()))

    def assert_proposes(self, words, names):
        """Sooner or later: on a busy machine, it may give up before the switch has answered."""
        control = f"--control {self.socket}"
        until(lambda: self.propose(words.format(control=control)) == names, f"{names} for {words}", 60)

    def test_elements(self):
        self.assert_proposes("trace {control} --element ''", ["away", "end", "lane1/count", "lose", "read", "rx"])
        self.assert_proposes("trace {control} --element l", ["lane1/count", "lose"])
        self.assert_proposes("trace {control} --element = la", ["lane1/count"])

    def test_places(self):
        self.assert_proposes("tap {control} l", ["lane1/count", "lane1/count.out", "lose", "lose.out"])
        self.assert_proposes("tap {control} p", ["p"])

    def test_objects_and_what_they_have(self):
        self.assert_proposes("call {control} ''", ["hot", "servers"])
        self.assert_proposes("call {control} hot p", ["pin", "pins", "purge"])
        self.assert_proposes("call {control} hot pin ''", [])
        self.assert_proposes("set {control} h", ["hot"])
        self.assert_proposes("set {control} lose pr", ["probability"])
        self.assert_proposes("set {control} nobody ''", [])

    def test_routes(self):
        self.assert_proposes("ctl {control} GET /v1/elements/l", ["/v1/elements/lane1%2Fcount", "/v1/elements/lose"])
        self.assert_proposes("ctl {control} GET /v1/gr", ["/v1/graph"])

    def test_the_option_may_come_later(self):
        self.assert_proposes("call hot {control} unp", ["unpin"])

    def test_sockets(self):
        self.assert_proposes(f"stats --control {self.socket.parent}/c", [str(self.socket)])

    def test_silent_where_nothing_answers(self):
        for words in ("trace --control nobody.sock --element ''", "call --control my.yaml ''", "tap --control nobody.sock ''", "set --control nobody.sock hot ''"):
            with self.subTest(words=words):
                self.assertEqual(self.propose(words), [])

    def test_of_a_file(self):
        self.assert_proposes("explain my.yaml 'udp' --port ''", ["p"])
        self.assert_proposes("where my.yaml --pool ''", ["servers"])
        self.assertEqual(self.propose("where missing.yaml --pool ''"), [])

    def test_the_verb_behind_it_is_hidden(self):
        self.assertEqual(self.propose("comple"), ["completion"])
        done = subprocess.run([SMARTSWITCH, "--help"], capture_output=True, text=True, check=True, timeout=60)
        self.assertNotRegex(done.stdout, r"(?m)^ +complete ")
        done = subprocess.run([SMARTSWITCH, "complete", "NONSENSE"], capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


if __name__ == "__main__":
    unittest.main()
