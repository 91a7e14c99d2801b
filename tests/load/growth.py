"""What operations cost as things grow: deliveries over connections, rooms, members, nodes and partitions, reads and joins over
the length of a history and the number of members. Writes GROWTH.md."""

import os
import pathlib
import sys
from statistics import median

from flat import BEAT_S, CPU, GROWN, SHARES, carry, cost, nodes
from fleet import Fleet
from reads import JOIN, NEW, OF_HISTORY, OF_MEMBERS, of_history, of_members
from results import number
from servers import Roomtone

BIN = pathlib.Path(os.environ["ROOMTONE_LOAD_BIN_DIR"])
PAGE = pathlib.Path(__file__).with_name("GROWTH.md")
WINDOW = 32
# Members of one room; here a message is more work where there are more, so its window is what stays the same.
MEMBERS_OF_ONE = [10, 100, 1_000, 9_900]
HISTORIES = [100, 1_000, 10_000, 100_000, 1_000_000]
MEMBERS = [100, 1_000, 10_000, 100_000]
NODES = [1, 2, 4]
PARTITIONS = [1, 16, 64, 256]
# What --quick leaves out.
LARGE = {"members of one": {9_900}, "histories": {100_000, 1_000_000}, "members": {10_000, 100_000}, "nodes": {4}, "partitions": {64}}


def show(name, *values):
    print(f"{name}: {', '.join(number(value) for value in values)}", file=sys.stderr, flush=True)


def table(columns, rows):
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]


def grown_tables(rounds, quick):
    """One message under way over all rooms."""
    lines = []
    for way, sizes in GROWN.items():
        rows, first = [], None
        for rooms, members in [*sizes[:1], *sizes[-1:]] if quick else sizes:
            cpu = median(cost(BIN, "roomtone", rooms, members) for _ in range(rounds))
            show(f"{way} {rooms} x {members}", cpu)
            first = first or cpu
            rows.append([f"{rooms:,}", f"{members:,}", number(cpu), f"{cpu / first:.2f}"])
        lines += table(["rooms", "members of each", "CPU µs a delivery", f"to the first: {way}"], rows)
    return lines


def member_table(rounds, kept):
    rows, first = [], None
    for members in kept("members of one", MEMBERS_OF_ONE):
        case, runs = {"what": "talk", "rooms": 1, "members": members, "window": WINDOW}, []
        for _ in range(rounds):
            with Roomtone(BIN, case) as server:
                runs.append(server.load(case, BEAT_S))
        cpu, rate = (median(run[name] for run in runs) for name in (CPU, "deliveries_per_s"))
        show(f"members {members}", cpu, rate)
        first = first or cpu
        rows.append([f"{members:,}", number(cpu), number(rate), f"{cpu / first:.2f}"])
    return table(["members of one room", "CPU µs a delivery", "deliveries/s", "to the first"], rows)


def read_table(title, sizes, measure, operations):
    rows = []
    for size in sizes:
        costs = measure(BIN, size)
        show(f"{title} {size}", *(costs[name][0] for name in operations))
        cells = [f"{number(cpu)}, {number(wall)}" if wall else number(cpu) for cpu, wall in (costs[name] for name in operations)]
        rows.append([f"{size:,}", *cells])
    columns = [f"{name}: CPU µs" if name == JOIN else f"{name}: CPU µs, wall µs" for name in operations]
    return table([title, *columns], rows)


def node_tables(rounds, kept):
    """Nodes on the real parts."""
    rooms, members, rate = share = SHARES["small"]
    counts = tuple(kept("nodes", NODES))
    costs = [median(of_count) for of_count in zip(*nodes(BIN, rounds, BEAT_S, counts, ("small",))["small"], strict=True)]
    rows = [[str(count), number(cpu), f"{count * costs[0] / cpu:.2f}"] for count, cpu in zip(counts, costs, strict=True)]
    lines = table(["nodes", "CPU µs a delivery", "times what one carries"], rows)
    rows, cores = [], {}
    for partitions in kept("partitions", PARTITIONS):
        with Fleet(BIN, ROOMTONE_KAFKA_PARTITIONS=str(partitions)) as fleet:
            fleet.make(small=(rooms, members))
            runs = [carry(fleet, "small", share, BEAT_S) for _ in range(rounds)]
        figures = [median(run[name] for run in runs) for name in (CPU, "server_cpu", "beside_cpu", "p50_us", "p99_us")]
        show(f"partitions {partitions}", *figures)
        cores[partitions] = figures[1]
        rows.append([str(partitions), *map(number, figures)])
    few, many = min(cores), max(cores)
    each = number(1_000 * (cores[many] - cores[few]) / (many - few))
    lines += [f"From {few} to {many} partitions each takes {each} thousandths of a node's core, whatever is said in it.", ""]
    return lines + table(["partitions", "CPU µs a delivery", "cores of the node", "cores of the parts", "p50 µs", "p99 µs"], rows)


def main(arguments):
    quick = "--quick" in arguments
    rounds = 1 if quick else 3
    kept = lambda what, sizes: [size for size in sizes if not (quick and size in LARGE[what])]  # noqa: E731
    _, members, rate = SHARES["small"]
    lines = [
        "# What grows, and what it costs",
        "",
        f"Written by `tests/load/growth{' --quick' if quick else ''}`: the one process on the embedded stores, one shard, one core, but where it says otherwise.",
        "",
        "## Deliveries",
        "",
        "One message is under way over all rooms, which come one after the other: so a message is the same work, however many",
        "connections there are, and nothing gathers that would be cheaper together.",
        "Beside it stands what many rooms of 10 cost a server that does nothing but wait for the disk and send (RESULTS.md, G10): who listens",
        "has fallen asleep meanwhile, and is somebody else each time.",
        "",
        *grown_tables(rounds, quick),
        f"In one room, {WINDOW} messages under way. A message costs something, and so does each delivery of it; what is said once for many",
        "listeners is dearer for few.",
        "",
        *member_table(rounds, kept),
        "## Reads and joins",
        "",
        "By the room's owner over HTTP. A page is found by an index, a room's sum is one row, and what is unread is a difference",
        "of two counts, so none of these looks at more than it shows. The first 100 members are shown with a room; beyond, it does not",
        "matter how many there are. Who is on and who is off are whole lists: none is on here, and all are off. A join is that of",
        f"one of {NEW} who connect, join, listen to a message and go, all of it.",
        "So who comes back costs more until a room has as many messages and members as that shows, and no more from there on; and the lists of who is",
        "on and off cost what their length does.",
        "",
        *read_table("messages in the room", kept("histories", HISTORIES), of_history, [*OF_HISTORY]),
        *read_table("members of the room", kept("members", MEMBERS), of_members, [*OF_MEMBERS, JOIN]),
        "## Nodes and partitions",
        "",
        f"On the real parts, the nodes on one core together. Each node has {SHARES['small'][0]} rooms of {members} and {rate} messages a second as its share; what several",
        "carry is worked out from their CPU time. Each reads all of the log.",
        "",
        *node_tables(rounds, kept),
    ]
    PAGE.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


main(sys.argv[1:])
