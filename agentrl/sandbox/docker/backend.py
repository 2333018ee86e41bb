"""The docker back-end: `run` on a container, and a fresh container when one is lost."""

import contextlib
import dataclasses
import socket
import threading
import time
import typing
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from agentrl.errors import SandboxError
from agentrl.sandbox import living
from agentrl.sandbox.calling import in_thread
from agentrl.sandbox.docker import image as images
from agentrl.sandbox.docker.container import Container
from agentrl.sandbox.docker.creation import Size
from agentrl.sandbox.docker.daemon import Daemon
from agentrl.sandbox.docker.frames import Kind, ProtocolError, pack, unpack
from agentrl.sandbox.places import Places
from agentrl.sandbox.types import DEFAULT_LIMITS, NO_FILES, ExecResult, Limits, Status

GRACE_SECONDS = 60.0
"""How much longer than the wall time the server in the container may take: its own set-up, retry and clean-up."""
_DISK_MB, _SERVER_MB, _PROCESSES = 512, 512, 2048
_TYPES = typing.get_type_hints(ExecResult)


class DockerSandbox:
    """Programs run in children of small warm Python processes inside one container, each under a user id of its own."""

    def __init__(
        self, workers: int = 2, image: str | None = None, *, in_flight: int | None = None, memory_mb: int | None = None
    ) -> None:
        """Start a container from `image`, any that has Python 3.11 or later; None: one made of this machine's files.

        `workers`: fork servers in it. `in_flight`: runs at once, not counting those with a channel; further callers
        wait. `memory_mb`: what all of them together may hold, in-memory files included; by default enough for
        `in_flight` runs with the default limits. Raises SandboxError that says what is missing and what to do.
        """
        if workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        places = 4 * workers if in_flight is None else in_flight
        memory = memory_mb or places * DEFAULT_LIMITS.memory_mb + _DISK_MB + _SERVER_MB
        self._size = Size(workers, places, memory, _DISK_MB, _PROCESSES)
        self._places, self._lock, self._closed = Places(places), threading.Lock(), False
        self._daemon = Daemon()
        try:
            self._image = images.find(self._daemon, image) if image else images.build(self._daemon)
            self._daemon.sweep()
            self._container = Container(self._daemon, self._image, self._size)
        except BaseException:
            self._daemon.close()
            raise
        living.register(self)

    @property
    def tier(self) -> str:
        """Always "docker"."""
        return "docker"

    def place(self) -> AbstractContextManager[None]:
        """See `Sandbox.place`."""
        return self._places.place()

    def run(
        self,
        program: str,
        *,
        stdin: str = "",
        files: Mapping[str, bytes] = NO_FILES,
        limits: Limits = DEFAULT_LIMITS,
        channel: socket.socket | None = None,
        stop: int | None = None,
    ) -> ExecResult:
        """See `Sandbox.run`. `channel` must be a stream socket; what a program leaves unread in it is lost.

        A run that lost its container is tried once more on a fresh one, unless it had a channel: its other end may
        have seen a part of it.
        """
        if self._closed:
            raise SandboxError("this sandbox is closed")
        message = self._message(program, stdin, files, limits, channel)
        with contextlib.nullcontext() if channel else self._places.place():
            return self._run(message, limits.wall_seconds, channel, _some(stop))

    async def arun(
        self,
        program: str,
        *,
        stdin: str = "",
        files: Mapping[str, bytes] = NO_FILES,
        limits: Limits = DEFAULT_LIMITS,
        channel: socket.socket | None = None,
        stop: int | None = None,
    ) -> ExecResult:
        """`run` for callers in an event loop. A cancelled task's run is killed at once and over before it goes on."""
        if self._closed:
            raise SandboxError("this sandbox is closed")
        message = self._message(program, stdin, files, limits, channel)
        async with contextlib.nullcontext() if channel else self._places.aplace():
            return await in_thread(
                lambda cancelled: self._run(message, limits.wall_seconds, channel, (*_some(stop), cancelled))
            )

    def close(self) -> None:
        """Kill and remove the container, with all that runs in it."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._container.close()
        self._daemon.close()

    def forget(self) -> None:
        """In a forked child: let go of the parent's container without ending it."""
        self._closed, self._lock = True, threading.Lock()
        self._places.forget()
        self._container.forget()

    def _message(
        self, program: str, stdin: str, files: Mapping[str, bytes], limits: Limits, channel: socket.socket | None
    ) -> bytes:
        if limits.memory_mb > self._size.memory_mb:
            raise ValueError(
                f"Limits.memory_mb is {limits.memory_mb}, but the container has {self._size.memory_mb} MiB in all: "
                "open the sandbox with a larger memory_mb"
            )
        header = {"limits": dataclasses.asdict(limits), "files": list(files), "channel": channel is not None}
        return pack(header, [_encode(program), _encode(stdin), *files.values()])

    def _run(
        self, message: bytes, wall_seconds: float, channel: socket.socket | None, stops: tuple[int, ...]
    ) -> ExecResult:
        for last in (False, True):
            container = self._present()
            outcome = container.run(message, time.monotonic() + wall_seconds + GRACE_SECONDS, channel, stops)
            if outcome is not None:
                return self._result(container, *outcome)
            if last or channel:
                break
        raise SandboxError(f"the run lost its container: {container.lost}")

    def _present(self) -> Container:
        """The container, or a fresh one when it was lost. Raises SandboxError."""
        with self._lock:
            if self._closed:
                raise SandboxError("this sandbox is closed")
            if self._container.lost:
                self._container.close()
                self._container = Container(self._daemon, self._image, self._size)
            return self._container

    def _result(self, container: Container, kind: Kind, message: bytes | bytearray) -> ExecResult:
        """Raises what the server reported."""
        try:
            header, parts = unpack(message)
            if kind is Kind.RESULT:
                return _exec_result(header, parts)
            error, refused = str(header["error"]), header["kind"] == "value"
        except (ProtocolError, KeyError, ValueError) as broken:
            container.lose(f"the server in the container broke the protocol: {broken}")
            raise SandboxError(container.lost) from broken
        raise ValueError(error) if refused else SandboxError(error)


def _some(stop: int | None) -> tuple[int, ...]:
    return () if stop is None else (stop,)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _exec_result(header: dict[str, Any], parts: list[bytes]) -> ExecResult:
    """Raises ProtocolError or ValueError when it is none."""
    if len(parts) != 2:
        raise ProtocolError("a result has stdout and stderr")
    stdout, stderr = (part.decode("utf-8", "surrogatepass") for part in parts)
    fields = {**header, "stdout": stdout, "stderr": stderr, "status": Status(str(header.get("status")))}
    if fields.keys() != _TYPES.keys() or not all(isinstance(fields[name], kind) for name, kind in _TYPES.items()):
        raise ProtocolError("a result with wrong fields")
    return ExecResult(**{**fields, "tier": "docker"})
