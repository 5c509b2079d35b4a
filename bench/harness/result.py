# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""What an experiment brings: one JSON file, from which its tables and pictures can be made again."""

import json


class Result:
    def __init__(self, name, title, question):
        self.data = {"experiment": name, "title": title, "question": question, "command": f"scripts/bench {name}", "tables": [], "plots": [],
                     "ratios": {}, "notes": [], "samples": []}

    def table(self, columns, rows, title=""):
        """Rows are lists of texts, as long as `columns`."""
        for row in rows:
            if len(row) != len(columns):
                raise ValueError(f"{len(row)} cells for {len(columns)} columns: {row}")
        self.data["tables"].append({"title": title, "columns": columns, "rows": [[str(cell) for cell in row] for row in rows]})

    def plot(self, name, kind, **what):
        """A picture `name`; `kind` is one of harness.plots.KINDS, which say what they take."""
        self.data["plots"].append({"name": name, "kind": kind, **what})

    def ratio(self, name, spread, meaning, better="higher", asked=None, paper=None):
        """A comparison within this run, which bench/compare holds against a stored one."""
        self.data["ratios"][name] = {**spread.as_dict(), "meaning": meaning, "better": better, "asked": asked, "paper": paper}

    def note(self, text):
        self.data["notes"].append(text)

    def sample(self, **what):
        """A measurement as it was."""
        self.data["samples"].append(what)

    def write(self, folder, machine, settings):
        self.data.update(machine=machine, settings=settings)
        path = folder / f"{self.data['experiment']}.json"
        path.write_text(json.dumps(self.data, indent=1) + "\n")
        return path


def read(folder):
    """All results of a folder, by experiment."""
    results = {}
    for path in sorted(folder.glob("*.json")):
        data = json.loads(path.read_text())
        if "experiment" in data:
            results[data["experiment"]] = data
    return results
