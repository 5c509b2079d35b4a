# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Fragments of documents that are made from results."""

import re

from harness.report import machine_lines, section

MARKED = re.compile(r"(<!-- bench: (?!end)(\w+) -->\n)(.*?)(<!-- bench: end -->)", re.DOTALL)
FOLDER = "bench/"  # of the pictures, from the document


def paste(text, results):
    """`text` with its marked fragments made anew, and the names of those for which there are no results: they stay as they are."""
    left = []

    def fragment(match):
        start, name, old, end = match.groups()
        if name == "machine":
            made = machine_lines(next(iter(results.values()))["machine"])
        elif name in results:
            made = section(results[name], FOLDER)
        else:
            left.append(name)
            return match[0]
        return f"{start}{made}\n{end}"

    return MARKED.sub(fragment, text), left


def pictures(text, results):
    """Names of the files in FOLDER that the fragments show and the results have."""
    shown = set(re.findall(rf"\]\({FOLDER}([\w.]+\.svg)\)", text))
    return sorted(f"{plot['name']}.svg" for result in results.values() for plot in result["plots"] if f"{plot['name']}.svg" in shown)
