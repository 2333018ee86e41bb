"""The sandboxes that can have sessions, for the tests of sessions."""

import contextlib
import os

from conftest import open_or_skip
from docker_daemon import docker_or_skip, processes

from agentrl.sandbox import Sandbox
from agentrl.sandbox.docker.backend import DockerSandbox
from agentrl.sandbox.docker.daemon import Daemon

TIERS = ("namespaces", "container", "docker")
"""Those whose programs may start processes."""


def open_tier(tier: str) -> Sandbox:
    """A sandbox with one worker, or a skip that says why this machine has none."""
    return docker_or_skip(workers=1) if tier == "docker" else open_or_skip(tier, workers=1)


def processes_of(sandbox: Sandbox) -> set[str]:
    """Ids of the processes below this one, or in the sandbox's container."""
    if isinstance(sandbox, DockerSandbox):
        with contextlib.closing(Daemon()) as daemon:
            return {process for _, process, _ in processes(daemon, sandbox._container.id)}
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat") as file:
            parents[name] = file.read().rpartition(")")[2].split()[1]
    found, size = {str(os.getpid())}, 0
    while len(found) > size:
        size = len(found)
        found |= {name for name, parent in parents.items() if parent in found}
    return found
