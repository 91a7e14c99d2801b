"""The real parts and Roomtone on them, as a set of its own: on ports of its own, started here and ended here."""

import os
import pathlib
import shlex
import subprocess
import sys

from servers import children

ROOT = pathlib.Path(__file__).parents[2]
STORES = ["kafka", "mongodb", "dynamodb", "redis"]


def own(folder, first):
    """What tells a set to keep to a folder under tests/.tools, and to ports of the thousand from `first` on."""
    ports = {"KAFKA": 92, "MONGODB": 1, "DYNAMODB": 566, "REDIS": 379, "NODES": 11, "NODES_ADMIN": 81}
    told = {f"ROOMTONE_{name}_PORT": str(first + port) for name, port in ports.items()}
    return {**told, "ROOMTONE_RUN": str(ROOT / "tests/.tools" / folder), "ROOMTONE_DYNAMODB_MEMORY": "1"}


class Parts:
    """What `localstack/up` starts of these parts, as told by these variables; ROOMTONE_RUN, its folder, is among them."""

    def __init__(self, told, parts):
        self.outer, self.parts = {**os.environ, **told}, parts

    def __enter__(self):
        try:
            self.up(*self.parts)
        except BaseException:
            self.__exit__()
            raise
        told = self.call("localstack/env")
        words = (word.split("=", 1) for word in shlex.split(told) if "=" in word)
        self.settings = {"PATH": os.environ["PATH"], **dict(words)}
        return self

    def __exit__(self, *_):
        self.call("localstack/down", "--wipe")

    def call(self, *command):
        """What it printed."""
        done = subprocess.run(command, cwd=ROOT, env=self.outer, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout

    def up(self, *parts, **told):
        """Starts these, or has them as they are told to be now."""
        self.outer.update(told)
        print(self.call("localstack/up", "--native", *parts), end="", file=sys.stderr, flush=True)

    def down(self, *parts):
        self.call("localstack/down", *parts)

    def pids(self, part):
        """The processes of a part, those that it began among them."""
        found = []
        for file in sorted((pathlib.Path(self.outer["ROOMTONE_RUN"]) / "pids").glob(f"{part}*")):
            if file.name == part or file.name.removeprefix(f"{part}-").isdigit():
                pid = int(file.read_text(encoding="ascii").split()[0])
                found += [pid, *children(pid)]
        return found
