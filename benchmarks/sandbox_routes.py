"""The ways to run a Python program that `sandbox.py` compares: ours, other launchers, and peers from PyPI."""

import contextlib
import functools
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox_peers import INTERPRETER, PEERS, Run, burst, one_each

from agentrl.errors import SandboxError
from agentrl.sandbox import ExecResult, Sandbox, open_sandbox

Workloads = Mapping[str, tuple[str, str]]
"""(program, what it prints) by name."""
WORKERS = 2
_FLAGS = ("-I", "-S", "-c")
_TRIALS = 5
"""Runs of each program on each route before the first round."""


@dataclass
class Route:
    """A way to run a program, and what was measured by (workload, threads): runs per second of each round, ms."""

    isolation: str
    burst: Callable[[str, str, int, float], dict[str, Any]]
    rates: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    latencies: dict[tuple[str, int], list[float]] = field(default_factory=dict)


def ours(stack: contextlib.ExitStack, opener: Callable[[], Sandbox]) -> Run:
    """One of our back-ends. Raises SandboxError where it cannot be opened."""
    sandbox = opener()
    stack.callback(sandbox.close)
    return lambda program: printed(sandbox.run(program))


def embedded(tier: str) -> Sandbox:
    """The embedded back-end. Raises SandboxError."""
    return open_sandbox(isolation=tier, workers=WORKERS)


def wasm() -> Sandbox:
    """The wasm back-end. Raises SandboxError."""
    from agentrl.sandbox.wasm import WasmSandbox

    return WasmSandbox(WORKERS)


def printed(result: ExecResult) -> str:
    """What the program printed, or how it failed."""
    return result.stdout or f"{result.status}: {result.stderr}"


def command(*start: str) -> Run:
    """A fresh process for each program."""

    def run(program: str) -> str:
        done = subprocess.run([*start, INTERPRETER, *_FLAGS, program], stdin=subprocess.DEVNULL, capture_output=True)
        return done.stdout.decode() or done.stderr.decode()

    return run


def bubblewrap() -> Run:
    """bwrap with the namespaces of the tier "namespaces" and a root as small; it sets no limits, no filter."""
    path = shutil.which("bwrap")
    if path is None:
        raise SandboxError("bwrap is not installed")
    options = ["--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
    options += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chdir", "/tmp"]
    for folder in ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache"):
        if os.path.exists(folder):
            options += ["--ro-bind", os.path.realpath(folder), folder]
    if not sys.base_prefix.startswith("/usr"):
        options += ["--ro-bind", sys.base_prefix, sys.base_prefix]
    return command(path, *options)


def docker_exec(stack: contextlib.ExitStack, image: str | None) -> Run:
    """`exec_run` of python in a warm container; one container for each thread. Raises SandboxError without a daemon."""
    from agentrl.sandbox.docker import image as images
    from agentrl.sandbox.docker.daemon import Daemon

    daemon = Daemon()
    stack.callback(daemon.close)
    name = images.find(daemon, image) if image else images.build(daemon)

    def make() -> Run:
        container = daemon.client.containers.run(
            name,
            ["sleep", "3600"],
            entrypoint=[],
            detach=True,
            init=True,
            auto_remove=True,
            network_mode="none",
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            mem_limit="256m",
            pids_limit=64,
            tmpfs={"/tmp": "size=16m"},
            user="1000:1000",
        )
        stack.callback(container.remove, force=True)
        return lambda program: str(container.exec_run(["python3", *_FLAGS, program]).output.decode())

    return one_each(make)


def open_routes(
    stack: contextlib.ExitStack, image: str | None, workloads: Workloads
) -> tuple[dict[str, Route], dict[str, str]]:
    """Our back-ends and other launchers, as far as they work here: (routes, why each other one does not)."""
    openers: dict[str, tuple[str, Callable[[], Run]]] = {
        "namespaces": ("namespaces, seccomp, landlock, limits", lambda: ours(stack, lambda: embedded("namespaces"))),
        "lockdown": ("seccomp, landlock, limits", lambda: ours(stack, lambda: embedded("lockdown"))),
        "wasm": ("WebAssembly", lambda: ours(stack, wasm)),
        "docker_fork_server": (
            "container, seccomp, limits",
            lambda: ours(stack, lambda: open_sandbox("docker", workers=WORKERS, image=image)),
        ),
        "docker_exec": ("container", lambda: docker_exec(stack, image)),
        "subprocess": ("none", command),
        "bubblewrap": ("namespaces", bubblewrap),
    }
    routes, skipped = {}, {}
    for name, (isolation, opener) in openers.items():
        try:
            run = opener()
            for program, expected in list(workloads.values()) * _TRIALS:
                if (text := run(program)) != expected:
                    raise SandboxError(f"a trial run gave {text[-300:]!r}")
            routes[name] = Route(isolation, functools.partial(burst, run))
        except (SandboxError, ValueError, ImportError, OSError) as error:
            skipped[name] = f"{error}"[:600]
    return routes, skipped


def open_peers(
    stack: contextlib.ExitStack, folder: Path, workloads: Workloads
) -> tuple[dict[str, Route], dict[str, str]]:
    """The peers, from the virtual environment in `folder`: (routes, why each other one does not work)."""
    routes, skipped = {}, {}
    for name, peer in PEERS.items():
        try:
            ask = open_peer(stack, name, folder)
            for program, expected in workloads.values():
                ask(program, expected, 1, 0.1)
            routes[name] = Route(peer.isolation, ask)
        except (SandboxError, OSError) as error:
            skipped[name] = f"{error}"[:600]
    return routes, skipped


def install_peers(folder: Path) -> None:
    """Make the virtual environment of the peers, unless it is there."""
    if (folder / "bin" / "python").exists():
        return
    venv.create(folder, with_pip=True, symlinks=True)
    requirements = [peer.requirement for peer in PEERS.values()]
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *requirements]
    subprocess.run(pip, check=True, stdout=sys.stderr)


def open_peer(stack: contextlib.ExitStack, name: str, folder: Path) -> Callable[..., dict[str, Any]]:
    """Start a peer in its environment; the returned function has it do one burst."""
    script = Path(__file__).with_name("sandbox_peers.py")
    start = [str(folder / "bin" / "python"), str(script), name]
    process = subprocess.Popen(
        start, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    stack.callback(end_peer, process)

    def answer() -> dict[str, Any]:
        message = json.loads(process.stdout.readline() or '{"failed": "it died"}')  # type: ignore[union-attr]
        if "failed" in message:
            raise SandboxError(f"{name}: {message['failed']}")
        return dict(message)

    def ask(program: str, expected: str, threads: int, seconds: float) -> dict[str, Any]:
        order = {"program": program, "expected": expected, "threads": threads, "seconds": seconds}
        print(json.dumps(order), file=process.stdin, flush=True)
        return answer()

    answer()
    return ask


def end_peer(process: "subprocess.Popen[str]") -> None:
    """Have a peer end by closing its input; kill it when that does not help."""
    with contextlib.suppress(OSError):  # it has died before
        process.stdin.close()  # type: ignore[union-attr]
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
