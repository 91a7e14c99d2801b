"""RESULTS.md: medians, spreads, ratios and versions, with a plot; and RESULTS.json, the figures that it is written from."""

import json
import platform
import subprocess
from statistics import median

from goals import GOALS, ratios, summary
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


def kept(path):
    """What was measured of each goal last: when, whether quickly, and what was found."""
    figures = path.with_suffix(".json")
    return json.loads(figures.read_text(encoding="utf-8")) if figures.exists() else {}


def keep(path, measured, lines_of):
    """Writes what was measured of some goals beside what is there of the others; `lines_of` has the goals that write their own part."""
    of_all = {**kept(path), **measured}
    of_all = {name: of_all[name] for name in [*GOALS, *lines_of] if name in of_all}
    path.with_suffix(".json").write_text(json.dumps(of_all) + "\n", encoding="utf-8")
    path.write_text("\n".join(page(path, of_all, lines_of)), encoding="utf-8")


def page(path, of_all, lines_of):
    """The page's lines; the picture is put beside it."""
    lines = [
        "# How fast",
        "",
        "Written by `tests/load/compare`. Medians of the rounds, with the least and the most in brackets; the ratios are",
        "medians of the ratios of single rounds, and say how many times better Roomtone is. Server on one core, load on the other;",
        "login, membership, heart-beats, limits and the durable log are on, and every delivery is checked for order, loss and repeats.",
        "",
        f"- Machine: {platform.machine()}, {platform.system()} {platform.release()}",
        f"- RabbitMQ: {version('dpkg-query', '-W', '-f', '${Version}', 'rabbitmq-server')}",
        "",
    ]
    runs = {name: own["found"] for name, own in of_all.items() if name in GOALS}
    picture, shown = path.with_suffix(".svg"), drawable(GOALS, runs)
    if shown:
        picture.write_text(plot(shown), encoding="utf-8")
        lines += [f"![What a delivery costs each target, on a scale of powers of ten]({picture.name})", ""]
    else:
        picture.unlink(missing_ok=True)
    for name, own in of_all.items():
        title, *part = part_of(name, own["found"]) if name in GOALS else lines_of[name](own["found"])
        how = ", in fewer and shorter rounds" if own["quick"] else ""
        lines += [title, "", f"Measured on {own['on']}{how}.", *part]
    lines += ["## In one line", "", last_line({name: own["found"] for name, own in of_all.items()}), ""]
    return lines


def last_line(found):
    """JSON: for each goal the ratio to each peer, and what else was found."""
    return json.dumps({name: summary(name, own) if name in GOALS else own for name, own in found.items()})


def median_of(found, figure):
    return median([figures[figure] for figures in found]) if found else None


def part_of(name, of_goal):
    """A goal's part of the page: a row for each target, and what became of the bounds."""
    goal = GOALS[name]
    rows = {target: [figures for figures in found if figures] for target, found in of_goal.items()}
    shown = [figure for figure in SHOWN if any(figures.get(figure) for found in rows.values() for figures in found)]
    lines = [f"## {name}: {goal.about}", ""]
    lines += ["| target | rounds | " + " | ".join(shown) + " |", "|---" * (len(shown) + 2) + "|"]
    for target, found in rows.items():
        cells = [spread([figures[figure] for figures in found]) if found and figure in found[0] else "" for figure in shown]
        lines.append(f"| {target} | {len(found)} | " + " | ".join(cells) + " |")
    lines.append("")
    found = ratios(name, of_goal)
    floors = ratios(name, of_goal, goal.floor) if goal.floor else {}
    for (peer, figure), bound in goal.bounds.items():
        value, floor = (of.get(f"{peer} {figure}") for of in (found, floors))
        word = "not measured" if value is None else ("reached" if value >= bound else "missed")
        line = f"- {peer}, {figure}: {value}, wanted at least {bound:.3g}: **{word}**"
        if floor is not None:
            line += f"; {goal.floor} by itself {floor}"
            beside = found[f"{goal.floor} {figure}"]
            if word == "missed" and floor < bound:
                line += f", so it is missed by {goal.stands_on}"
            elif word == "missed":
                line += f", which could have reached it; beside that Roomtone is at {beside}"
        lines.append(line)
    for figure, bound in goal.at_most.items():
        value, floor = (median_of(rows.get(target), figure) for target in ("roomtone", goal.floor))
        word = "reached" if value <= bound else "missed"
        line = f"- {figure}: {number(value)}, wanted at most {bound:,}: **{word}**"
        if floor is not None:
            line += f"; {goal.floor} by itself {number(floor)}"
            if word == "missed" and floor > bound:
                line += f", so it is missed by {goal.stands_on}"
            elif word == "missed":
                line += f", so {number(value - floor)} are Roomtone's own"
        lines.append(line)
    bounded = {f"{peer} {figure}" for peer, figure in goal.bounds}
    lines += [f"- {label}: {value}" for label, value in found.items() if label not in bounded]
    return [*lines, ""]
