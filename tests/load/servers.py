"""The servers, each started on core 0 for one run, and how the load speaks to it."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).parent
READY_S = 60
RUN_S = 600
# What a load needs of Roomtone: one shard, and a rate of messages that is never reached. The limiter stays in the way.
UNHINDERED = {
    "ROOMTONE_SENDS_PER_S": "1000000",
    "ROOMTONE_SEND_BURST": "1000000",
    "ROOMTONE_SHARDS": "1",
    "ROOMTONE_LOG": "warn",
}


class NotReady(RuntimeError):
    """What was waited for did not come."""


class Server:
    """A server of one run, in a folder that goes with it."""

    target = None

    def __init__(self, folder_of_binaries, case):
        self.binaries = folder_of_binaries
        self.case = case

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="roomtone-load-"))
        self.log = open(self.folder / "log", "w", encoding="utf-8")
        self.port = free_port()
        self.process = None
        try:
            self.start()
            until(lambda: is_open(self.port), f"{self.target} listens", self.process)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process is not None:
            for pid in children(self.process.pid):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, command, environment=None):
        pinned = ["taskset", "-c", "0", *map(str, command)]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **(environment or {})}
        self.process = subprocess.Popen(
            pinned, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=environment, cwd=self.folder
        )

    def pids(self):
        return [self.process.pid]

    def load(self, case, secs):
        """The figures of a load on this server."""
        words = ["taskset", "-c", "1", self.binaries / "roomtone-load", case["what"]]
        words += ["--at", f"127.0.0.1:{self.port}", "--label", self.target, "--secs", secs]
        words += self.requests(case) if case["what"] == "requests" else self.talk(case)
        for pid in self.pids():
            words += ["--pid", pid]
        done = subprocess.run(
            [*map(str, words)], stdout=subprocess.PIPE, text=True, timeout=RUN_S, check=False
        )
        if done.returncode != 0:
            self.log.flush()
            end = (self.folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:]
            raise RuntimeError(f"{self.target}: the load ended with {done.returncode}; the server's last words: {end}")
        figures = json.loads(done.stdout.strip().splitlines()[-1])
        wrong = [name for name in ("lost", "again", "refused") if figures.get(name)]
        if wrong:
            raise RuntimeError(f"{self.target}: {figures}")
        return figures

    def talk(self, case):
        words = ["--target", self.target, "--rooms", case["rooms"], "--members", case["members"]]
        for name in ("window", "in_turn", "rate", "users", "rooms_in", "messages", "warm_up_secs"):
            if name in case:
                words += [f"--{name.replace('_', '-')}", case[name]]
        return words

    def requests(self, case):
        return ["--operation", case["operation"]]


class Roomtone(Server):
    """The one process, on the durable log, with everything on; only the rate of a user is raised."""

    target = "roomtone"
    # What a run sets otherwise.
    told = {}

    def load(self, case, secs):
        """Idle members are measured as after a restart: a node has everybody's sockets again, and made nobody a member."""
        if case["what"] == "idle":
            case = {**case, "users": "idle"}
            super().load(case, secs)
            self.process.terminate()
            self.process.wait()
            self.start()
            until(lambda: is_open(self.port), f"{self.target} listens again", self.process)
        return super().load(case, secs)

    def start(self):
        data = self.folder / "data"
        command = [self.binaries / "roomtone", "--port", self.port, "--data", data]
        self.run(command, {**UNHINDERED, **self.told})

    def requests(self, case):
        return ["--roomtone", *super().requests(case)]


class TwoShards(Roomtone):
    """The same with two shards on the one core: what it costs to have several."""

    told = {"ROOMTONE_SHARDS": "2"}


class Limit(Server):
    """What nobody can beat: it relays bytes and knows no protocol."""

    target = "limit"

    def start(self):
        self.run([self.binaries / "roomtone-load", "limit", "--at", f"127.0.0.1:{self.port}"])


class DurableLimit(Limit):
    """The same, which makes durable what it relays before anybody is sent it: what more it takes is the disk's."""

    def start(self):
        words = ["limit", "--at", f"127.0.0.1:{self.port}", "--durable", self.folder / "relayed"]
        self.run([self.binaries / "roomtone-load", *words])


class Uws(Server):
    """uWebSockets' own publish, behind a relay of a few lines."""

    target = "relay"

    def start(self):
        self.run([os.environ["PEERS_PYTHON"], HERE / "peers/uws.py", self.port])


class Rabbitmq(Server):
    """RabbitMQ with its Web-STOMP plugin."""

    target = "rabbitmq"
    names = None

    def start(self):
        base, names_port = self.folder, free_port()
        # Where Erlang looks up its nodes. The broker would start it too, and leave it behind.
        self.names = subprocess.Popen(
            ["epmd", "-address", "127.0.0.1", "-port", str(names_port)],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
        )
        until(lambda: is_open(names_port), "Erlang's list of nodes listens", self.names)
        (base / "plugins").write_text("[rabbitmq_web_stomp].\n", encoding="utf-8")
        (base / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{free_port()}\n"
            f"web_stomp.tcp.ip = 127.0.0.1\nweb_stomp.tcp.port = {self.port}\n"
            f"stomp.listeners.tcp.1 = 127.0.0.1:{free_port()}\nloopback_users = none\nlog.console.level = warning\n",
            encoding="utf-8",
        )
        self.run(
            ["/usr/lib/rabbitmq/bin/rabbitmq-server"],
            {
                "RABBITMQ_NODENAME": f"load-{os.getpid()}@localhost",
                "RABBITMQ_DIST_PORT": str(free_port()),
                "RABBITMQ_MNESIA_BASE": str(base / "mnesia"),
                "RABBITMQ_LOG_BASE": str(base / "logs"),
                "RABBITMQ_ENABLED_PLUGINS_FILE": str(base / "plugins"),
                "RABBITMQ_CONFIG_FILE": str(base / "rabbitmq.conf"),
                "RABBITMQ_PID_FILE": str(base / "pid"),
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1",
                "ERL_EPMD_PORT": str(names_port),
            },
        )

    def __exit__(self, *_):
        super().__exit__()
        if self.names is not None:
            self.names.kill()
            self.names.wait()

    def pids(self):
        """The broker, which is a child of a script."""
        return [pid for pid in children(self.process.pid) if "beam" in name_of(pid)] or [self.process.pid]


class Constant(Server):
    """What no REST function can beat: it gives every request the same answer."""

    target = "constant"

    def start(self):
        words = ["constant", "--at", f"127.0.0.1:{self.port}", "--answer-bytes", self.case["answer_bytes"]]
        self.run([self.binaries / "roomtone-load", *words])


class Axum(Server):
    """The libraries of a REST function, with nothing around them: no bound, and no function behind them does better."""

    target = "axum"

    def start(self):
        words = ["axum", "--at", f"127.0.0.1:{self.port}", "--answer-bytes", self.case["answer_bytes"]]
        self.run([self.binaries / "roomtone-load", *words])


class NodeHttp(Server):
    """Node's http module, with nothing around it."""

    target = "node-http"

    def start(self):
        self.run(["node", HERE / "peers/node-http.mjs", self.port, self.case["answer_bytes"]])


SERVERS = {
    "roomtone": Roomtone,
    "two-shards": TwoShards,
    "limit": Limit,
    "durable-limit": DurableLimit,
    "uws": Uws,
    "rabbitmq": Rabbitmq,
    "constant": Constant,
    "axum": Axum,
    "node-http": NodeHttp,
}


def children(pid):
    """All that came of a process."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            own = task.read_text(encoding="ascii").split()
        except FileNotFoundError:
            continue  # A thread that ended meanwhile.
        for child in map(int, own):
            found += [child, *children(child)]
    return found


def name_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def is_open(port):
    with socket.socket() as tried:
        tried.settimeout(1)
        return tried.connect_ex(("127.0.0.1", port)) == 0


def until(check, what, process):
    end = time.monotonic() + READY_S
    while not check():
        if process.poll() is not None or time.monotonic() > end:
            raise NotReady(f"not so: {what}")
        time.sleep(0.05)

