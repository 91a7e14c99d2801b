"""A fleet under load: nodes on the real parts, each on core 0, with the load and the parts where the system puts them.

Rooms are made by the one process on the same parts, which is ended before anything is measured.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

from parts import STORES, Parts, own
from servers import RUN_S, UNHINDERED

FIRST_PORT, FIRST_ADMIN_PORT, HTTP_PORT = 26011, 26081, 26000
TOLD = {**UNHINDERED, **own("load-fleet", 26000), "ROOMTONE_PORT": str(HTTP_PORT)}
WRITE = "roomtone_read_to_write_seconds"
TAKEN = "roomtone_records_taken_total"
# A node comes before the parts on a core that both want.
FIRST = -10
# Seconds that a node which stood still may take to read what was written meanwhile.
SKIP_S = 120
# Seconds in which nothing comes, when nothing more will.
STILL_S = 1
# How often those who are to be members come again, where some could not.
ENTERED_AGAIN_MAX = 3


class Fleet(Parts):
    """So many nodes on the real parts, and a load on them. Groups of rooms have names, each with rooms of the same size."""

    def __init__(self, programs, nodes=1, **told):
        count = {"ROOMTONE_NODES_COUNT": str(nodes), "ROOMTONE_BIN_DIR": str(programs)}
        super().__init__({**TOLD, **count, **told}, [*STORES, "nodes"])
        self.programs, self.nodes = programs, nodes

    def __enter__(self):
        super().__enter__()
        self.pin()
        return self

    def have_nodes(self, count):
        """As many nodes as that, from now on."""
        self.nodes = count
        self.up("nodes", ROOMTONE_NODES_COUNT=str(count))
        self.pin()

    def pin(self):
        """Nodes have one core among them. The parts have it too where no node wants it: a node of a fleet has its cores for itself."""
        for pid in self.pids("nodes"):
            subprocess.run(["taskset", "-a", "-p", "-c", "0", str(pid)], stdout=subprocess.DEVNULL, check=True)
            for thread in map(int, os.listdir(f"/proc/{pid}/task")):
                try:
                    own = os.getpriority(os.PRIO_PROCESS, thread)
                    # One that comes first already was there before.
                    if own >= 0:
                        os.setpriority(os.PRIO_PROCESS, thread, own + FIRST)
                except ProcessLookupError:
                    pass  # A thread that ended meanwhile.
                except PermissionError:
                    print("  the node does not come first: only root may say so", file=sys.stderr, flush=True)

    def rooms_in(self, group):
        return pathlib.Path(self.outer["ROOMTONE_RUN"]) / f"rooms-of-{group}"

    def make(self, **groups):
        """Makes rooms, and everybody in them a member: for each group, how many rooms of how many."""
        self.up("roomtone")
        for group, (rooms, members) in groups.items():
            # Those of an earlier run went with its parts.
            self.rooms_in(group).unlink(missing_ok=True)
            words = ["--http", f"127.0.0.1:{HTTP_PORT}", "--messages", 1, "--warm-up-secs", 0]
            self.enter(group, rooms, members, *words)
        self.down("roomtone")

    def enter(self, *words):
        """Stores that have just started may take too long for somebody at first; who is in is in, and the rest come again."""
        for _ in range(ENTERED_AGAIN_MAX):
            try:
                return self.talk(*words)
            except subprocess.CalledProcessError:
                print("  not all are in, again", file=sys.stderr, flush=True)
        return self.talk(*words)

    def talk(self, group, rooms, members, *more):
        """The figures of a load on the first so many rooms of a group."""
        words = ["talk", "--users", group, "--rooms-in", self.rooms_in(group), "--rooms", rooms, "--members", members, *more]
        for node in range(self.nodes):
            words += ["--at", f"127.0.0.1:{FIRST_PORT + node}"]
        for flag, parts in {"--pid": ["nodes"], "--beside-pid": STORES}.items():
            for pid in [pid for part in parts for pid in self.pids(part)]:
                words += [flag, pid]
        figures = self.tool(*words)
        if figures["lost"] or figures["again"] or figures["refused"]:
            raise RuntimeError(f"the fleet: {figures}")
        return figures

    def tool(self, *words):
        command = [self.programs / "roomtone-load", *words]
        done = subprocess.run([*map(str, command)], env=self.settings, stdout=subprocess.PIPE, text=True, timeout=RUN_S, check=True)
        return json.loads(done.stdout.splitlines()[-1])

    def metrics(self, node=0):
        """A node's own figures, by their names with labels."""
        at = f"http://127.0.0.1:{FIRST_ADMIN_PORT + node}/metrics"
        with urllib.request.urlopen(at, timeout=30) as answer:
            lines = re.findall(r"^([^#\s]\S*) (\S+)$", answer.read().decode(), re.M)
        return {name: float(value) for name, value in lines}

    @contextmanager
    def stopped(self, *parts):
        """These stand still meanwhile."""
        pids = [pid for part in parts for pid in self.pids(part)]
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def taken_when_still(self):
        """Records that the first node has taken, once no more come of those who went."""
        before, now = None, self.metrics()[TAKEN]
        while now != before:
            time.sleep(STILL_S)
            before, now = now, self.metrics()[TAKEN]
        return now

    def skip(self, records, seed):
        """Records a second that the first node reads, judges and needs nothing of: written while it stood still."""
        before = self.taken_when_still()
        with self.stopped("nodes"):
            figures = self.tool("fill", "--records", records, "--seed", seed)
            begun = time.monotonic()
        while self.metrics()[TAKEN] < before + records:
            if time.monotonic() - begun > SKIP_S:
                raise RuntimeError(f"the node does not catch up: {self.metrics()}")
            time.sleep(0.01)
        return {**figures, "skipped_per_s": round(records / (time.monotonic() - begun))}


def read_to_write(before, after):
    """What became of a node's own histogram between two looks: messages, the share within a millisecond, and microseconds
    that 99 of 100 took at most, as near as its bounds say."""
    messages = after[f"{WRITE}_count"] - before[f"{WRITE}_count"]
    upto = []
    for name, value in after.items():
        bound = re.search(r'_bucket\{le="(.*)"\}', name)
        if bound and name.startswith(WRITE):
            upto.append((float(bound[1]), value - before[name]))
    within = next(count for bound, count in upto if bound == 0.001)
    most = next(bound for bound, count in sorted(upto) if count >= 0.99 * messages)
    return {"messages": messages, "within_1_ms": round(within / messages, 5), "p99_us_at_most": round(most * 1e6) if most < 100 else None}
