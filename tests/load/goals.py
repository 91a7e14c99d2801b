"""The goals: what is run for each, and which ratio of which figures it is about."""

from dataclasses import dataclass, field
from statistics import median

CPU = "server_cpu_us_per_delivery"
RATE = "deliveries_per_s"
REQUEST_CPU = "server_cpu_us_per_request"
REQUEST_RATE = "requests_per_s"


@dataclass(frozen=True)
class Goal:
    about: str
    case: dict
    targets: list
    # What is compared, and whether less is better.
    figures: dict
    # "peer figure" → what the ratio has to be, at least or at most.
    bounds: dict = field(default_factory=dict)
    # What a figure of Roomtone's own has to be at most.
    at_most: dict = field(default_factory=dict)
    rounds: int = 0
    # Seconds of a round at least: where few messages are sent in one, a median of less than fifty swings by a tenth.
    secs: int = 0
    # The target that does no more than what Roomtone stands on, its libraries or a disk: a bound that it misses is missed by
    # that.
    floor: str = ""
    # What that is, and why it cannot be left out.
    stands_on: str = ""


DISK = (
    "the disk: a message is durable before anybody hears it, and that takes one sync, however little else is done. The limit and"
    " the peers keep nothing"
)
WRITES = "the system: one write to each socket, and nothing else is done"
LIBRARIES = "axum and hyper, by which Lambda's functions are served as well: JSON in and out, and nothing else"


def talk(rooms, members, **more):
    return {"what": "talk", "rooms": rooms, "members": members, **more}


def requests(operation, answer_bytes):
    """Keep-alive requests on 64 connections; those who do not do the operation answer with as many bytes."""
    return {"what": "requests", "operation": operation, "answer_bytes": answer_bytes}


def rest(about, operation, answer_bytes, bounds=None):
    figures = {"by CPU": (REQUEST_CPU, True), "by rate": (REQUEST_RATE, False)}
    case = requests(operation, answer_bytes)
    targets = ["roomtone", "constant", "axum", "node-http"]
    return Goal(about, case, targets, figures, bounds or {}, floor="axum", stands_on=LIBRARIES)


GOALS = {
    "G1": Goal(
        "one room of 1,000, window 32",
        talk(1, 1000, window=32),
        ["roomtone", "two-shards", "limit", "uws", "rabbitmq"],
        {"by CPU": (CPU, True), "by rate": (RATE, False)},
        {("limit", "by CPU"): 0.85, ("uws", "by CPU"): 1.0, ("rabbitmq", "by rate"): 200},
        floor="limit",
        stands_on=WRITES,
    ),
    "G2": Goal(
        "one room of 1,000, window 1",
        talk(1, 1000, window=1),
        ["roomtone", "limit", "durable-limit", "rabbitmq"],
        {"by rate": (RATE, False)},
        {("limit", "by rate"): 0.85, ("rabbitmq", "by rate"): 12},
        floor="durable-limit",
        stands_on=DISK,
    ),
    "G3": Goal(
        "100 rooms of 10, window 32",
        talk(100, 10, window=32),
        ["roomtone", "two-shards", "limit", "uws", "rabbitmq"],
        {"by CPU": (CPU, True), "by rate": (RATE, False)},
        {("uws", "by CPU"): 1.5, ("rabbitmq", "by rate"): 80},
        floor="limit",
        stands_on=WRITES,
    ),
    "G4": Goal(
        "10,000 deliveries a second into one room of 1,000",
        talk(1, 1000, rate=10),
        ["roomtone", "limit", "durable-limit"],
        {"p50": ("p50_us", True), "p99": ("p99_us", True)},
        {("limit", "p50"): 1 / 1.25, ("limit", "p99"): 1 / 1.5},
        secs=6,
        floor="durable-limit",
        stands_on=DISK,
    ),
    "G5": Goal(
        "100 rooms of 10, 500 messages a second",
        talk(100, 10, rate=500),
        ["roomtone", "limit", "durable-limit", "rabbitmq"],
        {"p50": ("p50_us", True), "p99": ("p99_us", True)},
        {("rabbitmq", "p50"): 3},
        at_most={"p50_us": 500, "p99_us": 3_000},
        floor="durable-limit",
        stands_on=DISK,
    ),
    "G6": Goal(
        "10,000 idle members of 100 rooms",
        {"what": "idle", "rooms": 100, "members": 99},
        ["roomtone"],
        {"KiB each": ("kib_each", True)},
        at_most={"kib_each": 2},
        rounds=3,
    ),
    "G7": rest(
        "keep-alive POST of a room that is there already, JSON in and out",
        "create",
        680,
        {("constant", "by CPU"): 0.5, ("constant", "by rate"): 0.5, ("node-http", "by rate"): 2},
    ),
    "G7-room": rest("keep-alive GET of a room", "room", 680),
    "G7-history": rest("keep-alive GET of 12 messages of a room's history", "history", 3000),
}


def ratio(goal, figure, own, peers):
    """How many times better Roomtone is, in one round; none where a figure is missing."""
    if own is None or peers is None or not own.get(figure[0]) or not peers.get(figure[0]):
        return None
    name, less = figure
    return peers[name] / own[name] if less else own[name] / peers[name]


def ratios(name, runs, of="roomtone"):
    """For each peer and figure the median of the rounds' ratios."""
    goal, medians = GOALS[name], {}
    # What was measured before a target was added has none of it.
    for peer in [target for target in goal.targets if of in runs and target in runs and target != of]:
        for label, figure in goal.figures.items():
            pairs = zip(runs[of], runs[peer], strict=True)
            found = [r for r in (ratio(goal, figure, own, peers) for own, peers in pairs) if r is not None]
            if found:
                medians[f"{peer} {label}"] = round(median(found), 3)
    return medians


# What the last line calls targets.
SHORT = {"limit": "raw"}


def summary(name, runs):
    """For each peer the ratio that a bound is on, or else the first; and all of them."""
    found = ratios(name, runs)
    goal, first = GOALS[name], {}
    labels = [*(f"{peer} {figure}" for peer, figure in goal.bounds), *found]
    for label in (label for label in labels if label in found):
        peer = label.split(" ")[0]
        first.setdefault(SHORT.get(peer, peer), found[label])
    own = {figure: median([run[figure] for run in runs["roomtone"] if run]) for figure in goal.at_most}
    return {**first, **own, "ratios": found}
