"""The worker process: runs programs in fresh instances of the component, one at a time.

It may be killed at any time: a host call that blocks cannot be interrupted otherwise.
"""

import json
import os
import resource
import select
import shutil
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import wasmtime
from wasmtime.component import Component, Linker

from agentrl.sandbox.embedded import disk
from agentrl.sandbox.wasm.starting import END, READY, STARTED, STDERR, STDOUT
from agentrl.sandbox.wasm.watch import Watch

BROKEN = 0xFFFFFFFF
"""What `channel_write` returns when nobody reads any more."""
_OWN_MEMORY = 64 << 20
_TICK_SECONDS = 0.05
_FLOOD_FACTOR = 64
_STACK, _THREAD_STACK = 7 << 18, 64 << 20
"""Of WebAssembly (at most the 2 MiB of its asynchronous stack), and of the thread that it runs in (bytes)."""
_TRAPS = {"call stack exhausted": 11, "out of bounds memory access": 11, "`unreachable`": 6, "interrupt": 9}
"""What stands in a trap's message, and the signal that has this meaning elsewhere."""


class LeftError(Exception):
    """The program called os._exit; the argument is the code."""


class InterruptedRunError(Exception):
    """A limit held while the program waited for its channel."""


def engine() -> wasmtime.Engine:
    """The settings that a compiled component and its runs must share."""
    config = wasmtime.Config()
    config.epoch_interruption = True
    config.max_wasm_stack = _STACK
    return wasmtime.Engine(config)


class Host:
    """Runs programs and answers what they call."""

    def __init__(self, connection: Connection, component: str, directory: str, source: str, watch: Watch) -> None:
        self._connection, self._directory, self._source = connection, directory, source
        self._engine, self._watch = watch.engine, watch
        self._component = Component.deserialize_file(self._engine, component)
        self._linker = Linker(self._engine)
        self._linker.add_wasip2()
        calls = (self.channel_read, self.channel_write, self.channel_ready, self.alarm, self.leave)
        with self._linker.root() as root:
            for call in calls:
                root.add_func(call.__name__.replace("_", "-"), call)
        watch.start()
        self._channel: socket.socket | None = None
        self._written = self._flood = 0

    def channel_read(self, store: Any, size: int) -> str:
        """Up to `size` bytes of the channel, each as a character; "" at its end."""
        if self._channel is None:
            return ""
        self._await(select.POLLIN)
        try:
            return self._channel.recv(size).decode("latin-1")
        except OSError:
            return ""

    def channel_write(self, store: Any, data: str) -> int:
        """Write to the channel; how many bytes it took, or `BROKEN`."""
        if self._channel is None:
            return BROKEN
        self._await(select.POLLOUT)
        try:
            return self._channel.send(data.encode("latin-1"), socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0
        except OSError:
            return BROKEN

    def channel_ready(self, store: Any) -> bool:
        """Whether the channel has something to read, or has ended."""
        return self._channel is None or bool(_poll(self._channel, select.POLLIN, 0.0))

    def alarm(self, store: Any, seconds: float) -> None:
        """Interrupt the program after `seconds`."""
        self._watch.alarm(seconds)

    def leave(self, store: Any, code: int) -> None:
        """End the program with this exit code."""
        raise LeftError(code)

    def _await(self, event: int) -> None:
        assert self._channel is not None
        while not _poll(self._channel, event, _TICK_SECONDS):
            if self._watch.reason:
                raise InterruptedRunError

    def _output(self, kind: bytes) -> Callable[[bytes], None]:
        def take(data: bytes) -> None:
            if self._written > self._flood:
                self._watch.interrupt("output_kb")
                return
            self._written += len(data)
            self._connection.send_bytes(kind + data)

        return take

    def run(self, header: dict[str, Any], program: str, stdin: bytes, channel: socket.socket | None) -> None:
        """Run one program and report its end."""
        limits = header["limits"]
        self._channel, self._written = channel, 0
        self._flood = limits["output_kb"] * 1024 * _FLOOD_FACTOR
        Path(self._source).write_bytes(stdin)
        _bound_files(limits["disk_mb"] << 20)
        with wasmtime.Store(self._engine) as store:
            config = wasmtime.WasiConfig()
            config.stdin_file = self._source
            config.stdout_custom, config.stderr_custom = self._output(STDOUT), self._output(STDERR)
            config.preopen_dir(self._directory, "/")
            store.set_wasi(config)
            store.set_limits(memory_size=_OWN_MEMORY + (limits["memory_mb"] << 20))
            store.set_epoch_deadline(1)
            began, busy = time.monotonic(), time.process_time()
            self._watch.begin(limits)
            self._connection.send_bytes(STARTED)
            raw = self._call(store, program)
            self._watch.end()
            reason = self._watch.reason
            if reason in ("alarm", "cpu_seconds"):  # the number of the signal that has this effect elsewhere
                raw, reason = {"alarm": 14, "cpu_seconds": 24}[reason], ""
            seconds, cpu = time.monotonic() - began, time.process_time() - busy
        _bound_files(resource.RLIM_INFINITY)
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        end = {"end": raw, "limit": reason, "seconds": seconds, "cpu": cpu, "rss": rss}
        self._connection.send_bytes(END + json.dumps(end).encode())

    def _call(self, store: wasmtime.Store, program: str) -> int:
        """Run the program to its end; what os.wait would give for it."""
        try:
            instance = self._linker.instantiate(store, self._component)
            function = instance.get_func(store, "run")
            assert function is not None
            return int(function(store, program)) << 8
        except LeftError as leaving:
            return int(leaving.args[0]) << 8
        except wasmtime.ExitTrap as leaving:
            return int(leaving.code) << 8
        except InterruptedRunError:
            return 9
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            _, trapped, trap = str(error).rpartition("wasm trap: ")
            if not trapped:
                raise
            return next((number for words, number in _TRAPS.items() if words in trap), 4)


def _bound_files(size: int) -> None:
    """Let no file grow past `size`; the hard limit stays."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard if size == resource.RLIM_INFINITY else size, hard))


def _poll(channel: socket.socket, event: int, seconds: float) -> list[tuple[int, int]]:
    poll = select.poll()
    poll.register(channel, event)
    return poll.poll(seconds * 1000)


def serve(control: socket.socket, component: str, scratch: str) -> None:
    """Run what is asked for, until the trusted side hangs up."""
    connection = Connection(os.dup(control.fileno()))
    directory = os.path.join(scratch, "run")
    os.mkdir(directory)
    host = Host(connection, component, directory, os.path.join(scratch, "stdin"), Watch(engine(), directory))
    connection.send_bytes(READY)
    while True:
        try:
            header = json.loads(connection.recv_bytes())
        except EOFError:
            return
        program = connection.recv_bytes().decode("utf-8", "replace")
        stdin = connection.recv_bytes()
        for name in header["files"]:
            path = Path(directory, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(connection.recv_bytes())
        channel = socket.socket(fileno=socket.recv_fds(control, 1, 1)[1][0]) if header["channel"] else None
        host.run(header, program, stdin, channel)
        if channel is not None:
            channel.close()
        disk.wipe(directory)


def compile_(component: str, target: str) -> None:
    """Compile for this processor."""
    Path(target).write_bytes(Component.from_file(engine(), component).serialize())


def main(task: str, *details: str) -> None:
    """`compile COMPONENT.wasm COMPONENT.cwasm`, or `serve DESCRIPTOR COMPONENT.cwasm DIRECTORY`."""
    if task == "compile":
        compile_(*details)
        return
    threading.stack_size(_THREAD_STACK)
    control = socket.socket(fileno=int(details[0]))
    server = threading.Thread(target=serve, args=(control, *details[1:]))
    server.start()
    server.join()
    shutil.rmtree(details[2], ignore_errors=True)  # where the trusted side was killed, nobody else does
