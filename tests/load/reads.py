"""What it costs to read a room, and to come into it, as its history and its members grow: on the one process, over HTTP."""

import http.client
import json
import pathlib
import time
from statistics import median

from servers import Roomtone

USERS = "growth"
# Connections that one run of the load has; more members come in several.
AT_ONCE = 9_000
# Reads of each kind: as many as that, or as many as there are in so many seconds.
READS, READ_S = 2_000, 4
# Who comes in newly, where there are many already.
NEW = 200
IDLE_US = 20_000

OF_HISTORY = {
    "newest page": "/v1/api/chat/history?roomId={room}",
    "oldest page": "/v1/api/chat/history?roomId={room}&before={early}",
    "first page of all": "/v1/api/chat/history/{room}?size=20",
    "rooms joined": "/v1/api/rooms/joined",
    "come back": "/v1/api/chat/rooms/joined/{room}",
}
OF_MEMBERS = {
    "a page of members": "/v1/api/rooms/{room}/users?size=20",
    "rooms joined": "/v1/api/rooms/joined",
    "come back": "/v1/api/chat/rooms/joined/{room}",
    "who is on": "/api/v1/presence/{room}/on",
    "who is off": "/api/v1/presence/{room}/off",
}
JOIN = "a join"


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
        begun, before, waits = time.monotonic(), cpu_us(self.server), []
        while len(waits) < READS and time.monotonic() - begun < READ_S:
            asked = time.perf_counter()
            self.ask("GET", path)
            waits.append((time.perf_counter() - asked) * 1e6)
        return [(cpu_us(self.server) - before) / len(waits), median(waits)]


def cpu_us(server):
    """Microseconds of CPU time that a server's threads had."""
    nanoseconds = 0
    for pid in server.pids():
        for thread in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                nanoseconds += int(thread.read_text(encoding="ascii").split()[0])
            except FileNotFoundError:
                pass  # It ended meanwhile.
    return nanoseconds / 1_000


def until_idle(server):
    """Waits until the server has seen everybody off."""
    before = -10 * IDLE_US
    while cpu_us(server) - before > IDLE_US:
        before = cpu_us(server)
        time.sleep(0.5)


class Room:
    """A room on a server of its own, and those who read it."""

    def __init__(self, server):
        self.server, self.groups = server, 0

    def come(self, members, messages):
        """So many who were not there come, listen to the messages, and go; the first group's first is the room's owner."""
        case = {"what": "talk", "rooms": 1, "members": members, "window": 1_000, "messages": messages}
        # Nothing is said before, which would count.
        case |= {"users": f"{USERS}-{self.groups}", "rooms_in": self.server.folder / "rooms", "warm_up_secs": 0}
        self.groups += 1
        self.server.load(case, 1)
        until_idle(self.server)

    def join_cost(self):
        """Microseconds of CPU time for one who connects, joins, listens and goes: a mean."""
        before = cpu_us(self.server)
        self.come(NEW - 1, 1)
        return (cpu_us(self.server) - before) / NEW

    def read_costs(self, paths):
        owner = Reader(self.server, f"load-{USERS}-0-0-0")
        room = owner.ask("GET", "/v1/api/rooms/joined")["rooms"][0]["id"]
        first = owner.ask("GET", f"/v1/api/chat/history/{room}?size=20")["messages"]
        return {name: owner.cost(path.format(room=room, early=first[-1]["id"])) for name, path in paths.items()}


def of_history(programs, messages):
    """What reads cost in a room of two with so many messages: CPU time and the wall's, for each."""
    with Roomtone(programs, {}) as server:
        room = Room(server)
        room.come(1, messages)
        return room.read_costs(OF_HISTORY)


def of_members(programs, members):
    """What reads and a join cost in a room with so many members, none of whom is there."""
    with Roomtone(programs, {}) as server:
        room, left = Room(server), members
        while left > 0:
            room.come(min(left, AT_ONCE) - 1, 10)
            left -= AT_ONCE
        costs = room.read_costs(OF_MEMBERS)
        return {**costs, JOIN: [room.join_cost(), None]}
