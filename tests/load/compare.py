"""Runs the goals' cases in rounds, the targets of each in turn, and writes what they came to.

A server has core 0 and the load core 1. Every run begins a server anew, and ends it by its own process.
"""

import json
import os
import pathlib
import sys
from datetime import date

import flat
import functions
import on_kafka
from goals import GOALS
from results import keep, last_line
from servers import SERVERS, NotReady

BIN = pathlib.Path(os.environ["ROOMTONE_LOAD_BIN_DIR"])
HERE = pathlib.Path(__file__).parent
# Goals that are not about one server beside its peers: what measures them, and what writes their part of the page.
APART = {"G8": functions, "G9": on_kafka, "G10": flat}
# Cores that anything else may have had in a round that counts.
ELSEWHERE_MAX = 0.15
# How often a round is done again because something else had the machine.
AGAIN_MAX = 3


def measure(target, case, secs):
    """One run of one target: its figures, or none where the machine was busy with something else each time, or a peer did not begin."""
    for _ in range(AGAIN_MAX):
        try:
            with SERVERS[target](BIN, case) as server:
                figures = server.load(case, secs)
        except NotReady as why:
            print(f"  {target}: {why}", file=sys.stderr, flush=True)
            continue
        if figures.get("elsewhere_cpu", 0) <= ELSEWHERE_MAX:
            return figures
    print(f"  {target}: this round does not count", file=sys.stderr, flush=True)
    return None


def rounds_of(name, rounds, secs):
    """For each target of a goal its figures, a round each."""
    goal = GOALS[name]
    runs = {target: [] for target in goal.targets}
    for number in range(goal.rounds or rounds):
        # Each begins another round, so that none always runs on a machine that has just been busy.
        order = goal.targets[number % len(goal.targets) :] + goal.targets[: number % len(goal.targets)]
        for target in order:
            figures = measure(target, goal.case, max(secs, goal.secs))
            runs[target].append(figures)
            print(f"{name} {number + 1} {target}: {json.dumps(figures)}", file=sys.stderr, flush=True)
    return runs


def main(arguments):
    quick = "--quick" in arguments
    wanted = [argument for argument in arguments if not argument.startswith("--")] or [*GOALS, *APART]
    rounds, secs = (5, 2) if quick else (7, 4)
    found = {}
    for name in wanted:
        found[name] = APART[name].measure(BIN, quick) if name in APART else rounds_of(name, rounds, secs)
        # Each at once, so that what is measured stays where a later one fails.
        measured = {"on": str(date.today()), "quick": quick, "found": found[name]}
        keep(HERE / "RESULTS.md", {name: measured}, {name: part.lines_of for name, part in APART.items()})
    print(last_line(found))


main(sys.argv[1:])
