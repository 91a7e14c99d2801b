"""What operations cost as things grow: deliveries over connections, rooms and members, reads over the length of a history and
the number of members. Writes GROWTH.md."""

import http.client
import json
import os
import pathlib
import sys
import time
from statistics import median

from results import number
from servers import Roomtone

BIN = pathlib.Path(os.environ["ROOMTONE_LOAD_BIN_DIR"])
PAGE = pathlib.Path(__file__).with_name("GROWTH.md")
ROUNDS = 3
SECS = 3
READS = 2_000
TICK_US = 1_000_000 / os.sysconf("SC_CLK_TCK")

# Rooms and the members of each. A row's first is what the others are compared with.
DELIVERIES = {
    "connections, in rooms of 100": [(1, 100), (10, 100), (50, 100), (100, 99)],
    "rooms of 10": [(1, 10), (10, 10), (100, 10), (900, 10)],
    "members of one room": [(1, 10), (1, 100), (1, 1_000), (1, 9_900)],
}
HISTORIES = [100, 1_000, 10_000, 100_000, 1_000_000]
MEMBERS = [100, 1_000, 10_000]
# What --quick leaves out.
LARGE = {1_000_000, 9_900, 900}


def deliveries(rooms, members):
    """Microseconds of CPU time for a delivery, and how many there were a second: medians."""
    case = {"what": "talk", "rooms": rooms, "members": members, "window": 32}
    runs = []
    for _ in range(ROUNDS):
        with Roomtone(BIN, case) as server:
            runs.append(server.load(case, SECS))
    return [median(run[name] for run in runs) for name in ("server_cpu_us_per_delivery", "deliveries_per_s")]


class Reader:
    """A user of a running server who reads over HTTP."""

    def __init__(self, server, uid):
        self.server = server
        self.http = http.client.HTTPConnection("127.0.0.1", server.port)
        self.token = self.ask("POST", "/dev/token", {"uid": uid, "nickname": uid})["token"]

    def ask(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.token}"} if hasattr(self, "token") else {}
        self.http.request(method, path, json.dumps(body) if body else None, headers)
        answer = self.http.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {text[:200]}")
        return json.loads(text)

    def cost(self, path):
        """Microseconds of the server's CPU time for one read, and of the wall's: a mean, and a median."""
        self.ask("GET", path)
        before, waits = cpu_us(self.server), []
        for _ in range(READS):
            begun = time.perf_counter()
            self.ask("GET", path)
            waits.append((time.perf_counter() - begun) * 1e6)
        return [(cpu_us(self.server) - before) / READS, median(waits)]


def cpu_us(server):
    ticks = 0
    for pid in server.pids():
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks * TICK_US


def until_idle(server):
    """Waits until the server has seen everybody off."""
    before = -TICK_US * 100
    while cpu_us(server) - before > 2 * TICK_US:
        before = cpu_us(server)
        time.sleep(0.5)


def reads(members, messages, paths):
    """What reads cost in a room with so many members and so many messages."""
    case = {"what": "talk", "rooms": 1, "members": members, "window": 1_000, "messages": messages, "users": "growth"}
    with Roomtone(BIN, case) as server:
        server.load(case, SECS)
        until_idle(server)
        # The first member of a room is its owner; the room is found among those joined.
        owner = Reader(server, "load-growth-0-0")
        room = owner.ask("GET", "/v1/api/rooms/joined")["rooms"][0]["id"]
        return {name: owner.cost(path.format(room=room)) for name, path in paths.items()}


def table(title, columns, rows):
    lines = [f"| {title} | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]


def show(name, *values):
    print(f"{name}: {', '.join(number(value) for value in values)}", file=sys.stderr, flush=True)


def delivery_tables(kept):
    lines = []
    for title, sizes in DELIVERIES.items():
        rows, first = [], None
        for rooms, members in filter(kept, sizes):
            cpu, rate = deliveries(rooms, members)
            show(f"{title} {rooms} x {members}", cpu, rate)
            first = first or cpu
            rows.append([f"{rooms:,}", f"{members:,}", number(cpu), number(rate), f"{cpu / first:.2f}"])
        lines += table("rooms", ["members of each", "CPU µs a delivery", "deliveries/s", f"to the first: {title}"], rows)
    return lines


def read_tables(kept):
    lines, rows = [], []
    paths = {
        "newest page": "/v1/api/chat/history?roomId={room}",
        "first page of all": "/v1/api/chat/history/{room}?size=20",
        "rooms joined": "/v1/api/rooms/joined",
        "come back": "/v1/api/chat/rooms/joined/{room}",
    }
    columns = [f"{name}: CPU µs, wall µs" for name in paths]
    for messages in filter(lambda messages: kept((1, messages)), HISTORIES):
        costs = reads(1, messages, paths)
        show(f"{messages} messages", *(cost[0] for cost in costs.values()))
        rows.append([f"{messages:,}", *(f"{number(cpu)}, {number(wall)}" for cpu, wall in costs.values())])
    lines += table("messages in the room", columns, rows)
    paths = {
        "a page of members": "/v1/api/rooms/{room}/users?size=20",
        "rooms joined": "/v1/api/rooms/joined",
        "come back": "/v1/api/chat/rooms/joined/{room}",
    }
    columns, rows = [f"{name}: CPU µs, wall µs" for name in paths], []
    for members in filter(lambda members: kept((1, members)), MEMBERS):
        costs = reads(members - 1, 10, paths)
        show(f"{members} members", *(cost[0] for cost in costs.values()))
        rows.append([f"{members:,}", *(f"{number(cpu)}, {number(wall)}" for cpu, wall in costs.values())])
    return lines + table("members of the room", columns, rows)


def main(arguments):
    quick = "--quick" in arguments
    kept = lambda size: not (quick and LARGE & set(size))  # noqa: E731
    lines = [
        "# What grows, and what it costs",
        "",
        f"Written by `tests/load/growth{' --quick' if quick else ''}`: the one process on the embedded stores, one shard, one core.",
        "",
        "## Deliveries",
        "",
        "In a closed loop, 32 messages of each room under way. A message costs something, and so does each delivery of it; what is",
        "said once for many listeners is dearer for few.",
        "",
        *delivery_tables(kept),
        "## Reads",
        "",
        f"By the room's owner over HTTP, {READS:,} times each. A page is found by an index, a room's sum is one row, and what is",
        "unread is a difference of two counts, so none of these looks at more than it shows. The first 100 members are",
        "shown with a room; beyond, it does not matter how many there are.",
        "",
        *read_tables(kept),
    ]
    PAGE.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


main(sys.argv[1:])
