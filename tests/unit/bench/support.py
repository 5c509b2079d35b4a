# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Lets the tests find what scripts/bench is made of."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))
