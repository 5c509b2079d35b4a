# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""What scripts/demo shows comes to its end, and its numbers add up."""

import subprocess
import sys
import unittest

from support import BIN, ROOT


class Demo(unittest.TestCase):
    def test_adds_up(self):
        done = subprocess.run([sys.executable, ROOT / "scripts/demo.py"], capture_output=True, text=True, check=False, timeout=120,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SMARTSWITCH_BIN": str(BIN)})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("wrong=0 lost=0", done.stdout.splitlines()[-1])


if __name__ == "__main__":
    unittest.main()
