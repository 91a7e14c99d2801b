"""Runs the goals' cases in rounds, the targets of each in turn, and writes what they came to.

A server has core 0 and the load core 1. Every run begins a server anew, and ends it by its own process.
"""

import json
import os
import pathlib
import sys

import functions
from goals import GOALS, ratios
from results import write
from servers import SERVERS

BIN = pathlib.Path(os.environ["ROOMTONE_LOAD_BIN_DIR"])
FUNCTIONS = "G8"
HERE = pathlib.Path(__file__).parent
# Cores that anything else may have had in a round that counts.
ELSEWHERE_MAX = 0.15
# How often a round is done again because something else had the machine.
AGAIN_MAX = 3


def measure(target, case, secs):
    """One run of one target: its figures, or none where the machine was busy with something else each time."""
    for _ in range(AGAIN_MAX):
        with SERVERS[target](BIN, case) as server:
            figures = server.load(case, secs)
        if figures.get("elsewhere_cpu", 0) <= ELSEWHERE_MAX:
            return figures
    print(f"  {target}: the machine was busy, this round does not count", file=sys.stderr, flush=True)
    return None


def main(arguments):
    quick = "--quick" in arguments
    wanted = [argument for argument in arguments if not argument.startswith("--")] or [*GOALS, FUNCTIONS]
    on_fleet = None
    if FUNCTIONS in wanted:
        wanted.remove(FUNCTIONS)
        on_fleet = functions.measure(BIN, BIN.parent / "function", quick)
    rounds, secs = (5, 2) if quick else (7, 4)
    runs = {}
    for name in wanted:
        goal = GOALS[name]
        runs[name] = {target: [] for target in goal.targets}
        for number in range(goal.rounds or rounds):
            # Each begins another round, so that none always runs on a machine that has just been busy.
            order = goal.targets[number % len(goal.targets) :] + goal.targets[: number % len(goal.targets)]
            for target in order:
                figures = measure(target, goal.case, secs)
                runs[name][target].append(figures)
                print(f"{name} {number + 1} {target}: {json.dumps(figures)}", file=sys.stderr, flush=True)
    write(HERE / "RESULTS.md", runs, on_fleet, quick)
    print(json.dumps({**{name: ratios(name, runs[name]) for name in wanted}, FUNCTIONS: on_fleet}))


main(sys.argv[1:])
