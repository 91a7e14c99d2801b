"""RESULTS.md: medians, spreads, ratios and versions, with a plot."""

import platform
import subprocess
from statistics import median

from goals import GOALS, ratios
from plot import drawable, plot

SHOWN = ["deliveries_per_s", "server_cpu_us_per_delivery", "frame_bytes", "requests_per_s", "server_cpu_us_per_request"]
SHOWN += ["answer_bytes", "p50_us", "p99_us", "kib_each"]


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.4g}"


def spread(values):
    return f"{number(median(values))} ({number(min(values))} to {number(max(values))})"


def version(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else "?"


def write(path, runs, apart, quick):
    """Writes the page, with the picture beside it; `apart` has the lines of goals that write their own."""
    lines = [
        "# How fast",
        "",
        f"Written by `tests/load/compare{' --quick' if quick else ''}`. Medians of the rounds, with the least and the most in brackets; the ratios are",
        "medians of the ratios of single rounds, and say how many times better Roomtone is. Server on one core, load on the other;",
        "login, membership, heart-beats, limits and the durable log are on, and every delivery is checked for order, loss and repeats.",
        "",
        f"- Machine: {platform.machine()}, {platform.system()} {platform.release()}",
        f"- RabbitMQ: {version('dpkg-query', '-W', '-f', '${Version}', 'rabbitmq-server')}",
        "",
    ]
    picture, shown = path.with_suffix(".svg"), drawable(GOALS, runs)
    if shown:
        picture.write_text(plot(shown), encoding="utf-8")
        lines += [f"![What a delivery costs each target, on a scale of powers of ten]({picture.name})", ""]
    else:
        picture.unlink(missing_ok=True)
    for name, of_goal in runs.items():
        goal = GOALS[name]
        lines += [f"## {name}: {goal.about}", ""]
        rows = {target: [figures for figures in found if figures] for target, found in of_goal.items()}
        shown = [figure for figure in SHOWN if any(figures.get(figure) for found in rows.values() for figures in found)]
        lines += ["| target | rounds | " + " | ".join(shown) + " |", "|---" * (len(shown) + 2) + "|"]
        for target, found in rows.items():
            cells = [spread([figures[figure] for figures in found]) if found and figure in found[0] else "" for figure in shown]
            lines.append(f"| {target} | {len(found)} | " + " | ".join(cells) + " |")
        lines.append("")
        found = ratios(name, of_goal)
        for (peer, figure), bound in goal.bounds.items():
            value = found.get(f"{peer} {figure}")
            word = "not measured" if value is None else ("reached" if value >= bound else "missed")
            lines.append(f"- {peer}, {figure}: {value}, wanted at least {bound:.3g}: **{word}**")
        lines.append("")
    for part in apart.values():
        lines += part
    path.write_text("\n".join(lines), encoding="utf-8")
