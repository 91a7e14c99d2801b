"""G9: one node on the real parts: how long messages take by Kafka, and how fast it passes over what nobody here needs."""

import json
import sys
from statistics import median

from fleet import Fleet, read_to_write

ROOMS, MEMBERS, RATE = 100, 10, 500
# Seconds of load before any that counts.
WARM_UP_S = 15
# What is wanted: microseconds at most, the share of messages within a millisecond, records a second at least.
P50_US, P99_US, WITHIN_1_MS, SKIPPED_PER_S = 5_000, 15_000, 0.99, 100_000


def measure(programs, quick):
    """For each round: delays, the node's own histogram, and the rate of what is skipped."""
    rounds, secs, records = (3, 4, 300_000) if quick else (7, 10, 1_000_000)
    talks, bare, skips = [], [], []
    with Fleet(programs) as fleet:
        fleet.make(quiet=(ROOMS, MEMBERS))
        # Kafka's machine compiles what it does often, and does it slowly until then.
        fleet.talk("quiet", ROOMS, MEMBERS, "--rate", RATE, "--patient", "--secs", WARM_UP_S)
        for number in range(rounds):
            before = fleet.metrics()
            figures = fleet.talk("quiet", ROOMS, MEMBERS, "--rate", RATE, "--patient", "--secs", secs, "--warm-up-secs", 2)
            talks.append({**figures, **read_to_write(before, fleet.metrics())})
            print(f"G9 {number + 1}: {json.dumps(talks[-1])}", file=sys.stderr, flush=True)
            bare.append(fleet.tool("bare-log", "--rate", RATE, "--secs", secs))
            print(f"G9 {number + 1}, Kafka by itself: {json.dumps(bare[-1])}", file=sys.stderr, flush=True)
        # The recorder waits for it: what is measured is the reader of the log, and not DynamoDB's emulator.
        with fleet.stopped("dynamodb"):
            for number in range(rounds):
                skips.append(fleet.skip(records, number))
                print(f"G9 {number + 1}: {json.dumps(skips[-1])}", file=sys.stderr, flush=True)
    return {"talks": talks, "bare": bare, "skips": skips}


def lines_of(found):
    """The part of RESULTS.md."""
    rows = {
        "SEND to MESSAGE, p50, µs": ("talks", "p50_us", P50_US, False),
        "SEND to MESSAGE, p99, µs": ("talks", "p99_us", P99_US, False),
        "the same records through Kafka by itself, p50, µs": ("bare", "p50_us", None, False),
        "the same records through Kafka by itself, p99, µs": ("bare", "p99_us", None, False),
        "from poll to socket within 1 ms, share of messages": ("talks", "within_1_ms", WITHIN_1_MS, True),
        "records a second skipped": ("skips", "skipped_per_s", SKIPPED_PER_S, True),
    }
    lines = [
        "## G9: a node on the real parts",
        "",
        "One node on core 0, where it comes before others; Kafka, DynamoDB, MongoDB and Redis share both cores with it and the load.",
        f"{ROOMS} rooms of {MEMBERS},",
        f"{RATE} messages a second, which Kafka has acknowledged and the recorder writes to history. From poll to socket is the node's own",
        "histogram: from the poll that gave the first record of a batch, to the end of the writes of the tick that a message was in.",
        "Skipped are records of rooms that nobody listens to: they are written while the node stands still, and the time is from its",
        "going on until every shard has taken all of them. DynamoDB stands still meanwhile, so the recorder reads ahead and waits.",
        "Kafka by itself is one producer and one consumer, set as a node's, at the same rate while the node has nothing to do.",
        "",
        "| what | rounds | median | least to most | wanted | |",
        "|---|---|---|---|---|---|",
    ]
    for label, (of, name, bound, more) in rows.items():
        values = [figures[name] for figures in found.get(of, [])]
        if not values:
            continue
        value = median(values)
        row = f"| {label} | {len(values)} | {value:,} | {min(values):,} to {max(values):,} |"
        if bound is not None:
            word = "reached" if (value >= bound if more else value <= bound) else "missed"
            row += f" at {'least' if more else 'most'} {bound:,} | **{word}** |"
        lines.append(row if bound is not None else f"{row} | |")
    return [*lines, ""]
