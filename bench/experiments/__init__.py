# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""The experiments, in the order in which `scripts/bench` runs them. Each file has TITLE, QUESTION and run(bench) -> Result."""

import importlib

NAMES = ["figure3", "direct_return", "table1", "figure4", "one_core", "tails", "idle", "devices", "elements", "scaling", "sweep", "operate",
         "flame", "hit_ratio"]


def load(name):
    return importlib.import_module(f"experiments.{name}")
