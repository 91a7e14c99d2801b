"""Runs Autobahn's cases against a server's WebSocket echo, and tells what became of each.

    run.py HOST:PORT [--report FILE] [CASE …]

A case passes where the suite takes its behaviour and its end for right, or says that both are for information only.
"""

import argparse
import asyncio
import collections
import pathlib
import sys

import cases
import client

PATH = "/ws-echo"
# Cases that run at once: most of them wait.
TOGETHER = 8
CASE_S = 120
# The words of the suite that are no fault.
GOOD = ("OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED")


async def run(name, case, host, port, slots):
    async with slots:
        peer = client.Client(host, port, PATH)
        running = case(peer)
        try:
            await asyncio.wait_for(peer.run(running), CASE_S)
        except (OSError, RuntimeError, asyncio.TimeoutError, UnicodeDecodeError) as error:
            running.behavior, running.result = "FAILED", repr(error)
    good = running.behavior in GOOD and running.behaviorClose in GOOD
    return name, running.behavior, running.behaviorClose, good, f"{running.result} {running.resultClose}"


async def run_all(host, port, wanted):
    slots = asyncio.Semaphore(TOGETHER)
    return await asyncio.gather(*(run(name, case, host, port, slots) for name, case in wanted))


def report(results, version):
    groups = collections.defaultdict(list)
    for result in results:
        groups[int(result[0].split(".")[0])].append(result)
    lines = [
        "# Autobahn's report",
        "",
        f"Written by `tests/clients/autobahn/run --report`: autobahntestsuite {version}, every case but those of compression, which",
        "is not spoken, against `/ws-echo` of a release binary.",
        "",
        "| cases | OK | non-strict | for information | failed |",
        "|---|---|---|---|---|",
    ]
    for group, own in sorted(groups.items()):
        count = collections.Counter(behavior for _, behavior, *_ in own)
        failed = sum(not good for *_, good, _ in own)
        lines.append(f"| {group}.* | {count['OK']} | {count['NON-STRICT']} | {count['INFORMATIONAL']} | {failed} |")
    failed = [result for result in results if not result[3]]
    lines += ["", f"{len(results) - len(failed)} of {len(results)} passed."]
    lines += [f"- **{name}** {behavior}, {end}: {why}" for name, behavior, end, _, why in failed]
    strict = [name for name, behavior, *_ in results if behavior == "NON-STRICT"]
    if strict:
        lines += ["", f"Non-strict, which the suite takes for right: {', '.join(strict)}."]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("at")
    parser.add_argument("--report", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    host, _, port = arguments.at.rpartition(":")
    wanted = [(name, case) for name, case in cases.load() if not arguments.names or name in arguments.names]
    results = asyncio.run(run_all(host, int(port), wanted))
    for name, behavior, end, good, why in results:
        if not good:
            print(f"{name}: {behavior}, {end}: {why}")
    if arguments.report:
        arguments.report.write_text(report(results, cases.version()), encoding="utf-8")
    failed = sum(not good for *_, good, _ in results)
    word = "FAILED" if failed else "ok"
    print(f"test result: {word}. {len(results) - failed} passed; {failed} failed; 0 ignored;")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
