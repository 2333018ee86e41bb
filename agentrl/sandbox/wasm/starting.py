"""How a worker process is started, and what its messages are called."""

import os
import sys

READY, STARTED, STDOUT, STDERR, END = b"r", b"s", b"o", b"e", b"x"
"""The first byte of a message to the trusted side."""

# The packages are named by hand: importing agentrl.sandbox itself would load the trusted side into the worker.
_BOOT = """
import sys, types
for name, path in {packages!r}:
    package = types.ModuleType(name)
    package.__path__ = [path]
    sys.modules[name] = package
from agentrl.sandbox.wasm import host
host.main(*sys.argv[1:])
"""


def command(*arguments: str) -> list[str]:
    """The command line of `host.main` with these arguments."""
    wasm = os.path.dirname(os.path.abspath(__file__))
    sandbox = os.path.dirname(wasm)
    packages = [("agentrl", os.path.dirname(sandbox)), ("agentrl.sandbox", sandbox), ("agentrl.sandbox.wasm", wasm)]
    return [sys.executable, "-I", "-B", "-X", "utf8", "-c", _BOOT.format(packages=packages), *arguments]
