"""G8: every function's binary, started again and again on the real parts, and its calls beside bare calls of DynamoDB.

A node is among the parts, for it begins the log.
"""

import json
import subprocess

from parts import STORES, Parts, own

TOLD = {**own("load-parts", 27000), "ROOMTONE_PROFILE": "function", "ROOMTONE_NODES_COUNT": "1", "ROOMTONE_LOG": "warn"}
# A page, and one more, by which it is known whether there are more.
PAGE = 13
# What no function may be over; those that append carry librdkafka.
POLL_MS, RESIDENT_MIB, BINARY_MIB, APPENDING_BINARY_MIB = 10, 16, 8, 16
APPENDING = {"create-room", "exit-room", "leave-room", "presence", "reindex-rooms", "send-message"}

OWNER = "load"
MUSIC = {"title": "t", "artist": "a", "playtime": "3:00", "thumbnail": "/t.png"}
PLAYLIST = {"id": "of-load", "name": "load", "musics": [MUSIC]}
CREATION = {"uid": OWNER, "userName": OWNER, "playlist": PLAYLIST}


class Fleet(Parts):
    """The real parts with one node, and the functions on them."""

    def __init__(self, programs, functions):
        super().__init__(TOLD, [*STORES, "nodes"])
        self.programs, self.functions = programs, functions

    def tool(self, *words):
        command = ["taskset", "-c", "1", self.programs / "roomtone-load", *words]
        done = subprocess.run([*map(str, command)], env=self.settings, stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout.splitlines()[-1])

    def start(self, name, starts, calls, call="", body=None, uid=OWNER):
        """The figures of a function that is started and called so often."""
        words = ["--function", self.functions / name, "--starts", starts, "--calls", calls, "--call", call, "--uid", uid]
        return self.tool("cold-start", *words, "--body", json.dumps(body) if body else "")

    def bare(self, operation, **told):
        at = self.settings["DYNAMODB_ENDPOINT"].removeprefix("http://")
        return self.tool("bare-call", "--at", at, "--operation", operation, "--body", json.dumps(told))


def calls_of(room, message):
    """What each function is called with: method and path, body, and who calls."""
    chat = {"roomId": room}
    return {
        "create-room": ("POST /v1/api/rooms/create", CREATION, "service"),
        "get-room": (f"GET /v1/api/rooms/{room}", None, OWNER),
        "list-users": (f"GET /v1/api/rooms/{room}/users", None, OWNER),
        "list-rooms": ("GET /v1/api/rooms/", None, "service"),
        "list-joined": ("GET /v1/api/rooms/joined", None, OWNER),
        "list-unjoined": ("GET /v1/api/rooms/unjoined", None, "other"),
        "leave-room": ("PUT /v1/api/rooms/leave", {**chat, "lastReadMessageId": message}, OWNER),
        "find-playlist": ("GET /v1/api/rooms/playlists/of-load", None, OWNER),
        "reenter-room": (f"GET /v1/api/chat/rooms/joined/{room}", None, OWNER),
        "history": (f"GET /v1/api/chat/history?roomId={room}", None, OWNER),
        "send-message": ("POST /v1/api/chat/message", {**chat, "content": "hello"}, OWNER),
        "presence": (f"GET /api/v1/presence/{room}/off", None, OWNER),
        "exit-room": (f"POST /v1/api/rooms/exit/{room}", None, "other"),
        "reindex-rooms": ("", None, OWNER),
    }


def latencies(fleet, room, message):
    """Warm calls of functions, and the calls of DynamoDB that they cannot do without, each by itself."""
    value = {":pk": {"S": room}, ":last": {"S": message}}
    query = fleet.bare(
        "Query", TableName="history", Limit=PAGE, ScanIndexForward=False, ConsistentRead=True,
        KeyConditionExpression="pk = :pk AND id < :last", ExpressionAttributeValues=value,
    )
    keys = [{"uid": {"S": OWNER}, "room": {"S": name}} for name in ("@", room)]
    batch = fleet.bare("BatchGetItem", RequestItems={"memberships": {"Keys": keys, "ConsistentRead": True}})
    page = f"GET /v1/api/chat/history?roomId={room}"
    found = {}
    for label, name, call, bare in [
        ("newest page of history, from Redis", "history", page, query),
        ("page of history, from DynamoDB", "history", f"{page}&before={message}", query),
        ("rooms joined", "list-joined", "GET /v1/api/rooms/joined", batch),
    ]:
        own = fleet.start(name, 1, 1_000, call)["later_call_ms"]
        found[label] = {"call_ms": own, "bare": bare["operation"], "bare_ms": bare["p50_ms"], "ratio": round(own / bare["p50_ms"], 2)}
    return found


def measure(programs, quick):
    """The figures of every function, and the latencies."""
    with Fleet(programs, programs.parent / "function") as fleet:
        room = fleet.start("create-room", 1, 2, "POST /v1/api/rooms/create", CREATION, "service")["answer"]["id"]
        said = {"roomId": room, "content": "hello"}
        message = fleet.start("send-message", 1, 60, "POST /v1/api/chat/message", said)["answer"]["id"]
        found = {}
        for name, (call, body, uid) in calls_of(room, message).items():
            starts = 10 if quick else 30
            called = fleet.start(name, starts, 2, call, body, uid)
            if called["status"] is not None and called["status"] >= 300:
                raise RuntimeError(f"{name}: {called}")
            # What was called has work for the parts, which a start should not wait for.
            found[name] = {**called, **fleet.start(name, starts, 0), "answer": None}
        return {"functions": found, "latencies": latencies(fleet, room, message)}


def binary_max(name):
    return APPENDING_BINARY_MIB if name in APPENDING else BINARY_MIB


def lines_of(found):
    """The part of RESULTS.md."""
    lines = ["## G8: functions, from their start to their first poll", ""]
    lines += ["| function | binary, MiB | resident, MiB | poll, ms | first call, ms | second, ms |", "|---|---|---|---|---|---|"]
    over = {"poll": [], "resident": [], "binary": []}
    for name, own in found["functions"].items():
        poll = f"{own['poll_ms']} ({own['poll_ms_min']} to {own['poll_ms_max']})"
        cells = [name, own["binary_mib"], own["resident_mib"], poll, own["first_call_ms"], own["second_call_ms"]]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
        limits = {"poll": (own["poll_ms"], POLL_MS), "resident": (own["resident_mib"], RESIDENT_MIB)}
        limits["binary"] = (own["binary_mib"], binary_max(name))
        for what, (value, most) in limits.items():
            if value > most:
                over[what].append(name)
    wanted = {"poll": f"{POLL_MS} ms", "resident": f"{RESIDENT_MIB} MiB"}
    wanted["binary"] = f"{BINARY_MIB} MiB, {APPENDING_BINARY_MIB} where it appends"
    lines.append("")
    for what, names in over.items():
        word = f"missed** by {', '.join(names)}" if names else "reached**"
        lines.append(f"- {what}, wanted at most {wanted[what]}: **{word}")
    lines += ["", "| warm call | ms | beside | ms | ratio |", "|---|---|---|---|---|"]
    for label, own in found["latencies"].items():
        lines.append(f"| {label} | {own['call_ms']} | {own['bare']} | {own['bare_ms']} | {own['ratio']} |")
    return [*lines, ""]
