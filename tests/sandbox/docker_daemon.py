"""What the tests of the docker back-end share: sandboxes of a real daemon, or a skip that says why there is none."""

import time
from typing import Any

from demanded import lacks

from agentrl.errors import SandboxError
from agentrl.sandbox.docker.backend import DockerSandbox
from agentrl.sandbox.docker.daemon import LABEL, Daemon


def daemon_or_skip() -> Daemon:
    try:
        return Daemon()
    except SandboxError as error:
        lacks("docker", error)


def docker_or_skip(**options: Any) -> DockerSandbox:
    daemon_or_skip().close()
    return DockerSandbox(**options)


def containers(daemon: Daemon) -> set[str]:
    """The ids of all containers of sandboxes, whatever their state."""
    return {found["Id"] for found in daemon.api.containers(all=True, filters={"label": LABEL})}


def gone(daemon: Daemon, container: str, seconds: float = 5.0) -> bool:
    """Whether the container is removed within so many seconds."""
    deadline = time.monotonic() + seconds
    while container in containers(daemon):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def processes(daemon: Daemon, container: str) -> list[list[str]]:
    """(user id, host's process id, command) of what runs in the container."""
    return list(daemon.api.top(container, ps_args="-eo uid,pid,args")["Processes"])
