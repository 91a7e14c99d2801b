"""The HTTP operations as Lambda functions, behind `cargo lambda watch`: one process, which builds a function when it
is first called and starts it as Lambda would. It knows their paths and nothing of what they answer."""

import os
import pathlib
import socket
import threading
import urllib.error
import urllib.request

from program import Program, pick

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
# What cargo must know to find what is built.
CARGO = ("CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_NET_OFFLINE", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "RUSTFLAGS")
START_S = 60.0
# All that is shared is built by the first.
BUILD_S = 300.0
# What it writes when a function did not build, or ended by itself. It leaves the caller waiting then.
BROKEN = "command exited"
# A request for each function that `api.py` calls. Without a token, it is answered before anything is done.
EACH = (
    ("POST", "/v1/api/rooms/create"),
    ("GET", "/v1/api/rooms/joined"),
    ("POST", "/v1/api/rooms/exit/none"),
    ("GET", "/v1/api/chat/rooms/joined/none"),
    ("GET", "/v1/api/chat/history/none"),
    ("GET", "/api/v1/presence/none/on"),
)


class Functions:
    """All functions that the tests call, built and running when the constructor returns. The nodes have run before:
    they make what is missing."""

    def __init__(self, environment):
        port = _free_port()
        self.http = f"http://127.0.0.1:{port}"
        # Whoever edits a file meanwhile must not have a function built anew in the middle of a test.
        watch = ["lambda", "watch", "--ignore-changes", "--invoke-address", "127.0.0.1", "--invoke-port", str(port)]
        command = [os.environ.get("CARGO_LAMBDA") or "cargo-lambda", *watch]
        self._program = Program("cargo lambda watch", command, {**pick(CARGO), **environment}, REPOSITORY)
        try:
            self._program.reaches(lambda: _is_open(port), "listens", START_S)
            for method, path in EACH:
                self._runs(method, path)
        except BaseException:
            self.stop()
            raise

    @property
    def log(self):
        return self._program.log

    def stop(self):
        """Ends it, and it the functions."""
        self._program.terminate()
        self._program.wait()

    def _runs(self, method, path):
        """Asks once, and waits however long the function takes to be built."""
        answers = []
        threading.Thread(target=lambda: answers.append(_status(method, self.http + path)), daemon=True).start()
        settled = lambda: answers or BROKEN in self.log
        self._program.reaches(settled, f"has a function for {method} {path}", BUILD_S)
        if answers != [401]:
            raise AssertionError(f"{method} {path} is to ask for a token; it says {answers}\n{self.log}")


def _status(method, address):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(address, method=method), timeout=BUILD_S) as answer:
            return answer.status
    except urllib.error.HTTPError as problem:
        with problem:
            return problem.code
    except OSError as problem:
        return str(problem)


def _free_port():
    """A port that was free a moment ago: it is told its port, and does not tell one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def _is_open(port):
    try:
        with socket.create_connection(("127.0.0.1", port)):
            return True
    except OSError:
        return False
