"""Choose the strongest isolation that this machine gives, by really starting it, and open the sandbox."""

import os
import sys
import threading

from agentrl.errors import SandboxError
from agentrl.sandbox.embedded.exchange import Exchange
from agentrl.sandbox.embedded.forkserver import EmbeddedSandbox
from agentrl.sandbox.embedded.worker import Worker
from agentrl.sandbox.types import Limits, Sandbox

TIERS = ("namespaces", "lockdown")
_BY_NAME = ("container", "none")
_BACKENDS = ("embedded", "docker", "wasm")
_ADVICE = """What to do, one of:
  - allow unprivileged user namespaces: sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu 23.10 and later),
    kernel.unprivileged_userns_clone=1 (older Debian), or user.max_user_namespaces above 0;
  - in a container, start it with --security-opt seccomp=unconfined --security-opt systempaths=unconfined;
  - use Linux 5.13 or later with landlock, on x86-64 or aarch64;
  - as root in a container: isolation="container", with the capabilities CHOWN, KILL, SETGID and SETUID;
  - isolation="none" runs programs WITHOUT isolation, as you: only for programs that you trust."""

_refused: dict[str, str] = {}
_shared: dict[tuple[str, str, str | None], Sandbox] = {}
_shared_lock = threading.Lock()


def open_sandbox(
    backend: str = "embedded",
    isolation: str = "auto",
    workers: int = 2,
    *,
    in_flight: int | None = None,
    work: str | None = None,
    image: str | None = None,
) -> Sandbox:
    """Open a sandbox with `workers` warm fork servers; about one per core serves well.

    `isolation`: "auto" takes the first of namespaces and lockdown that works here; a name insists on it. "container"
    (for root inside a container that refuses namespaces: an id of its own per run) and "none" (a bare fork with
    resource limits) are never chosen by themselves. `in_flight` and `work` are those of `EmbeddedSandbox`.
    `backend` "docker": a container of its own, from `image` or one made of this machine's files; see `DockerSandbox`.
    "wasm": an interpreter in WebAssembly, for machines without the kernel's means; see `WasmSandbox`.
    Raises SandboxError that says what this machine lacks, ValueError for an unknown word.
    """
    check_words(backend, isolation, image)
    if backend != "embedded" and work is not None:
        raise ValueError("work is for the embedded backend")
    if backend == "wasm":
        from agentrl.sandbox.wasm.sandbox import WasmSandbox

        return WasmSandbox(workers, in_flight=in_flight)
    if backend == "docker":
        from agentrl.sandbox.docker.backend import DockerSandbox

        return DockerSandbox(workers, image, in_flight=in_flight)
    if not sys.platform.startswith("linux"):
        raise SandboxError("the embedded sandbox needs Linux: it isolates programs by the kernel's own means")
    for tier in TIERS if isolation == "auto" else (isolation,):
        first = _probe(tier, work)
        if first is not None:
            return EmbeddedSandbox(tier, workers, first, in_flight=in_flight, work=work)
    wanted = TIERS if isolation == "auto" else (isolation,)
    lacking = "\n".join(f"  {tier}: {_refused[tier]}" for tier in wanted)
    raise SandboxError(f"This machine cannot isolate programs.\n{lacking}\n{_ADVICE}")


def check_words(backend: str, isolation: str, image: str | None) -> None:
    """Raises ValueError for a word that `open_sandbox` does not know, and for words that do not go together."""
    if backend not in _BACKENDS:
        raise ValueError(f"unknown sandbox backend {backend!r}; there are: {', '.join(_BACKENDS)}")
    if isolation not in (known := ("auto", *TIERS, *_BY_NAME)):
        raise ValueError(f"unknown isolation {isolation!r}; there are: {', '.join(known)}")
    if backend != "embedded" and isolation != "auto":
        raise ValueError(f"isolation={isolation!r} is for the embedded backend; {backend} has its own")
    if backend != "docker" and image is not None:
        raise ValueError(f"image={image!r} is for backend='docker'")


def _probe(tier: str, work: str | None) -> Worker | None:
    """A worker of `tier` that has run a program, or None; a refusal (without `work`) is remembered for this process."""
    if tier in _refused and work is None:
        return None
    try:
        worker = Worker(tier, work)
    except SandboxError as error:
        _refused[tier] = str(error)
        return None
    try:
        with Exchange(worker, Limits()) as exchange:
            result = exchange.run("print(6 * 7)", "", {}, None)
        if result.stdout != "42\n":
            raise SandboxError(f"a trial run ended with {result.status}: {result.stderr}")
    except SandboxError as error:
        worker.close()
        _refused[tier] = str(error)
        return None
    return worker


def shared_sandbox(backend: str = "embedded", isolation: str = "auto", image: str | None = None) -> Sandbox:
    """The sandbox of these words that this process shares: opened at the first call, closed at exit.

    A forked child opens its own. Raises what `open_sandbox` raises.
    """
    words = backend, isolation, image
    with _shared_lock:
        if words not in _shared:
            workers = max(2, min(4, os.cpu_count() or 2))
            _shared[words] = open_sandbox(backend, isolation, workers, image=image)
        return _shared[words]


def _after_fork() -> None:
    global _shared_lock
    _shared.clear()
    _shared_lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
