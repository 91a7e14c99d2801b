"""A program as a process of its own: started, waited for by what it writes, and ended by its process id. It knows
nothing of what the program does."""

import collections
import json
import os
import subprocess
import threading

from until import DEADLINE_S, until

# Several are started at once, on a small machine, and make what they need where it is missing.
START_S = 2 * DEADLINE_S
# What a developer has set for a server of their own must not reach the tests' one.
ENVIRONMENT_KEPT = ("PATH", "HOME", "TMPDIR", "RUST_BACKTRACE", "RUST_LOG")


def pick(names):
    """Those of these variables of the environment that are set."""
    return {name: os.environ[name] for name in names if name in os.environ}


class Program:
    """One program; it has been started, and is no more, when the constructor returns."""

    def __init__(self, name, command, environment, folder):
        self.name = name
        self._log = collections.deque(maxlen=200)
        self._address = None
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env={**pick(ENVIRONMENT_KEPT), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def port(self):
        """Where it listens, once it has said so."""
        return int(self._address.rpartition(":")[2])

    @property
    def log(self):
        """The last lines that it wrote."""
        return "".join(list(self._log))

    def listens(self):
        """Waits until it says that it listens."""
        self.reaches(lambda: self._address, "listens", START_S)

    def reaches(self, check, what, deadline_s):
        """Waits until `check()` gives something; shows the program's log where it does not come to that."""
        try:
            until(lambda: check() or self._process.poll() is not None, f"{self.name} {what}", deadline_s)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.log}") from None
        if not check():
            raise AssertionError(f"{self.name} ended before it {what}\n{self.log}")

    def terminate(self):
        """Asks it to end."""
        self._process.terminate()

    def kill(self):
        """Ends it at once."""
        self._process.kill()

    def wait(self):
        """Waits until it has ended; gives its exit code, or what it needed instead."""
        try:
            code = self._process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._reader.join()
        self._process.stdout.close()
        return code

    def _read(self):
        for line in self._process.stdout:
            self._log.append(line)
            if self._address is None:
                self._address = _listening(line)


def _listening(line):
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict):
        return None
    return entry.get("address") if entry.get("message") == "listening" else None
