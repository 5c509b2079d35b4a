# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Pictures from what results say of them: ours solid, peers dashed, memcached alone dotted, the paper's points as hollow marks. Ink and
background are chosen so that they can be read in light and dark."""

import math

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot, ticker  # noqa: E402

INK = "#7d858f"
STYLES = {
    "ours": ("-", "o", ["#2f81f7", "#1a9c5b", "#a371f7", "#17a2b8", "#d4761c", "#c9408b"]),
    "peer": ("--", "s", ["#e5534b", "#e0893a", "#b8860b"]),
    "direct": (":", "^", ["#8b949e", "#b08fd8", "#6e9e6e"]),
}
PAPER = "#d29922"
matplotlib.rcParams.update({
    "svg.fonttype": "none", "svg.hashsalt": "smartswitch", "font.family": "sans-serif", "font.size": 9.5,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK, "ytick.color": INK, "grid.color": INK,
    "grid.alpha": 0.25, "legend.framealpha": 0, "savefig.transparent": True, "axes.spines.top": False, "axes.spines.right": False,
})


def _style(series, counts):
    kind = series["kind"]
    line, mark, colours = STYLES[kind]
    number = counts[kind] = counts.get(kind, -1) + 1
    return {"linestyle": line, "marker": mark, "color": colours[number % len(colours)], "markersize": 4, "linewidth": 1.6}


def lines(axes, plot):
    """series: [{label, kind, points: [[x, y], ...]}]; paper: [{label, x}] with y or, where the paper does not say, without."""
    counts = {}
    for series in plot["series"]:
        points = sorted(p for p in series["points"] if all(map(math.isfinite, p)))
        axes.plot([p[0] for p in points], [p[1] for p in points], label=series["label"], **_style(series, counts))
    bottom = axes.get_ylim()[0]
    for number, point in enumerate(plot.get("paper", [])):
        mark = "oDsv"[number % 4]
        axes.plot([point["x"]], [point.get("y", bottom)], mark, markerfacecolor="none", markeredgecolor=PAPER, markersize=8,
                  linestyle="none", label=f"paper, at most: {point['label']}", clip_on=False)


def bars(axes, plot):
    """bars: [{label, kind, value, low, high, paper (or None)}]."""
    counts = {}
    for place, bar in enumerate(plot["bars"]):
        style = _style(bar, counts)
        if not all(math.isfinite(bar[name]) for name in ("value", "low", "high")):
            continue  # no answers: a place without a bar
        axes.barh(place, bar["value"], color=style["color"], alpha=0.85 if bar["kind"] == "ours" else 0.45, edgecolor=style["color"],
                  linestyle=style["linestyle"], height=0.6)
        axes.errorbar([bar["value"]], [place], xerr=[[bar["value"] - bar["low"]], [bar["high"] - bar["value"]]], color=INK, capsize=2,
                      linewidth=0.9)
        if bar.get("paper") is not None:
            axes.plot([bar["paper"]], [place], "D", markerfacecolor="none", markeredgecolor=PAPER, markersize=8, label="paper")
    axes.set_yticks(range(len(plot["bars"])), [bar["label"] for bar in plot["bars"]])
    axes.invert_yaxis()


KINDS = {"lines": lines, "bars": bars}


def draw(plot, folder):
    """`plot` as Result.plot() keeps it, as SVG and PNG."""
    height = 3.6 if plot["kind"] == "lines" else 1.1 + 0.34 * len(plot["bars"])
    figure, axes = pyplot.subplots(figsize=(7.2, height), layout="constrained")
    for axis in "xy":
        if plot.get(f"log_{axis}"):
            getattr(axes, f"set_{axis}scale")("log")
            ticks = getattr(axes, f"{axis}axis")
            ticks.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
            ticks.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:,g}"))
            ticks.set_minor_formatter(ticker.NullFormatter())
    KINDS[plot["kind"]](axes, plot)
    axes.set_title(plot["title"], fontsize=10.5)
    axes.set_xlabel(plot.get("x", ""))
    axes.set_ylabel(plot.get("y", ""))
    axes.grid(True, axis="both" if plot["kind"] == "lines" else "x")
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles))
    if unique:
        axes.legend(unique.values(), unique.keys(), fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    for suffix in ("svg", "png"):
        figure.savefig(folder / f"{plot['name']}.{suffix}", dpi=144, **({"metadata": {"Date": None}} if suffix == "svg" else {}))
    pyplot.close(figure)
