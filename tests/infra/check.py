"""Holds infra/ against the code: the paths of the HTTP API, and what each function's role may do with the tables.

Prints a line for each thing that differs, and ends with 1 if there is one.
"""

import json
import pathlib
import re
import sys
import tomllib

from cfnlint.decode import cfn_yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = re.compile(r":table/\$\{Prefix\}(?P<table>[a-z-]+(?:/index/[a-z-]+)?)$")


def read():
    template = cfn_yaml.load(str(ROOT / "infra/functions.yaml"))
    resources = template["Resources"]
    functions = {
        kebab(name): found["Properties"]
        for name, found in resources.items()
        if found["Type"] == "AWS::Serverless::Function"
    }
    policies = {
        name: found["Properties"]["PolicyDocument"]["Statement"]
        for name, found in resources.items()
        if found["Type"] == "AWS::IAM::ManagedPolicy"
    }
    return functions, policies


def kebab(name):
    return re.sub(r"(?<!^)([A-Z])", r"-\1", name).lower()


def allowed(function, policies):
    """What a function's role lets it do: table → calls. A policy that is not one of the template's is a fault."""
    may = {}
    for policy in function.get("Policies", []):
        for statement in policies[policy["Ref"]]:
            actions = statement["Action"]
            table = TABLE.search(statement["Resource"]["Fn::Sub"]).group("table")
            for action in [actions] if isinstance(actions, str) else actions:
                may.setdefault(table, set()).add(action.removeprefix("dynamodb:"))
    return {table: sorted(calls) for table, calls in sorted(may.items())}


def paths(function):
    events = function.get("Events", {}).values()
    return {event["Properties"]["Path"] for event in events if event["Type"] == "HttpApi"}


def faults():
    functions, policies = read()
    called = json.loads((ROOT / "functions/calls.json").read_text())
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text())
    router = workspace["workspace"]["metadata"]["lambda"]["watch"]["router"]
    binaries = {path.stem for path in (ROOT / "functions/src/bin").glob("*.rs")}

    if functions.keys() != binaries:
        yield f"functions in the template alone, or in src/bin alone: {sorted(functions.keys() ^ binaries)}"
    for name, function in sorted(functions.items()):
        if function["CodeUri"] != f"../target/lambda/{name}/":
            yield f"{name}: CodeUri is {function['CodeUri']}"
        wanted = {path for path, whose in router.items() if whose == name}
        if paths(function) != wanted:
            yield f"{name}: paths in the template alone, or in Cargo.toml alone: {sorted(paths(function) ^ wanted)}"
        may, calls = allowed(function, policies), called.get(name, {})
        if may != calls:
            yield f"{name}: the role allows {may}, and functions/calls.json has {calls}"
    used = {policy["Ref"] for function in functions.values() for policy in function.get("Policies", [])}
    if used != policies.keys():
        yield f"policies that no function has: {sorted(policies.keys() - used)}"


if __name__ == "__main__":
    found = list(faults())
    for fault in found:
        print(fault)
    sys.exit(1 if found else 0)
