"""Autobahn's cases, as its package on PyPI has them, for a Python that is still there.

The package is written for Python 2. Each case is translated by fissix when it is loaded, and sees octets as Python 2's strings: as
characters below 256. What they rest on (Twisted, Autobahn's own WebSocket) is not needed: see client.py.
"""

import binascii
import importlib.metadata
import importlib.util
import pathlib
import sys
import types

from fissix import refactor

import client

# Compression is not spoken: these are about nothing else.
LEFT_OUT = ("case12", "case13", "Case12", "Case13")

# What no fixer knows: an order of classes that is none any more, a method that has another name, a division of whole numbers.
CHANGED = (
    ("(object, Case, )", "(Case, )"),
    (".tostring()", '.tobytes().decode("latin-1")'),
    ("len(self.payload) / self", "len(self.payload) // self"),
)


def load():
    """The cases, each with its id as the suite counts them: "1.1.1" and so on."""
    folder = pathlib.Path(importlib.util.find_spec("autobahntestsuite").submodule_search_locations[0]) / "case"
    stand_ins()
    tool = refactor.RefactoringTool(refactor.get_fixers_from_package("fissix.fixes"))
    package = types.ModuleType("case")
    package.__path__ = [str(folder)]
    sys.modules["case"] = package
    sys.meta_path.insert(0, Translated(folder, tool))
    translate(package, folder / "__init__.py", tool)
    return [(name(case), case) for case in package.Cases]


def version():
    return importlib.metadata.version("autobahntestsuite")


def name(case):
    return case.__name__.removeprefix("Case").replace("_", ".")


class Translated:
    """Finds the modules of the package, and translates them."""

    def __init__(self, folder, tool):
        self.folder, self.tool = folder, tool

    def find_spec(self, fullname, path=None, target=None):
        package, _, module = fullname.rpartition(".")
        file = self.folder / f"{module}.py"
        if package != "case" or not file.is_file():
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=str(file))

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        translate(module, pathlib.Path(module.__spec__.origin), self.tool)


def translate(module, file, tool):
    # As Python 2 sees them, what stands in a literal are octets, whatever they mean.
    lines = file.read_bytes().decode("latin-1").splitlines(keepends=True)
    lines = [line for line in lines if not (file.name == "__init__.py" and any(word in line for word in LEFT_OUT))]
    text = "".join(lines) + "\n"
    for old, new in CHANGED:
        text = text.replace(old, new)
    # Where a file lies says which imports are of its neighbours.
    text = str(tool.refactor_string(text, str(file)))
    module.__package__ = "case"
    exec(compile(text, str(file), "exec"), module.__dict__)


def stand_ins():
    """What the cases import, as far as they use it."""

    def put(name, **what):
        module = types.ModuleType(name)
        module.__dict__.update(what)
        sys.modules[name] = module

    put("autobahn")
    put("autobahn.websocket")
    put("autobahn.websocket.protocol", WebSocketProtocol=client.Client)
    put("autobahn.websocket.utf8validator", Utf8Validator=Utf8Validator)
    put("twisted")
    put("twisted.internet", reactor=None, interfaces=types.SimpleNamespace(IPushProducer=None))
    put("zope")
    put("zope.interface", implements=lambda *_: None, implementer=lambda *_: lambda it: it)
    hex_of_octets = binascii.b2a_hex
    binascii.b2a_hex = lambda data: hex_of_octets(client.octets(data)).decode()


class Utf8Validator:
    """Whether octets are UTF-8, which a few cases ask while they are made."""

    def reset(self):
        """Every call is by itself."""

    def validate(self, data):
        data = client.octets(data)
        try:
            data.decode()
        except UnicodeDecodeError as error:
            return False, False, error.start, error.start
        return True, True, len(data), len(data)
