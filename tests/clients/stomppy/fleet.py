"""What a fleet is started with: where the real parts are, and in them a topic, tables, a database and keys of its
own, all with one name. What is kept under that name goes with the parts' data."""

import os
import re
import secrets

from program import Program, pick

ADDRESSES = ("KAFKA_BROKERS", "MONGO_URI", "DYNAMODB_ENDPOINT", "REDIS_URL")
# One broker on one's own machine; more where the environment says so.
COPIES = {"ROOMTONE_KAFKA_REPLICATION": "1", "ROOMTONE_KAFKA_MIN_INSYNC": "1"}
PARTITIONS = "4"
# How many nodes a fleet has.
NODES = 3


def new_fleet():
    """The environment of a fleet nobody has used before."""
    missing = [name for name in ADDRESSES if not os.environ.get(name)]
    if missing:
        raise AssertionError(f"{', '.join(missing)} must be set; localstack/up says to what")
    name = f"clients-{secrets.token_hex(8)}"
    return {
        **COPIES,
        **pick([*ADDRESSES, *COPIES]),
        "MONGO_URI": _with_database(os.environ["MONGO_URI"], name),
        "ROOMTONE_KAFKA_TOPIC": name,
        "ROOMTONE_KAFKA_PARTITIONS": PARTITIONS,
        "ROOMTONE_SEARCH_TOPIC": f"{name}-search",
        "DYNAMODB_TABLE_PREFIX": f"{name}-",
        "ROOMTONE_REDIS_PREFIX": f"{name}:",
        # On a busy machine it is late, and not away.
        "ROOMTONE_REDIS_TIMEOUT_MS": "2500",
        "AUTH_HS256_SECRET": secrets.token_hex(32),
    }


def start_nodes(environment, folder, with_functions):
    """Starts the nodes, the first of them one that answers HTTP too, unless functions do that: `folder` is for what
    that one keeps."""
    return [
        _start_whole(n, environment, folder) if n == 0 and not with_functions else _start_node(n, environment, folder)
        for n in range(NODES)
    ]


def _start_whole(number, environment, folder):
    command = [_binary("roomtone"), "--port", "0", "--data", folder]
    return Program(f"node {number}, roomtone", command, environment, folder)


def _start_node(number, environment, folder):
    ports = {"ROOMTONE_PORT": "0", "ROOMTONE_ADMIN_PORT": "0"}
    return Program(f"node {number}", [_binary("socket-node")], {**environment, **ports}, folder)


def _binary(name):
    folder = os.environ.get("ROOMTONE_BIN_DIR")
    if not folder:
        raise AssertionError("ROOMTONE_BIN_DIR must name the folder of the built binaries; tests/run sets it")
    return os.path.abspath(os.path.join(folder, name))


def _with_database(address, database):
    """A MongoDB address with another database. It may name several hosts, which no URL may."""
    parts = re.fullmatch(r"(mongodb(?:\+srv)?://[^/?]+)(?:/[^?]*)?(\?.*)?", address)
    if not parts:
        raise AssertionError("MONGO_URI must begin with mongodb:// and a host")
    return f"{parts[1]}/{database}{parts[2] or ''}"
