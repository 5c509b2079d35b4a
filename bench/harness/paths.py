# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Where things are."""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BENCH = ROOT / "bench"
BIN = pathlib.Path(os.environ.get("SMARTSWITCH_BIN", ROOT / "build/release/bin")).resolve()
SMARTSWITCH = BIN / "smartswitch"
CONFIGS = BENCH / "configs"
OUTPUT = ROOT / "build/bench"
BASELINE = BENCH / "baseline.json"
DOCUMENT = ROOT / "docs/performance.md"
PICTURES = ROOT / "docs/bench"

sys.path.insert(0, str(ROOT / "scripts"))  # for hosts.py
