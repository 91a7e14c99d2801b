"""RESULTS.svg: what a delivery costs each target, as bars on a scale of powers of ten."""

from html import escape
from math import ceil, floor, log10
from statistics import median

FIGURE = "server_cpu_us_per_delivery"
WIDTH, LEFT, RIGHT, TOP, BAR, GAP = 760, 92, 84, 56, 15, 30
# Fill of each target's bars, on light and on dark.
COLOURS = {
    "roomtone": ("#1769aa", "#5db0f0"),
    "two-shards": ("#4f93c7", "#9fd0f5"),
    "limit": ("#7a7a7a", "#9a9a9a"),
    "durable-limit": ("#a0a0a0", "#7a7a7a"),
    "uws": ("#a35a00", "#e0a050"),
    "rabbitmq": ("#a3263f", "#e8798d"),
}


def style():
    """One sheet for both: whoever shows the page says whether it is dark."""

    def sheet(ink, faint, at):
        fills = "".join(f".{target}{{fill:{both[at]}}}" for target, both in COLOURS.items())
        return f"text{{fill:{ink}}}.grid{{stroke:{faint}}}.spread{{stroke:{ink}}}{fills}"

    font = "text{font:12px system-ui,sans-serif}.about{font-weight:600}.small{font-size:11px}.grid,.spread{stroke-width:1}"
    return f"<style>{font}{sheet('#222', '#ddd', 0)}@media (prefers-color-scheme:dark){{{sheet('#ddd', '#444', 1)}}}</style>"


class Scale:
    """Where a value is, from left to right."""

    def __init__(self, values):
        self.low, self.high = floor(log10(min(values))), ceil(log10(max(values)))
        self.high = max(self.high, self.low + 1)

    def at(self, value):
        share = (log10(value) - self.low) / (self.high - self.low)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def lines(self, bottom):
        """The powers of ten, and what each is."""
        drawn = []
        for power in range(self.low, self.high + 1):
            x = self.at(10**power)
            drawn.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP - 12}" y2="{bottom}"/>')
            drawn.append(f'<text class="small" x="{x}" y="{TOP - 18}" text-anchor="middle">{10.0**power:g} µs</text>')
        return drawn


def bar(scale, target, values, y):
    """A target's median, and a line from the least to the most."""
    at, middle = scale.at(median(values)), y + BAR / 2
    least, most = scale.at(min(values)), scale.at(max(values))
    return [
        f'<text x="{LEFT - 6}" y="{y + 12}" text-anchor="end">{escape(target)}</text>',
        f'<rect class="{escape(target)}" x="{LEFT}" y="{y}" width="{round(at - LEFT, 1)}" height="{BAR - 3}"/>',
        f'<line class="spread" x1="{least}" x2="{most}" y1="{middle - 1.5}" y2="{middle - 1.5}"/>',
        f'<text class="small" x="{max(at, most) + 6}" y="{y + 11}">{median(values):.3g}</text>',
    ]


def plot(goals):
    """The picture; `goals` has, for what each goal is about, the figures of each target's rounds."""
    scale = Scale([value for targets in goals.values() for values in targets.values() for value in values])
    drawn, y = [], TOP
    for about, targets in goals.items():
        drawn.append(f'<text class="about" x="{LEFT}" y="{y + 12}">{escape(about)}</text>')
        y += 18
        for target, values in targets.items():
            drawn += bar(scale, target, values, y)
            y += BAR
        y += GAP - BAR
    title = "CPU time of the server for a delivery: less is better"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" role="img" aria-label="{title}">'
    caption = f'<text class="about" x="{LEFT}" y="18">{title}</text>'
    return "\n".join([head, style(), caption, *scale.lines(y - 8), *drawn, "</svg>", ""])


def drawable(goals, runs):
    """What can be shown of these runs: goals in which deliveries were made, by what they are about."""
    shown = {}
    for name, of_goal in runs.items():
        targets = {}
        for target, found in of_goal.items():
            values = [figures[FIGURE] for figures in found if figures and figures.get(FIGURE)]
            if values:
                targets[target] = values
        if targets:
            shown[f"{name}: {goals[name].about}"] = targets
    return shown
