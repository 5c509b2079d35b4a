# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Tables in Markdown, and the report of a run."""

from harness.statistics import number


def markdown_table(table):
    lines = [f"**{table['title']}**", ""] if table["title"] else []
    lines.append("| " + " | ".join(table["columns"]) + " |")
    lines.append("|" + "---|" * len(table["columns"]))
    lines += ["| " + " | ".join(row) + " |" for row in table["rows"]]
    return "\n".join(lines)


def ratio_table(ratios):
    """Medians of ratios with their spread, what was asked of them, and the paper's where it has one."""
    if not ratios:
        return ""
    rows = []
    for ratio in ratios.values():
        value = f"**{number(ratio['median'])}** [{number(ratio['low'])}-{number(ratio['high'])}]"
        sign = "at least" if ratio["better"] == "higher" else "at most"
        asked = f"{sign} {ratio['asked']:g}" if ratio["asked"] is not None else ""
        paper = f"{ratio['paper']:.3g}" if ratio["paper"] is not None else ""
        rows.append([ratio["meaning"], value, asked, paper])
    return markdown_table({"title": "", "columns": ["ratio, by round", "median [least-most]", "asked", "paper"], "rows": rows})


def section(result, pictures=""):
    """One experiment: command, tables, ratios, notes, pictures (in the folder `pictures`)."""
    settings = result["settings"]
    parts = [f"```\n{result['command']}{' --quick' if settings['quick'] else ''}\n```", *map(markdown_table, result["tables"]),
             ratio_table(result["ratios"]), *result["notes"]]
    parts += [f"![{plot['title']}]({pictures}{plot['name']}.svg)" for plot in result["plots"]]
    return "\n\n".join(part for part in parts if part)


def machine_lines(machine):
    return markdown_table({"title": "", "columns": ["machine", ""], "rows": [[name, value] for name, value in machine.items()]})


def report(results):
    """The whole run."""
    parts = ["# A run of scripts/bench"]
    for result in results:
        if len(parts) == 1:
            parts.append(machine_lines(result["machine"]))
        settings = result["settings"]
        parts.append(f"## {result['experiment']}: {result['title']}\n\n{result['question']} {settings['rounds']} rounds, "
                     f"medians [least-most].\n\n" + section(result))
    return "\n\n".join(parts) + "\n"
