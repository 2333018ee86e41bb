"""The server in the container, outside of one: what a full table of open files costs."""

import os
import resource

import pytest
from sandbox_elsewhere import limit_for

from agentrl.sandbox.docker import server
from agentrl.sandbox.docker.frames import Kind, pack, unpack


class FakeOutput(server.Output):
    def __init__(self) -> None:
        self.sent: list[tuple[int, Kind, bytes]] = []

    def send(self, run: int, kind: Kind, message: bytes) -> None:
        self.sent.append((run, kind, message))


@pytest.mark.parametrize("room", range(7))  # a pipe, a pair of sockets, the tunnel's pipe and its copy of a socket
def test_a_server_without_descriptors_left_refuses_the_run_and_lives_on(room: int) -> None:
    output = FakeOutput()
    serving = server.Server(None, output)  # type: ignore[arg-type]
    before = os.listdir("/proc/self/fd")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit_for(room), limits[1]))
    try:
        serving._take(7, Kind.RUN, bytearray(pack({"channel": True})))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert [(run, kind) for run, kind, _ in output.sent] == [(7, Kind.FAILED)]
    assert "Too many open files" in unpack(output.sent[0][2])[0]["error"]
    assert os.listdir("/proc/self/fd") == before
    assert serving._orders == {}
