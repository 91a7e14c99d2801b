"""The local run as a process of its own, started for a test on a free port and an empty data folder, and ended by
its process id. It knows nothing of rooms or STOMP."""

import collections
import json
import os
import shutil
import subprocess
import tempfile
import threading

from until import DEADLINE_S, until

# What a developer has set for a server of their own must not reach the tests' one.
ENVIRONMENT_KEPT = ("PATH", "HOME", "TMPDIR", "RUST_BACKTRACE", "RUST_LOG")


class Server:
    """One server; it listens when the constructor returns."""

    def __init__(self):
        self._log = collections.deque(maxlen=200)
        self._address = None
        self._data = tempfile.mkdtemp(prefix="roomtone-test-")
        self._process = subprocess.Popen(
            [os.path.abspath(_binary()), "--port", "0", "--data", self._data],
            cwd=self._data,
            env={name: os.environ[name] for name in ENVIRONMENT_KEPT if name in os.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            until(lambda: self._address or self._process.poll() is not None, "the server listens")
            if self._address is None:
                raise AssertionError("the server ended before it listened")
        except AssertionError as problem:
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"{problem}\n{self.log}") from None
        self.port = int(self._address.rpartition(":")[2])

    @property
    def http(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self):
        """The last lines that the server wrote."""
        return "".join(list(self._log))

    def stop(self):
        """Ends it as an operator would, checks that it went well, and takes its data away."""
        self._process.terminate()
        try:
            code = self._process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._reader.join()
        self._process.stdout.close()
        shutil.rmtree(self._data, ignore_errors=True)
        if code != 0:
            raise AssertionError(f"the server did not end well on SIGTERM: {code}\n{self.log}")

    def _read(self):
        for line in self._process.stdout:
            self._log.append(line)
            if self._address is None:
                self._address = _listening(line)


def _binary():
    binary = os.environ.get("ROOMTONE_BIN")
    if not binary:
        raise AssertionError("ROOMTONE_BIN must name the built server; tests/run sets it")
    return binary


def _listening(line):
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry.get("address") if entry.get("message") == "listening" else None
