"""What the tests talk to, on free ports and with nothing kept: the local run in one process, or, where
ROOMTONE_TESTS_ON is `fleet`, several nodes on the real parts. It knows nothing of rooms or STOMP."""

import itertools
import os
import shutil
import tempfile

from fleet import new_fleet, start_nodes
from functions import Functions
from program import Program


class Server:
    """One server, however many nodes it has; it listens when the constructor returns."""

    def __init__(self):
        # What tokens are signed with, where the server hands none out.
        self.secret = None
        self._nodes = []
        self._functions = None
        self._data = tempfile.mkdtemp(prefix="roomtone-test-")
        on_fleet = _one_of("ROOMTONE_TESTS_ON", "embedded", "fleet") == "fleet"
        try:
            if on_fleet:
                self._start_fleet(_one_of("ROOMTONE_TESTS_HTTP", "roomtone", "lambda") == "lambda")
            else:
                self._start_local()
        except BaseException:
            for node in self._nodes:
                node.kill()
            self._end()
            raise
        self._next_node = itertools.cycle(self._nodes)

    @property
    def http(self):
        return self._functions.http if self._functions else f"http://127.0.0.1:{self._nodes[0].port}"

    @property
    def log(self):
        """The last lines that each process wrote."""
        logs = [f"{node.name}:\n{node.log}" for node in self._nodes]
        return "\n".join(logs + ([f"functions:\n{self._functions.log}"] if self._functions else []))

    def next_port(self):
        """Where the next client connects: one node after the other."""
        return next(self._next_node).port

    def stop(self):
        """Ends it as an operator would, checks that it went well, and takes its data away."""
        if self._functions:
            self._functions.stop()
        for node in self._nodes:
            node.terminate()
        bad = [(node, code) for node, code in zip(self._nodes, self._end()) if code != 0]
        if bad:
            told = [f"{node.name} did not end well on SIGTERM: {code}\n{node.log}" for node, code in bad]
            raise AssertionError("\n".join(told))

    def _end(self):
        codes = [node.wait() for node in self._nodes]
        shutil.rmtree(self._data, ignore_errors=True)
        return codes

    def _start_local(self):
        command = [os.path.abspath(_local_binary()), "--port", "0", "--data", self._data]
        self._nodes = [Program("the server", command, {}, self._data)]
        self._nodes[0].listens()

    def _start_fleet(self, by_lambda):
        environment = new_fleet()
        self._nodes = start_nodes(environment, self._data, by_lambda)
        for node in self._nodes:
            node.listens()
        if by_lambda:
            self.secret = environment["AUTH_HS256_SECRET"]
            self._functions = Functions(environment)


def _local_binary():
    binary = os.environ.get("ROOMTONE_BIN")
    if not binary:
        raise AssertionError("ROOMTONE_BIN must name the built server; tests/run sets it")
    return binary


def _one_of(name, *values):
    """One of these values of a variable; absent or empty, the first."""
    value = os.environ.get(name) or values[0]
    if value not in values:
        raise AssertionError(f"{name} must be one of: {', '.join(values)}")
    return value
