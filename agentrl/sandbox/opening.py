"""Choose the strongest isolation that this machine gives, by really starting it, and open the sandbox."""

import os
import sys
import threading

from agentrl.errors import SandboxError
from agentrl.sandbox.exchange import Exchange
from agentrl.sandbox.forkserver import EmbeddedSandbox
from agentrl.sandbox.types import Limits, Sandbox
from agentrl.sandbox.worker import Worker

TIERS = ("namespaces", "lockdown")
_ADVICE = """What to do, one of:
  - allow unprivileged user namespaces: sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu 23.10 and later),
    kernel.unprivileged_userns_clone=1 (older Debian), or user.max_user_namespaces above 0;
  - in a container, start it with --security-opt seccomp=unconfined --security-opt systempaths=unconfined;
  - use Linux 5.13 or later with landlock, on x86-64 or aarch64;
  - isolation="none" runs programs WITHOUT isolation, as you: only for programs that you trust."""

_refused: dict[str, str] = {}
_shared: Sandbox | None = None
_shared_lock = threading.Lock()


def open_sandbox(backend: str = "embedded", isolation: str = "auto", workers: int = 2) -> Sandbox:
    """Open a sandbox with `workers` warm fork servers; about one per core serves well.

    `isolation`: "auto" takes the first of namespaces and lockdown that works here; a name insists on it; "none" is a
    bare fork with resource limits and is never chosen by itself.
    Raises SandboxError that says what this machine lacks, ValueError for an unknown word.
    """
    if backend != "embedded":
        raise ValueError(f"unknown sandbox back-end {backend!r}; there is: 'embedded'")
    if isolation not in ("auto", *TIERS, "none"):
        raise ValueError(f"unknown isolation {isolation!r}; there are: 'auto', 'namespaces', 'lockdown', 'none'")
    if not sys.platform.startswith("linux"):
        raise SandboxError("the embedded sandbox needs Linux: it isolates programs by the kernel's own means")
    for tier in TIERS if isolation == "auto" else (isolation,):
        first = _probe(tier)
        if first is not None:
            return EmbeddedSandbox(tier, workers, first)
    wanted = TIERS if isolation == "auto" else (isolation,)
    lacking = "\n".join(f"  {tier}: {_refused[tier]}" for tier in wanted)
    raise SandboxError(f"This machine cannot isolate programs.\n{lacking}\n{_ADVICE}")


def _probe(tier: str) -> Worker | None:
    """A worker of `tier` that has run a program, or None; a refusal is remembered for this process."""
    if tier in _refused:
        return None
    try:
        worker = Worker(tier, 0)
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


def shared_sandbox() -> Sandbox:
    """The sandbox that this process shares: opened at the first call, closed at exit. A forked child opens its own.

    Raises SandboxError when this machine cannot isolate programs.
    """
    global _shared
    with _shared_lock:
        if _shared is None:
            _shared = open_sandbox(workers=max(2, min(4, os.cpu_count() or 2)))
        return _shared


def _after_fork() -> None:
    global _shared, _shared_lock
    _shared, _shared_lock = None, threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
