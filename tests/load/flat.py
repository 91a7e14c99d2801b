"""G10: whether a delivery costs the same however much there is: over connections and rooms on one process, and over nodes.

The work of a message is the same in all that is compared: as many listeners, and one message under way over all rooms, which
come one after the other. With a window for each room, more rooms would mean more under way, and what gathers is cheaper.
"""

import sys
from statistics import median

from fleet import Fleet
from servers import SERVERS

CPU = "server_cpu_us_per_delivery"
# Rooms and the members of each, from few to many. All but the first and the last are for GROWTH.md alone.
GROWN = {
    "connections, in rooms of 100": [(1, 99), (10, 99), (50, 99), (100, 99)],
    "rooms of 10": [(1, 10), (10, 10), (100, 10), (1_000, 10)],
}
# What is compared. Who waits for a disk between two messages finds their sockets cold, and who listens asleep: that is the floor's, too.
TARGETS, FLOOR = ["roomtone", "limit", "durable-limit"], "durable-limit"
# A delivery may cost so much more where there is most; two nodes carry so much more than one.
GROWTH_MAX, TWO_MIN = 1.1, 1.8
# What a single node is given: rooms, members of each, messages a second. Two nodes are given twice as many rooms and messages.
SHARES = {"large": (10, 100, 100), "small": (100, 10, 250)}
# Everybody's heart-beat comes once in so many seconds: with less than that, it might be in one run and not in another.
BEAT_S = 5


def cost(programs, target, rooms, members, secs=BEAT_S):
    """Microseconds of CPU time for a delivery."""
    case = {"what": "talk", "rooms": rooms, "members": members, "in_turn": 1}
    with SERVERS[target](programs, case) as server:
        return server.load(case, secs)[CPU]


def grown(programs, rounds, secs):
    """For each way to grow, the cost where there is least and most, of Roomtone and of the limits."""
    found = {}
    for way, sizes in GROWN.items():
        found[way] = {target: [] for target in TARGETS}
        for number in range(rounds):
            for target, pairs in found[way].items():
                pairs.append([cost(programs, target, *size, secs) for size in (sizes[0], sizes[-1])])
                print(f"G10 {way} {number + 1} {target}: {pairs[-1]}", file=sys.stderr, flush=True)
    return found


def nodes(programs, rounds, secs, counts=(1, 2), kinds=tuple(SHARES)):
    """For each kind of room, the cost with one node, and with more that have so many times as much between them."""
    found = {kind: [] for kind in kinds}
    shares = {kind: SHARES[kind] for kind in kinds}
    with Fleet(programs) as fleet:
        fleet.make(**{kind: (max(counts) * rooms, members) for kind, (rooms, members, _) in shares.items()})
        for number in range(rounds):
            costs = {kind: {} for kind in kinds}
            # Now the fewest first, now the most: what was there before should not always be the same.
            for count in counts if number % 2 == 0 else reversed(counts):
                fleet.have_nodes(count)
                for kind, share in shares.items():
                    costs[kind][count] = carry(fleet, kind, share, secs)[CPU]
            for kind, of_kind in costs.items():
                found[kind].append([of_kind[count] for count in counts])
                print(f"nodes {counts} {number + 1} {kind}: {found[kind][-1]}", file=sys.stderr, flush=True)
    return found


def carry(fleet, kind, share, secs):
    """The figures of a fleet whose nodes have such a share each."""
    (rooms, members, rate), count = share, fleet.nodes
    words = ["--rate", count * rate, "--patient", "--secs", secs, "--warm-up-secs", 3]
    return fleet.talk(kind, count * rooms, members, *words)


def measure(programs, quick):
    rounds, secs = (3, BEAT_S) if quick else (5, 2 * BEAT_S)
    return {"grown": grown(programs, rounds, secs), "nodes": nodes(programs, rounds, secs)}


def ratios(pairs, times=1):
    """The rounds' ratios of the second to the first, or of so many times the first to the second."""
    return [times * few / many if times > 1 else many / few for few, many in pairs]


def judged(targets):
    """What is said of Roomtone's growth beside the floor's."""
    grows, floor = (median(ratios(targets[target])) for target in ("roomtone", FLOOR))
    if grows <= GROWTH_MAX:
        return f"at most {GROWTH_MAX}: **reached**"
    cause = f"; {FLOOR} by itself {floor:.3f}, so it is missed by the wait for the disk" if floor > GROWTH_MAX else ""
    return f"at most {GROWTH_MAX}: **missed**{cause}"


def row(label, pairs, values, word):
    few, many = (f"{median(costs):.4g}" for costs in zip(*pairs, strict=True))
    return f"| {label} | {len(pairs)} | {few} | {many} | {median(values):.3f} ({min(values):.3f} to {max(values):.3f}) | {word} |"


def lines_of(found):
    """The part of RESULTS.md."""
    lines = [
        "## G10: growth",
        "",
        "Microseconds of CPU time for a delivery, where a message is the same work: one is under way over all rooms, which come one",
        f"after the other. Each run is a multiple of {BEAT_S} s, in which every connection beats its heart. What the limit costs more",
        "for more connections is the system's own; the durable one waits for the disk before it sends, as Roomtone does: for the time",
        "of a sync nobody is sent anything, so who listens is asleep, and in many rooms it is somebody else each time.",
        "",
        "| | rounds | least | most | ratio of the most to the least | |",
        "|---|---|---|---|---|---|",
    ]
    for way, targets in found["grown"].items():
        first, last = GROWN[way][0], GROWN[way][-1]
        for target, pairs in targets.items():
            values = ratios(pairs)
            word = judged(targets) if target == "roomtone" else ""
            label = f"{way}: {first[0]:,} × {first[1]} to {last[0]:,} × {last[1]}, {target}"
            lines.append(row(label, pairs, values, word))
    lines += [
        "",
        "Nodes on the real parts: one, and two that have twice as many rooms, members and messages between them, each room's members on",
        "both. The nodes share a core, so what they could carry on a core each is worked out from their CPU time: twice what one",
        "carries, less what a delivery costs more. It counts all that nodes do, recording and idle time too, and nothing of the parts.",
        "",
        "| | rounds | one node | two nodes | times as much carried | |",
        "|---|---|---|---|---|---|",
    ]
    for kind, pairs in found["nodes"].items():
        rooms, members, rate = SHARES[kind]
        values = ratios(pairs, times=2)
        reached = "reached" if median(values) >= TWO_MIN else "missed"
        label = f"{rooms} rooms of {members}, {rate} messages a second, and twice that"
        lines.append(row(label, pairs, values, f"at least {TWO_MIN}: **{reached}**"))
    return [*lines, ""]
