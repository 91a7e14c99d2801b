"""Runs a fixed number of messages through the server under callgrind, and compares what each step costs with what it did."""

import collections
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

from servers import READY_S, UNHINDERED, free_port, is_open, until

SERVER = os.environ["ROOMTONE_COUNTED"]
LOAD = os.environ["ROOMTONE_LOAD"]
EXPECTED = pathlib.Path(__file__).with_name("instructions.json")
LISTENERS = 100
MESSAGES = 1_000
# Parts of what was counted before that a step may differ by.
TOLERANCE = 0.05
RUN_S = 300
# Each step by a function that is nothing else, counted with all that it calls, and what it is counted for: each message,
# or each delivery of one.
STEPS = {
    "read a frame from octets": ("session::receive::Wire::decode", MESSAGES),
    "encode a message": ("entry::Post::new", MESSAGES),
    "judge a record": ("judge::Judge::judge", MESSAGES),
    "append a record": ("journal::JournalWriter::put", MESSAGES),
    "hand it to every listener": ("shard::Shard::take_entries", MESSAGES * LISTENERS),
}


def run(folder):
    """One run of the server with its load; leaves callgrind's files in the folder."""
    port = free_port()
    counted = ["valgrind", "--tool=callgrind", "--separate-threads=yes", "--compress-strings=no", "--fair-sched=yes"]
    server = [SERVER, "--port", port, "--data", folder / "data"]
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [*counted, f"--callgrind-out-file={folder}/callgrind", *map(str, server)],
            stdout=log,
            stderr=log,
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **UNHINDERED},
        )
    try:
        until(lambda: is_open(port), "the server listens under callgrind", process)
        load = [LOAD, "talk", "--at", f"127.0.0.1:{port}", "--members", LISTENERS]
        load += ["--window", 1, "--messages", MESSAGES, "--warm-up-secs", 0]
        done = subprocess.run([*map(str, load)], stdout=subprocess.PIPE, text=True, timeout=RUN_S, check=True)
        figures = json.loads(done.stdout.splitlines()[-1])
        if figures["lost"] or figures["again"] or figures["refused"]:
            raise RuntimeError(done.stdout)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=READY_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def inclusive(folder):
    """What calls of each function cost together, with all that they called: the sums that callgrind notes at its callers."""
    costs = collections.Counter()
    for path in folder.glob("callgrind-*"):
        called = None
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("cfn="):
                    called = line[4:].strip()
                elif line.startswith("calls="):
                    # The line behind it has the place of the call, and what was spent in it.
                    costs[called] += int(next(lines).split()[-1])
    return costs


def count():
    with tempfile.TemporaryDirectory(prefix="roomtone-load-") as folder:
        folder = pathlib.Path(folder)
        run(folder)
        costs = inclusive(folder)
    counted = {}
    for step, (function, times) in STEPS.items():
        found = [cost for name, cost in costs.items() if re.sub(r"::h[0-9a-f]{16}$", "", name).endswith(function)]
        if not found:
            raise RuntimeError(f"{step}: no call of {function} was seen; has it another name now?")
        counted[step] = round(sum(found) / times)
    return counted


def main(arguments):
    counted = count()
    if "--write" in arguments:
        EXPECTED.write_text(json.dumps(counted, indent=2) + "\n", encoding="utf-8")
    expected = json.loads(EXPECTED.read_text(encoding="utf-8"))
    wrong = set(expected) != set(counted)
    for step, instructions in counted.items():
        before = expected.get(step, 0)
        differs = abs(instructions - before) > TOLERANCE * before
        wrong |= differs
        print(f"{step}: {instructions:,} instructions, expected {before:,}{'  <- differs' if differs else ''}")
    if wrong:
        sys.exit("what a message costs is another than before; where that is meant, tests/load/instructions --write")


main(sys.argv[1:])
