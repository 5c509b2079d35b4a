# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""Flame graphs: the stacks of `perf script`, drawn as boxes that are as wide as the time spent in them (after Brendan Gregg,
"The Flame Graph", CACM 59(6), 2016)."""

import html
import re
import zlib

WIDTH, ROW, LEAST = 1180, 17, 0.6  # px; narrower boxes are left out
INK = "#1f2328"


class Box:
    """A function, below those that it was called by."""

    def __init__(self, name):
        self.name, self.count, self.children = name, 0, {}

    def add(self, stack):
        """A sample: functions from the outermost to the innermost."""
        self.count += 1
        if stack:
            self.children.setdefault(stack[0], Box(stack[0])).add(stack[1:])

    def depth(self):
        return 1 + max((child.depth() for child in self.children.values()), default=0)

    def own(self):
        """{function: samples in it and not in what it called}."""
        found = {self.name: self.count - sum(child.count for child in self.children.values())}
        for child in self.children.values():
            for name, count in child.own().items():
                found[name] = found.get(name, 0) + count
        return found


def stacks(script):
    """Of the text of `perf script -F comm,ip,sym`: a list of functions a sample, outermost first. Frames before the first that has a name
    are where the unwinder lost its way."""
    for sample in script.strip().split("\n\n"):
        frames = []
        for line in sample.splitlines()[1:]:
            frame = re.match(r"\s+[0-9a-f]+\s+(.*)", line)
            if frame:
                frames.append(short(frame[1]))
        while frames and frames[-1] == "[unknown]":
            frames.pop()
        if frames:
            yield frames[::-1]


def short(name):
    """Without offsets, arguments, marks of compiler and linker, and our own namespace; the call of an input is the element's function."""
    name = re.sub(r"\+0x[0-9a-f]+$|@@\w+.*$|\.(lto_priv|isra|part|constprop|cold)\b.*$", "", name)
    name = name.replace("smartswitch::", "").replace("(anonymous namespace)::", "")
    return re.sub(r"DescribeElement<.*?>::input<&([\w:]+)>.*", r"\1", name)


def tree(samples):
    root = Box("all")
    for stack in samples:
        root.add(stack)
    return root


def _colour(name):
    """The same function has the same colour in every picture; kernel and libraries are colder than the packet path."""
    number = zlib.crc32(name.encode())
    ours = "::" in name or "push" in name
    hue = (18 + number % 34) if ours else (195 + number % 30)
    return f"hsl({hue} {70 if ours else 40}% {62 + number // 64 % 10}%)"


def _boxes(box, left, level, scale, depth, parts):
    width = box.count * scale
    if width < LEAST:
        return
    top = (depth - level - 1) * ROW + 26
    share = f"{box.count / parts['total']:.1%}"
    text = box.name if len(box.name) * 6.3 < width - 6 else box.name[:max(0, int((width - 12) / 6.3))] + ".." if width > 36 else ""
    parts["svg"].append(f'<g><title>{html.escape(box.name)}: {share}</title><rect x="{left:.1f}" y="{top}" width="{max(width - 0.4, 0.3):.1f}" '
                        f'height="{ROW - 1}" rx="2" fill="{_colour(box.name)}"/>'
                        + (f'<text x="{left + 3:.1f}" y="{top + 12}" fill="{INK}">{html.escape(text)}</text>' if text else "") + "</g>")
    for child in sorted(box.children.values(), key=lambda child: child.name):
        _boxes(child, left, level + 1, scale, depth, parts)
        left += child.count * scale


def draw(root, title):
    """The picture, as SVG."""
    depth = root.depth()
    height = depth * ROW + 34
    parts = {"svg": [], "total": root.count}
    _boxes(root, 10.0, 0, (WIDTH - 20) / max(root.count, 1), depth, parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
            f'font-family="monospace" font-size="10.5"><text x="10" y="16" fill="#7d858f" font-family="sans-serif" font-size="13">'
            f"{html.escape(title)}, {root.count:,} samples</text>{''.join(parts['svg'])}</svg>\n")
