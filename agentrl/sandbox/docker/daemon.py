"""The way to the docker daemon: connect, and remove what trainers that are gone left behind."""

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agentrl.errors import SandboxError
from agentrl.sandbox.embedded import leftovers

LABEL = "agentrl.sandbox"
"""Every container of ours carries it, with the trainer that owns it as its value (see leftovers.py)."""
_DEFAULT_HOST = "unix:///var/run/docker.sock"


class Daemon:
    """A connection to the daemon that DOCKER_HOST names, or to the one of this machine."""

    def __init__(self) -> None:
        """Raises SandboxError when the SDK is missing, or no daemon answers, with what to do about it."""
        try:
            docker: Any = importlib.import_module("docker")
        except ImportError as error:
            raise SandboxError(
                f"the docker back-end needs the docker SDK ({error}): pip install 'agentrl[docker]'"
            ) from error
        self.errors: Any = docker.errors
        host = os.environ.get("DOCKER_HOST", _DEFAULT_HOST)
        try:
            self.client: Any = docker.from_env()
            self.client.ping()
        except (docker.errors.DockerException, OSError, ValueError) as error:
            raise SandboxError(
                f"no docker daemon answers at {host}: {error}\n"
                "Start one (systemctl start docker), let DOCKER_HOST name one that runs, "
                "or join the group 'docker' if permission was denied"
            ) from error
        self.api: Any = self.client.api

    def close(self) -> None:
        """Let go of the connection."""
        self.client.close()

    def sweep(self) -> int:
        """Remove the containers whose trainer ran on this machine and is gone; returns their number.

        They are few: a container ends with the connection of its trainer. What is left is what was created and never
        started, and what a restarted daemon lost sight of.
        """
        removed = 0
        with self.asked("list its containers"):
            found = self.api.containers(all=True, filters={"label": LABEL})
        for container in found:
            if leftovers.is_orphan(container["Labels"][LABEL]):
                removed += self.remove(container["Id"])
        return removed

    def remove(self, container: str) -> bool:
        """Kill and remove a container; False when it was gone already, or is being removed. Raises SandboxError."""
        with self.asked("remove the container"):
            try:
                self.api.remove_container(container, force=True, v=True)
            except self.errors.APIError as error:
                if error.status_code in (404, 409):
                    return False
                raise
        return True

    @contextmanager
    def asked(self, task: str) -> Iterator[None]:
        """Turn what the SDK raises into a SandboxError that names the task and what the daemon said."""
        try:
            yield
        except (self.errors.DockerException, OSError) as error:
            said = getattr(error, "explanation", None) or error
            raise SandboxError(f"the docker daemon could not {task}: {said}") from error
