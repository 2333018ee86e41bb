"""What the loop of a zygote asks of the runs that it carries out; which ones there are differs by tier."""

import json
import socket
import struct
from typing import Any, Protocol

from agentrl.sandbox.embedded.execution import Request


class Runs(Protocol):
    """All runs of one zygote that have not ended."""

    def start(self, request: Request, reply: socket.socket) -> None:
        """Start a run, and say so on `reply`, which is theirs from here on. Raises OSError when it cannot be."""

    def ended(self, descriptor: int) -> None:
        """A descriptor that they poll is readable: one of their processes has ended."""

    def tick_ms(self) -> int | None:
        """How soon `tick` is to be called at the latest; None while nothing needs it."""

    def tick(self) -> None:
        """Do what has to be done from time to time."""


def send(reply: socket.socket, handle: int | None = None, **message: Any) -> None:
    """Send a message, maybe with a descriptor. Never waits: a caller that stopped reading must not stop the zygote."""
    rights = [] if handle is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", handle))]
    try:
        reply.sendmsg([json.dumps(message).encode()], rights, socket.MSG_DONTWAIT)
    except OSError:
        return
